import { isObject, type JsonObject, member, textMember } from "./json.ts";
import { channelOf, type Output, slug } from "./output.ts";
import { isBooleanMetric, toNumber } from "./units.ts";
import { byLastWord } from "./words.ts";

interface HomieProperty {
  datatype?: string;
  unit?: string;
  format?: string;
}

/** What was learned of one device. */
export interface HomieDevice {
  readonly version: 4 | 5;
  /** Node ids; from the description, or from `$nodes`. */
  nodes: Set<string>;
  /** By `node/property`. */
  readonly properties: Map<string, HomieProperty>;
  root?: string;
  parent?: string;
  isAlerting: boolean;
  /** Something that only Homie says was heard. */
  isKnown: boolean;
}

const maxProperties = 512;

export function createHomieDevice(version: 4 | 5): HomieDevice {
  return { version, nodes: new Set(), properties: new Map(), isAlerting: false, isKnown: false };
}

/** Takes a version 5 description in place of what was known. @returns metrics it says it can give */
export function learnDescription(device: HomieDevice, document: JsonObject): string[] {
  device.isKnown = true;
  device.nodes = new Set();
  device.properties.clear();
  const root = textMember(document, "root");
  const parent = textMember(document, "parent");
  if (root !== undefined) device.root = root;
  if (parent !== undefined) device.parent = parent;
  const nodes = member(document, "nodes");
  for (const [node, about] of Object.entries(isObject(nodes) ? nodes : {})) {
    device.nodes.add(node);
    const properties = member(about, "properties");
    for (const [property, facts] of Object.entries(isObject(properties) ? properties : {}))
      if (isObject(facts) && device.properties.size < maxProperties)
        device.properties.set(`${node}/${property}`, propertyOf(facts));
  }
  return [
    ...new Set(
      [...device.properties].map(
        ([path, about]) => metricOf(path.slice(path.indexOf("/") + 1), about).metric,
      ),
    ),
  ].slice(0, 64);
}

function propertyOf(facts: JsonObject): HomieProperty {
  const about: HomieProperty = {};
  for (const key of ["datatype", "unit", "format"] as const) {
    const value = textMember(facts, key);
    if (value !== undefined) about[key] = value;
  }
  return about;
}

/** Takes an attribute of versions 3 and 4: `$nodes`, `<node>/$properties`, `<node>/<property>/$unit`. */
export function learnAttribute(device: HomieDevice, path: readonly string[], text: string): void {
  const [first = "", second = "", third] = path;
  if (first === "$homie") device.isKnown = true;
  else if (first === "$nodes")
    device.nodes = new Set(text.split(",").map((node) => node.replace(/\[\]$/, "").trim()));
  else if (third === "$datatype" || third === "$unit" || third === "$format") {
    const key = `${first}/${second}`;
    if (!device.properties.has(key) && device.properties.size >= maxProperties) return;
    device.properties.set(key, { ...device.properties.get(key), [third.slice(1)]: text });
  }
}

const switches = new Set(["on", "switch", "relay", "power", "enabled", "outlet"]);
const openings = new Set(["window", "door", "contact", "gate", "garage"]);

interface Named {
  readonly metric: string;
  readonly channel?: string;
  /** True stands for closed. */
  readonly inverted?: boolean;
}

function metricOf(property: string, about: HomieProperty | undefined): Named {
  const isBoolean = about?.datatype === "boolean";
  const last = slug(property).split("_").at(-1) ?? "";
  if (isBoolean) {
    const [whenFalse = "", whenTrue = ""] = (about?.format ?? "").toLowerCase().split(",");
    if (whenFalse === "open") return { metric: "open", inverted: true };
    if (whenTrue === "open" || openings.has(last)) return { metric: "open" };
    if (switches.has(last)) return { metric: "state" };
  }
  const known = byLastWord(property);
  return known && isBooleanMetric(known.metric) === isBoolean ? known : { metric: slug(property) };
}

/** Reads the value of a property by its datatype; without a description numbers and `true` or `false` only. */
export function readProperty(
  out: Output,
  key: string,
  device: HomieDevice,
  node: string,
  property: string,
  text: string,
): void {
  const about = device.properties.get(`${node}/${property}`);
  const value = typedValue(text, about);
  if (value === undefined) return;
  const guessed = about ?? (typeof value === "boolean" ? { datatype: "boolean" } : undefined);
  const { metric, channel, inverted } = metricOf(property, guessed);
  const parts = [device.nodes.size === 1 ? undefined : node, channel].filter((part) => part !== undefined);
  out.sample(key, metric, inverted && typeof value === "boolean" ? !value : value, {
    unit: about?.unit === "#" ? undefined : about?.unit,
    channel: parts.length === 0 ? undefined : channelOf(parts.join("_")),
  });
}

function typedValue(text: string, about: HomieProperty | undefined): number | boolean | string | undefined {
  switch (about?.datatype) {
    case "boolean":
      // Exactly these two; anything else is a mistake of the device.
      return text === "true" ? true : text === "false" ? false : undefined;
    case "integer":
    case "float":
    case "percent":
      return toNumber(text);
    case "enum":
    case "string":
      return text;
    case undefined:
      return toNumber(text) ?? (text === "true" ? true : text === "false" ? false : undefined);
    default:
      return undefined;
  }
}

const statistics = new Map([
  ["$stats/uptime", { metric: "uptime", unit: "s" }],
  ["$stats/signal", { metric: "wifi_quality", unit: "%" }],
  ["$stats/battery", { metric: "battery", unit: "%" }],
  ["$stats/cputemp", { metric: "device_temperature", unit: "°C" }],
  ["$stats/supply", { metric: "supply_voltage", unit: "V" }],
]);

/** Statistics of versions 3 and 4. */
export function readStatistics(out: Output, key: string, name: string, text: string): void {
  const found = statistics.get(name);
  if (found) out.sample(key, found.metric, toNumber(text), { unit: found.unit });
}
