import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Broker } from "../broker/broker.ts";
import { newPassword } from "../broker/credentials.ts";
import { authorityFile } from "../broker/own-certificate.ts";
import { presets } from "../broker/presets.ts";
import { credentialName, parseCredential } from "../config/credentials.ts";
import type { Config } from "../config/schema.ts";
import type { BrokerDesk, DeviceCredential, WantedCredential } from "../model/credential.ts";
import type { StoredDocument } from "../model/documents.ts";
import { ApplianceError } from "../model/errors.ts";
import { ownAddresses } from "./addresses.ts";
import { tlsFolder } from "./broker.ts";
import type { LayeredSettings } from "./settings.ts";

export interface DeskDeps {
  readonly config: Pick<Config, "broker">;
  readonly settings: LayeredSettings;
  readonly broker: Broker | undefined;
  readonly dataDir: string;
}

const mostCredentials = 1_000;

type Counts = ReturnType<Broker["status"]>["devices"][number];

function ofPage({ id, body, by, atMs }: StoredDocument, counts: Counts | undefined): DeviceCredential[] {
  const parsed = parseCredential(body);
  if (!parsed.ok) return [];
  const { publish, subscribe, preset } = parsed.value;
  return [
    {
      ...{ name: id, origin: "page" as const, publish, subscribe, by, atMs },
      ...(preset === undefined ? {} : { preset }),
      ...countsOf(counts),
    },
  ];
}

function countsOf(counts: Counts | undefined) {
  if (!counts) return {};
  const { connections, messages, refused } = counts;
  return { connections, messages, refused };
}

/** Credentials of the built-in broker: the file's and the pages'. */
export function createDesk({ config, settings, broker, dataDir }: DeskDeps): BrokerDesk {
  const counted = () => new Map((broker?.status().devices ?? []).map((one) => [one.name, one]));
  const list = (): DeviceCredential[] => {
    const counts = counted();
    const ofFile = config.broker.devices.map(({ name, publish, subscribe }) => ({
      ...{ name, origin: "file" as const, publish, subscribe },
      ...countsOf(counts.get(name)),
    }));
    const ofPages = settings
      .documents("credential")
      .filter(({ id }) => !settings.isInFile("credential", id))
      .flatMap((document) => ofPage(document, counts.get(document.id)));
    return [...ofFile, ...ofPages].sort((a, b) => a.name.localeCompare(b.name, "en"));
  };
  return {
    isOn: broker !== undefined,
    entrances: () =>
      (broker?.status().listening ?? []).map(({ address, port, tls, webSocket }) => ({
        protocol: webSocket
          ? tls
            ? ("wss" as const)
            : ("ws" as const)
          : tls
            ? ("mqtts" as const)
            : ("mqtt" as const),
        address,
        port,
      })),
    hosts: () => ownAddresses().filter((address) => !/^(?:127\.|::1$|fe80:)/i.test(address)),
    credentials: list,
    presets,
    create(wanted) {
      const body = bodyOf(wanted, list());
      const { password, kept } = newPassword();
      settings.save("credential", wanted.name, { ...body, ...kept }, { by: wanted.by, version: 0 });
      const credential = list().find(({ name }) => name === wanted.name);
      if (!credential)
        throw new ApplianceError("NOT_FOUND", `The credential "${wanted.name}" is gone again.`);
      return { credential, password };
    },
    revoke(name, by) {
      if (settings.isInFile("credential", name))
        throw new ApplianceError(
          "CONFLICT",
          `"${name}" stands in the configuration file. Take it out of broker.devices there.`,
        );
      const document = settings.document("credential", name);
      if (!document) throw new ApplianceError("NOT_FOUND", `There is no credential "${name}".`);
      settings.remove("credential", name, { by, version: document.version });
    },
    version5: () => broker?.status().version5 ?? [],
    authority: () => authorityOf(dataDir),
  };
}

function authorityOf(dataDir: string): ReturnType<BrokerDesk["authority"]> {
  const file = authorityFile(join(dataDir, tlsFolder));
  if (!existsSync(file)) return undefined;
  const pem = readFileSync(file, "utf8");
  return { pem, fingerprint: new X509Certificate(pem).fingerprint256 };
}

/** Checks what was asked for, and fills in the preset's filters. */
function bodyOf(
  { name, preset = "own", publish, subscribe }: WantedCredential,
  there: readonly DeviceCredential[],
) {
  const named = credentialName.safeParse(name);
  if (!named.success) throw new ApplianceError("CONFIG_INVALID", `name: ${named.error.issues[0]?.message}`);
  if (there.some((one) => one.name === name))
    throw new ApplianceError(
      "CONFLICT",
      `There is already a credential "${name}". Revoke it first, or choose another name.`,
    );
  if (there.length >= mostCredentials)
    throw new ApplianceError(
      "CONFIG_INVALID",
      `There are ${mostCredentials} credentials already; no more fit.`,
    );
  const found = presets.find(({ id }) => id === preset);
  if (!found)
    throw new ApplianceError(
      "CONFIG_INVALID",
      `preset: expected one of ${presets.map(({ id }) => id).join(", ")}, got "${preset.slice(0, 40)}"`,
    );
  return { publish: publish ?? found.publish(name), subscribe: subscribe ?? found.subscribe(name), preset };
}
