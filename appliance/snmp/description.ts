import { metricOf } from "../model/metric.ts";
import type { Description, PortDescription } from "../model/observation.ts";
import {
  type DeviceId,
  type DeviceKind,
  type Identity,
  type PortId,
  type Sensor,
  slug,
} from "../model/site.ts";
import type { Channelled } from "./make-plan.ts";
import type { PortPositions } from "./plan.ts";
import { portInterest } from "./port-interest.ts";
import type { Reading } from "./reading.ts";
import { portStates, type Survey } from "./survey.ts";

/** The ports with the states and speeds just read. */
export function portsNow(
  ports: readonly PortDescription[],
  { states }: PortPositions,
  values: Float64Array,
): PortDescription[] {
  const at = (number: number, state: number) => values[states[number * 3 + state] ?? -1] ?? Number.NaN;
  return ports.map((port, number) => {
    const oper = portStates[at(number, 0) - 1];
    const admin = portStates[at(number, 1) - 1];
    const speedBps = at(number, 2);
    return {
      ...port,
      ...(oper ? { operStatus: oper } : {}),
      ...(admin ? { adminStatus: admin } : {}),
      ...(speedBps > 0 ? { speedBps } : {}),
    };
  });
}

const portMembers = [
  "ifName",
  "ifDescr",
  "ifAlias",
  "ifType",
  "mac",
  "mtu",
  "speedBps",
  "adminStatus",
  "operStatus",
] as const satisfies readonly (keyof PortDescription)[];

/**
 * A port without what only its survey needs. Built member by member: an object that a rest pattern makes takes four times
 * the memory, and there is one for every port of every device.
 */
export function portDescription(port: Survey["ports"][number]): PortDescription {
  const made: { -readonly [member in keyof PortDescription]: PortDescription[member] } = {
    ifIndex: port.ifIndex,
  };
  for (const member of portMembers)
    if (port[member] !== undefined) Object.assign(made, { [member]: port[member] });
  return made;
}

/** What is kept of a survey to tell what the device is; the rest of it is large. */
export interface Character {
  readonly identity: Identity;
  readonly kind?: DeviceKind | undefined;
  readonly name?: string | undefined;
  readonly ports: readonly PortDescription[];
  readonly sensors: readonly Sensor[];
}

export function characterOf(found: Survey, channelled: readonly Channelled[]): Character {
  return {
    identity: found.identity,
    kind: found.kind,
    name: found.name,
    ports: found.ports.map(portDescription),
    sensors: sensorsOf(channelled),
  };
}

/** What people see of the sensors: processors are numbered from 1, whatever number the device has for them. */
function sensorsOf(channelled: readonly Channelled[]): Sensor[] {
  let processors = 0;
  return channelled.flatMap((entry) => {
    const { list, description, index } = entry.reading;
    if (list === "ports") return [];
    const sensor = sensorOf(entry);
    if (list !== "processors" || index === "") return [sensor];
    processors++;
    const ending = ` ${index}`;
    if (!description.endsWith(ending)) return [sensor];
    return [{ ...sensor, description: `${description.slice(0, -ending.length)} ${processors}` }];
  });
}

/** A word of a MIB as people write it: `batteryNormal` is "battery normal", `onUPS` is "on UPS". */
export function plainWord(word: string): string {
  return word
    .replace(
      /([a-z0-9])([A-Z])(?=[a-z]|$)/g,
      (_all, end: string, first: string) => `${end} ${first.toLowerCase()}`,
    )
    .replace(/([a-z])([A-Z]{2,})/g, "$1 $2")
    .replaceAll("_", " ");
}

function plainWords(words: NonNullable<Sensor["words"]>): NonNullable<Sensor["words"]> {
  return Object.fromEntries(
    Object.entries(words).map(([number, { text, severity }]) => [
      number,
      { text: plainWord(text), severity },
    ]),
  );
}

/** The memory of a host is told twice: once with what caches take, which programs can have at any time. */
function isMemoryWithCaches({ list, group, description }: Reading, all: readonly Reading[]): boolean {
  return (
    list === "memory" &&
    group === "hrStorage" &&
    /^(physical|real) memory$/i.test(description) &&
    all.some((other) => other.list === "memory" && other.channel === "real")
  );
}

export function describe(
  device: DeviceId,
  character: Character,
  ports: readonly PortDescription[],
): Description {
  const { identity, kind, name, sensors } = character;
  const { vendor, model, version, serial, mac } = identity;
  return {
    record: "describe",
    device,
    ...(name ? { name } : {}),
    ...(kind ? { kind } : {}),
    identity,
    ...(vendor ? { manufacturer: vendor } : {}),
    ...(model ? { model } : {}),
    ...(version ? { firmware: version } : {}),
    ...(serial ? { serial } : {}),
    ...(mac ? { mac } : {}),
    ports,
    sensors,
  };
}

/** Gives every reading its channel: the port's id, else the slug of the row's name, made unique by the row's index. */
export function channelsOf(found: Survey, portIds: readonly PortId[]): Channelled[] {
  const isKept = portInterest(found.ports, found.readings, found.kind);
  const portOf = new Map(
    found.ports.flatMap(({ index }, at) => (isKept(index) ? [[index, portIds[at]] as const] : [])),
  );
  const taken = new Set<string>();
  return found.readings.flatMap((reading) => {
    if (reading.value === undefined || isMemoryWithCaches(reading, found.readings)) return [];
    if (reading.list === "ports") {
      const channel = portOf.get(reading.index);
      return channel === undefined ? [] : [{ reading, channel }];
    }
    for (const channel of candidates(reading.channel, reading.description, reading.index)) {
      const key = `${reading.metric}:${channel ?? ""}`;
      if (taken.has(key)) continue;
      taken.add(key);
      return [{ reading, channel }];
    }
    return [];
  });
}

function candidates(channel: string | undefined, description: string, index: string): (string | undefined)[] {
  const row = index.replaceAll(".", "-");
  if (index === "" && channel === undefined) return [undefined, slug(description)];
  const name = channel ?? description;
  // The file system "/" has no letter to make a name of.
  const base = slug(name) || (name === "/" ? "root" : row);
  return [base, `${base}-${slug(description)}`, `${base}-${row}`, `${base}-${slug(description)}-${row}`].map(
    (text) => text.slice(0, 80),
  );
}

function sensorOf({ reading, channel }: Channelled): Sensor {
  const { metric, description, words, limits, oid } = reading;
  return {
    metric,
    ...(channel === undefined ? {} : { channel }),
    description,
    unit: metricOf(metric)?.unit ?? "",
    ...(words ? { words: plainWords(words) } : {}),
    ...(limits ? { limits } : {}),
    ...(oid === undefined ? {} : { origin: oid }),
  };
}
