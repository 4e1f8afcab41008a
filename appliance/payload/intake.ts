import type { Counters, DialectDeps, DialectPlugin, Message } from "../model/contracts.ts";
import { metricOf } from "../model/metric.ts";
import type { DeviceRef, Observation, Sample } from "../model/observation.ts";
import { isOwnTopic } from "../model/outlet.ts";
import type { Mapping } from "../model/telemetry.ts";
import { createDecoder, type DecoderResult, type NamedDialect } from "./decoder.ts";
import type { Heard } from "./heard.ts";
import { slug } from "./output.ts";
import type { Request } from "./requests.ts";

/** Messages of one broker in, observations for the pipeline out. */
export interface Intake {
  take(message: Message): readonly Observation[];
  /** What the devices' own protocols want asked, since the last call. */
  requests(): readonly Request[];
}

const nothing: readonly Observation[] = [];
const noMappings: readonly Mapping[] = [];
/** Devices whose place was said; where there come ever more, it is said anew. */
const mostPlaced = 10_000;

/** Makes every dialect with its settings, by type; a dialect without any gets its defaults. */
export function createDialects(
  plugins: ReadonlyMap<string, DialectPlugin>,
  settings: Readonly<Record<string, unknown>>,
  deps: DialectDeps = { mappings: () => noMappings },
): NamedDialect[] {
  return [...plugins.values()].map((plugin) => ({
    type: plugin.type,
    dialect: plugin.create(plugin.config.parse(settings[plugin.type]), deps),
  }));
}

/**
 * Decodes, counts what gave nothing by its reason, and says of each device that is new what it is heard through,
 * or, at the embedded one, that its credential invites it.
 *
 * @param behind - key of the broker as a device; absent for the embedded one, which is this box
 * @param heard - keeps each topic's newest message
 */
export function createIntake(
  dialects: readonly NamedDialect[],
  counters: Counters,
  behind?: DeviceRef,
  heard?: Pick<Heard, "note">,
): Intake {
  const decoder = createDecoder(dialects);
  const placed = new Set<string>();
  const invited = new Set<string>();
  const count = (result: DecoderResult) => {
    if (result.reason) counters.add(`mqtt_no_records_${slug(result.reason)}`);
    for (const reason of result.capped ?? []) counters.add(`mqtt_capped_${slug(reason)}`);
  };
  return {
    requests: () => decoder.requests(),
    take(message) {
      if (isOwnTopic(message.topic)) {
        counters.add("mqtt_own_messages");
        return nothing;
      }
      const result = decoder.decode(message);
      heard?.note(message, result);
      counters.add("mqtt_messages");
      if (result.reason || result.capped) count(result);
      const records = result.records.some(hasOtherUnit) ? result.records.map(withOwnName) : result.records;
      if (behind === undefined) return [...records, ...invitations(message, records, invited)];
      return [...places(records, placed, behind), ...records];
    },
  };
}

function remember(said: Set<string>, device: string): void {
  if (said.size >= mostPlaced) said.clear();
  said.add(device);
}

function places(records: readonly Observation[], placed: Set<string>, behind: DeviceRef): Observation[] {
  const found: Observation[] = [];
  for (const record of records) {
    if (record.record === "forget") placed.delete(record.device);
    else if (!placed.has(record.device)) {
      remember(placed, record.device);
      if (!(record.record === "describe" && record.behind))
        found.push({ record: "describe", device: record.device, behind });
    }
  }
  return found;
}

/**
 * A device that speaks under a credential of its own is one that a person wrote into the file. Its name is a level of
 * its topics then; a bridge speaks for others, which nobody wrote there.
 */
function invitations(
  { topic, from }: Message,
  records: readonly Observation[],
  invited: Set<string>,
): Observation[] {
  const found: Observation[] = [];
  for (const { record, device } of records) {
    if (from === undefined || record === "forget" || invited.has(device)) continue;
    if (!topic.split("/").includes(from)) continue;
    if (records.some((one) => one.record === "describe" && one.device === device && one.behind)) continue;
    remember(invited, device);
    found.push({ record: "describe", device, isInvited: true });
  }
  return found;
}

// A catalogue metric has one unit: a reading in a unit that nobody can convert is kept under a name of its own.
function hasOtherUnit(record: Observation): record is Sample {
  if (record.record !== "sample" || !record.unit) return false;
  const metric = metricOf(record.metric);
  return metric !== undefined && metric.unit !== record.unit;
}

function withOwnName(record: Observation): Observation {
  return hasOtherUnit(record) ? { ...record, metric: `${record.metric}_${slug(record.unit ?? "")}` } : record;
}
