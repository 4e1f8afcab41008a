import type { BrokerDevice } from "../broker/credentials.ts";
import { parseCredential } from "../config/credentials.ts";
import { findingsText, type LeftOut, layered, parseDevice, type SnmpCredentials } from "../config/layers.ts";
import { type Parsed, parseWith } from "../config/problems.ts";
import { parseRule } from "../config/rules.ts";
import { asZod, type Config } from "../config/schema.ts";
import type { Log } from "../model/contracts.ts";
import type { DocumentKeeper, DocumentKind, Edit, Settings, StoredDocument } from "../model/documents.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Mapping } from "../model/telemetry.ts";
import type { Seal } from "../state/seal.ts";
import type { Plugins } from "./plugins.ts";

export interface SettingsDeps {
  /** The file's. */
  readonly config: Config;
  readonly plugins: Plugins;
  readonly keeper: DocumentKeeper;
  readonly seal: Seal;
  readonly log: Log;
}

type Body = StoredDocument["body"];

/** The file's configuration with what pages and the API made below it. */
export interface LayeredSettings extends Settings {
  /** What people said of fields; another object after each change. */
  readonly mappings: () => readonly Mapping[];
  /** What is in force now; another object after each change. */
  config(): Config;
  /** Who may sign in at the built-in broker: the file's, and the pages'. */
  brokerDevices(): readonly BrokerDevice[];
  /** SNMP settings by the id of their credential, the pages' ones too. */
  snmpCredentials(): SnmpCredentials;
}

const kindsOfConfig: readonly DocumentKind[] = ["device", "rule", "snmpCredential"];

class Layers implements LayeredSettings {
  readonly #deps: SettingsDeps;
  readonly #listeners = new Set<(kind: DocumentKind) => void>();
  #config: Config | undefined;
  #mappings: readonly Mapping[] | undefined;
  #told = "";

  constructor(deps: SettingsDeps) {
    this.#deps = deps;
  }

  config(): Config {
    this.#config ??= this.#layer();
    return this.#config;
  }

  readonly mappings = (): readonly Mapping[] => {
    this.#mappings ??= this.#deps.keeper.all("mapping").map(({ body }) => body as unknown as Mapping);
    return this.#mappings;
  };

  #layer(): Config {
    const { config, plugins, keeper } = this.#deps;
    const layer = {
      devices: keeper.all("device"),
      rules: keeper.all("rule"),
      credentials: this.snmpCredentials(),
    };
    const { config: whole, leftOut } = layered(config, layer, plugins);
    this.#tell(leftOut);
    return whole;
  }

  #tell(leftOut: readonly LeftOut[]): void {
    const text = leftOut.map(({ document: { kind, id }, why }) => `${kind} ${id}: ${why}`).join("\n");
    if (text !== this.#told && text !== "")
      this.#deps.log.warn("What a page saved no longer fits and is left out", { problems: text });
    this.#told = text;
  }

  snmpCredentials(): SnmpCredentials {
    const { keeper, seal } = this.#deps;
    const found = new Map<string, unknown>(this.#deps.config.discover.snmp);
    for (const { id, body } of keeper.all("snmpCredential")) {
      if (found.has(id)) continue;
      try {
        const parsed = this.#parseSnmpCredential(JSON.parse(seal.open(String(body.sealed))) as Body);
        if (parsed.ok) found.set(id, parsed.value);
      } catch (error) {
        this.#deps.log.warn("A stored SNMP credential cannot be read; enter it again", { id, error });
      }
    }
    return found;
  }

  brokerDevices(): readonly BrokerDevice[] {
    const { config, keeper } = this.#deps;
    const ofPages = keeper.all("credential").flatMap(({ id, body }) => {
      if (this.isInFile("credential", id)) return [];
      const parsed = parseCredential(body);
      if (!parsed.ok) return [];
      const { publish, subscribe, salt, hash } = parsed.value;
      return [{ name: id, password: { salt, hash }, publish, subscribe }];
    });
    return [...config.broker.devices, ...ofPages];
  }

  #parseSnmpCredential(body: Body): Parsed<unknown> {
    const { target } = this.#deps.plugins.collectors.get("snmp") ?? {};
    if (target) return parseWith(asZod(target, "snmp.target"), body, []);
    return { ok: false, findings: [{ path: [], message: "there is no SNMP collector" }] };
  }

  #check(kind: DocumentKind, body: Body): Parsed<unknown> {
    const { plugins } = this.#deps;
    if (kind === "device") return parseDevice(body, plugins, this.snmpCredentials());
    if (kind === "rule") return parseRule(body, plugins.checks, "page", []);
    if (kind === "snmpCredential") return this.#parseSnmpCredential(body);
    if (kind === "mapping") return this.#parseMapping(body);
    return parseCredential(body);
  }

  #parseMapping(body: Body): Parsed<unknown> {
    const { config } = this.#deps.plugins.dialects.get("generic") ?? {};
    if (!config)
      return { ok: false, findings: [{ path: [], message: "there is no dialect for free-form JSON" }] };
    const parsed = parseWith(asZod(config, "generic.config"), { mappings: [body] }, []);
    if (parsed.ok) return parsed;
    return { ok: false, findings: parsed.findings.map((one) => ({ ...one, path: one.path.slice(2) })) };
  }

  documents(kind: DocumentKind): readonly StoredDocument[] {
    return this.#deps.keeper.all(kind);
  }

  document(kind: DocumentKind, id: string): StoredDocument | undefined {
    return this.#deps.keeper.get(kind, id);
  }

  fileIds(kind: DocumentKind): readonly string[] {
    const { config } = this.#deps;
    if (kind === "device") return config.devices.map(({ id }) => id);
    if (kind === "rule") return config.rules.filter(({ origin }) => origin === "file").map(({ id }) => id);
    if (kind === "snmpCredential") return [...config.discover.snmp.keys()];
    return kind === "credential" ? config.broker.devices.map(({ name }) => name) : [];
  }

  isInFile(kind: DocumentKind, id: string): boolean {
    return this.fileIds(kind).includes(id);
  }

  save(kind: DocumentKind, id: string, body: Body, edit: Edit): StoredDocument {
    const checked = this.#check(kind, body);
    if (!checked.ok) throw new ApplianceError("CONFIG_INVALID", findingsText(checked.findings));
    const kept = kind === "snmpCredential" ? this.#sealed(body) : body;
    const saved = this.#deps.keeper.save(kind, id, kept, edit);
    this.#changed(kind);
    return saved;
  }

  /** What may be shown stays readable; the rest is sealed whole. */
  #sealed(body: Body): Body {
    const { version, user } = body;
    return {
      sealed: this.#deps.seal.seal(JSON.stringify(body)),
      ...(version === undefined ? {} : { version }),
      ...(user === undefined ? {} : { user }),
    };
  }

  remove(kind: DocumentKind, id: string, edit: Edit): void {
    this.#deps.keeper.remove(kind, id, edit);
    this.#changed(kind);
  }

  #changed(kind: DocumentKind): void {
    if (kindsOfConfig.includes(kind)) this.#config = undefined;
    if (kind === "mapping") this.#mappings = undefined;
    for (const listener of this.#listeners) listener(kind);
  }

  onChange(listener: (kind: DocumentKind) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** Layers: shipped defaults, then state.db, then the file; each item comes whole from the highest that has it. */
export function createSettings(deps: SettingsDeps): LayeredSettings {
  return new Layers(deps);
}
