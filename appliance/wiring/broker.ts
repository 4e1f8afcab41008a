import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { type Broker, type BrokerListener, createBroker } from "../broker/broker.ts";
import type { KeyedCertificate } from "../broker/certificate.ts";
import { ownCertificate } from "../broker/own-certificate.ts";
import { createStoredMemory } from "../broker/stored-memory.ts";
import { isHost } from "../config/fields.ts";
import { parseListen } from "../config/listen.ts";
import type { BrokerConfig, Config } from "../config/schema.ts";
import type { Counters, Log } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Clock } from "../model/time.ts";
import { ownAddresses, ownNames } from "./addresses.ts";
import type { LayeredSettings } from "./settings.ts";

/** Folder of the box's own authority and certificate, in the data directory. */
export const tlsFolder = "tls";

export interface BrokerDeps {
  readonly config: Config;
  readonly settings: LayeredSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly dataDir: string;
}

function addressOf(text: string, key: string) {
  const at = parseListen(text);
  if (at?.kind === "tcp") return { port: at.port, ...(at.host === undefined ? {} : { host: at.host }) };
  throw new ApplianceError("CONFIG_INVALID", `${key}: expected HOST:PORT, got "${text}".`);
}

/** The certificate of the files, else the box's own. Throws CONFIG_UNREADABLE, DATA_UNWRITABLE. */
function certificateOf({ tls }: BrokerConfig, { config, clock, dataDir }: BrokerDeps): KeyedCertificate {
  const { certificate, key } = tls ?? {};
  if (certificate !== undefined && key !== undefined)
    try {
      const found = { cert: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
      createSecureContext(found);
      return found;
    } catch (cause) {
      throw new ApplianceError(
        "CONFIG_UNREADABLE",
        `broker.tls: ${cause instanceof Error ? cause.message : String(cause)}. Check both files: PEM, one pair, readable for Porchlight.`,
        { cause },
      );
    }
  const names = ["localhost", "127.0.0.1", "::1", ...ownNames(config), ...ownAddresses()];
  return ownCertificate({
    folder: join(dataDir, tlsFolder),
    names: [...new Set(names)].filter((name) => isHost(name) && !/^fe80:/i.test(name)),
    nowMs: clock.nowMs(),
    site: config.site.id,
  });
}

function listenersOf(broker: BrokerConfig, certificate: () => KeyedCertificate): BrokerListener[] {
  const { listen, tls, websocket } = broker;
  return [
    ...(listen === undefined ? [] : [addressOf(listen, "broker.listen")]),
    ...(tls ? [{ ...addressOf(tls.listen, "broker.tls.listen"), tls: certificate() }] : []),
    ...(websocket
      ? [
          {
            ...addressOf(websocket.listen, "broker.websocket.listen"),
            webSocket: true,
            ...(websocket.security === "tls" ? { tls: certificate() } : {}),
          },
        ]
      : []),
  ];
}

/** The embedded broker as the file wants it, with the devices of file and pages; undefined while it is off. */
export function brokerOf(deps: BrokerDeps): Broker | undefined {
  const { clock, counters, dataDir, settings } = deps;
  const { rate, burst, ...section } = deps.config.broker;
  const { listen, tls, websocket } = section;
  if (listen === undefined && tls === undefined && websocket === undefined) return undefined;
  let made: KeyedCertificate | undefined;
  const certificate = () => {
    made ??= certificateOf(deps.config.broker, deps);
    return made;
  };
  const log = deps.log.part("broker");
  const names = () => settings.brokerDevices().map(({ name }) => name);
  const memory = createStoredMemory({ file: join(dataDir, "broker.db"), clock, log, counters, names });
  const broker = createBroker(
    {
      listen: listenersOf(deps.config.broker, certificate),
      devices: settings.brokerDevices(),
      budget: { perSecond: rate, burst },
    },
    { clock, log, counters, memory },
  );
  settings.onChange((kind) => {
    if (kind === "credential") broker.configure(settings.brokerDevices());
  });
  return broker;
}
