import type { DialectState } from "../model/contracts.ts";
import type { Json } from "./json.ts";
import type { Template } from "./template.ts";

/** What a Home Assistant discovery document says of one state topic. */
export interface Binding {
  /** Topic of the document it comes from, with the component's name behind it. */
  readonly source: string;
  readonly device: string;
  readonly kind: "number" | "boolean" | "availability";
  readonly metric: string;
  readonly unit?: string;
  /** Separates it from others of the same metric on the device. */
  readonly channel: string;
  /** Undefined: of a form that is not read. */
  readonly template: Template | undefined;
  readonly payloadOn: string;
  readonly payloadOff: string;
}

export interface Bindings {
  of(topic: string): readonly Binding[];
  add(topic: string, binding: Binding): void;
  /** Takes away what a document said before. */
  removeSource(source: string): void;
  /** How many bindings of a device have this metric. */
  count(device: string, metric: string): number;
}

const maxTopics = 20_000;
const maxPerTopic = 128;

/** The bindings of one broker, shared by the dialects. */
export function bindingsOf(state: DialectState): Bindings {
  return state.of("bindings", createBindings);
}

function createBindings(): Bindings {
  const byTopic = new Map<string, Binding[]>();
  const topicsOf = new Map<string, Set<string>>();
  const counts = new Map<string, number>();
  const count = ({ device, metric }: Binding, by: number) => {
    const key = `${device} ${metric}`;
    const now = (counts.get(key) ?? 0) + by;
    if (now > 0) counts.set(key, now);
    else counts.delete(key);
  };
  return {
    of: (topic) => byTopic.get(topic) ?? [],
    add(topic, binding) {
      const there = byTopic.get(topic) ?? [];
      if (there.length >= maxPerTopic || (there.length === 0 && byTopic.size >= maxTopics)) return;
      byTopic.set(topic, [...there, binding]);
      const topics = topicsOf.get(binding.source) ?? new Set();
      topicsOf.set(binding.source, topics.add(topic));
      count(binding, 1);
    },
    removeSource(source) {
      for (const topic of topicsOf.get(source) ?? []) {
        const all = byTopic.get(topic) ?? [];
        for (const gone of all.filter((b) => b.source === source)) count(gone, -1);
        const left = all.filter((b) => b.source !== source);
        if (left.length > 0) byTopic.set(topic, left);
        else byTopic.delete(topic);
      }
      topicsOf.delete(source);
    },
    count: (device, metric) => counts.get(`${device} ${metric}`) ?? 0,
  };
}

/** By the document's payloads; a JSON boolean is also met by its word in any case, as Jinja writes `True`. */
export function isOn(
  { payloadOn, payloadOff }: Binding,
  value: string | number | boolean,
): boolean | undefined {
  const text = String(value).trim();
  const same = (wanted: string) =>
    text === wanted || (typeof value === "boolean" && text === wanted.toLowerCase());
  if (same(payloadOn)) return true;
  return same(payloadOff) ? false : undefined;
}

/** Text is a value of its own only where the sensor has no unit. */
export function wordOf(value: Json, unit: string | undefined): string | undefined {
  return typeof value === "string" &&
    unit === undefined &&
    !/^(?:nan|unknown|unavailable|none|inf)$/i.test(value)
    ? value
    : undefined;
}

const maxPrefixes = 64;

/** Below the first level of discovery documents people also publish values of their own making. */
export function isDocumentPrefix(level: string, state: DialectState): boolean {
  return prefixesOf(state).has(level);
}

export function noteDocumentPrefix(topic: string, state: DialectState): void {
  const prefixes = prefixesOf(state);
  const [level] = topic.split("/");
  if (level !== undefined && prefixes.size < maxPrefixes) prefixes.add(level);
}

function prefixesOf(state: DialectState): Set<string> {
  return state.of("document-prefixes", () => new Set(["homeassistant"]));
}
