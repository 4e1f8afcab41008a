import type { Decoded, Dialect, DialectState, Message } from "../model/contracts.ts";
import type { Observation } from "../model/observation.ts";
import { maxTopicBytes } from "../model/topic.ts";
import { maxPayloadBytes } from "./json.ts";
import { type Request, requestsOf } from "./requests.ts";

export interface NamedDialect {
  readonly type: string;
  readonly dialect: Dialect;
}

export interface DecoderLimits {
  readonly devices: number;
  readonly seriesPerDevice: number;
}

export const defaultLimits: DecoderLimits = {
  devices: 1_000,
  seriesPerDevice: 64,
};

export interface DecoderResult extends Decoded {
  /** Type of the dialect that decoded it. */
  readonly dialect?: string;
  /** Records left out because of a limit, by which one. */
  readonly capped?: readonly string[];
}

/** Decodes the messages of one broker. */
export interface Decoder {
  /** Never throws: what cannot be read has a reason. */
  decode(message: Message): DecoderResult;
  /** Devices heard so far. */
  devices(): readonly string[];
  /** What the dialects would like sent since the last call. */
  requests(): readonly Request[];
}

const maxRemembered = 20_000;
const control = /\p{Cc}/u;

/**
 * Puts the dialects in the order of their rank and gives them their shared memory.
 *
 * @param dialects - any order; the first by rank that claims a topic decodes it
 */
export function createDecoder(
  dialects: readonly NamedDialect[],
  limits: DecoderLimits = defaultLimits,
): Decoder {
  const ordered = [...dialects].sort((a, b) => a.dialect.rank - b.dialect.rank);
  const claimed = new Map<string, NamedDialect | null>();
  const known = new Map<string, Set<string>>();
  const state = createState(ordered, () => claimed.clear());
  const requests = requestsOf(state);

  const claimant = (topic: string): NamedDialect | null => {
    const before = claimed.get(topic);
    if (before !== undefined) return before;
    const found = ordered.find(({ dialect }) => safely(() => dialect.claims(topic, state))) ?? null;
    if (claimed.size >= maxRemembered) claimed.clear();
    claimed.set(topic, found);
    return found;
  };

  /** The first that claims the topic, and as long as one passes it on, the next. */
  const ask = (first: NamedDialect, message: Message): { owner: NamedDialect; decoded: Decoded } => {
    let owner = first;
    let decoded = attempt(owner, message, state);
    if (!decoded.passOn) return { owner, decoded };
    for (const next of ordered.slice(ordered.indexOf(first) + 1)) {
      if (!decoded.passOn) break;
      if (!safely(() => next.dialect.claims(message.topic, state))) continue;
      owner = next;
      decoded = attempt(owner, message, state);
    }
    return { owner, decoded };
  };

  return {
    decode(message) {
      const refused = payloadRefusal(message) ?? (claimed.has(message.topic) ? undefined : refusal(message));
      if (refused) return { records: [], reason: refused };
      const owner = claimant(message.topic);
      if (!owner) return { records: [], reason: "no dialect for this topic" };
      const { owner: teller, decoded } = ask(owner, message);
      const result = limit(decoded.records, known, limits);
      return {
        ...(decoded.reason === undefined ? {} : { reason: decoded.reason }),
        ...result,
        dialect: teller.type,
        ...(result.records.length === 0 && !decoded.reason
          ? { reason: result.capped?.[0] ?? "nothing to read" }
          : {}),
      };
    },
    devices: () => [...known.keys()],
    requests: () => requests.take(),
  };
}

function payloadRefusal({ payload }: Message): string | undefined {
  return payload.length > maxPayloadBytes ? "payload too large" : undefined;
}

/** Of the topic; what passed once is remembered with its dialect. */
function refusal({ topic }: Message): string | undefined {
  if (topic === "" || Buffer.byteLength(topic) > maxTopicBytes) return "topic too long";
  if (control.test(topic) || topic.includes("\ufffd")) return "topic has control characters or is not UTF-8";
  return /[+#]/.test(topic) ? "topic has wildcards" : undefined;
}

/** A dialect must not throw; one that does is contained here and named by its type. */
function attempt(owner: NamedDialect, message: Message, state: DialectState): Decoded {
  try {
    return owner.dialect.decode(message, state);
  } catch {
    // A mistake of ours in one dialect: its message is lost and counted, the topic tree goes on.
    return { records: [], reason: `${owner.type} failed on it` };
  }
}

function safely(ask: () => boolean): boolean {
  try {
    return ask();
  } catch {
    // As above: a dialect that fails claims nothing.
    return false;
  }
}

function createState(ordered: readonly NamedDialect[], learned: () => void): DialectState {
  const parts = new Map<string, unknown>();
  const state: DialectState = {
    of<T>(owner: string, create: () => T): T {
      if (!parts.has(owner)) parts.set(owner, create());
      return parts.get(owner) as T;
    },
    owner(topic, except) {
      const found = ordered.find(
        ({ type, dialect }) =>
          type !== except && !dialect.fallback && safely(() => dialect.claims(topic, state)),
      );
      if (!found) return undefined;
      const device = found.dialect.device?.(topic, state);
      return device === undefined ? { type: found.type } : { type: found.type, device };
    },
    learned,
  };
  return state;
}

/** Keeps devices and series within their limits; a device that is forgotten frees its place. */
function limit(
  records: readonly Observation[],
  known: Map<string, Set<string>>,
  limits: DecoderLimits,
): { records: readonly Observation[]; capped?: readonly string[] } {
  const capped = new Set<string>();
  const kept = records.filter((record) => {
    const problem = overLimit(record, known, limits);
    if (problem) capped.add(problem);
    return problem === undefined;
  });
  return capped.size === 0 ? { records } : { records: kept, capped: [...capped] };
}

function overLimit(
  record: Observation,
  known: Map<string, Set<string>>,
  limits: DecoderLimits,
): string | undefined {
  if (record.record === "forget") {
    if (record.metric === undefined) known.delete(record.device);
    return undefined;
  }
  let series = known.get(record.device);
  if (!series) {
    if (known.size >= limits.devices) return "too many devices";
    series = new Set();
    known.set(record.device, series);
  }
  if (record.record !== "sample") return undefined;
  const key = record.channel === undefined ? record.metric : `${record.metric} ${record.channel}`;
  if (series.has(key)) return undefined;
  if (series.size >= limits.seriesPerDevice) return "too many series of one device";
  series.add(key);
  return undefined;
}
