import { metricOf } from "../model/metric.ts";
import type { SensorLimits } from "../model/site.ts";
import { numberOf } from "./decode.ts";
import type { Reading } from "./reading.ts";
import type { RoleRow, Survey } from "./survey.ts";
import { round } from "./value.ts";

/** Class and unit of the inspection by metric; `per` is how many of the metric's unit make one of them. */
interface Shown {
  readonly class: string;
  readonly unit: string;
  readonly per?: number;
}

const shown: Readonly<Record<string, Shown>> = {
  temperature: { class: "temperature", unit: "°C" },
  device_temperature: { class: "temperature", unit: "°C" },
  dew_point: { class: "temperature", unit: "°C" },
  humidity: { class: "humidity", unit: "%" },
  voltage: { class: "voltage", unit: "V" },
  battery_voltage: { class: "voltage", unit: "V" },
  current: { class: "current", unit: "A" },
  power: { class: "power", unit: "W" },
  apparent_power: { class: "power", unit: "VA" },
  energy: { class: "power_consumed", unit: "kWh" },
  power_factor: { class: "power_factor", unit: "" },
  frequency: { class: "frequency", unit: "Hz" },
  load: { class: "load", unit: "%" },
  battery: { class: "charge", unit: "%" },
  battery_runtime: { class: "runtime", unit: "min", per: 60 },
  on_battery: { class: "runtime", unit: "min", per: 60 },
  fan_speed: { class: "fanspeed", unit: "rpm" },
  airflow: { class: "airflow", unit: "cfm" },
  optical_power: { class: "dbm", unit: "dBm" },
  rssi: { class: "signal", unit: "dBm" },
  snr: { class: "snr", unit: "dB" },
  percent: { class: "percent", unit: "%" },
  wifi_clients: { class: "clients", unit: "" },
  access_points: { class: "ap-count", unit: "" },
  radio_channel: { class: "channel", unit: "" },
  radio_frequency: { class: "frequency", unit: "MHz" },
  radio_power: { class: "power", unit: "dBm" },
  radio_used: { class: "utilization", unit: "%" },
  noise_floor: { class: "noise-floor", unit: "dBm" },
  ccq: { class: "ccq", unit: "%" },
  rsrp: { class: "rsrp", unit: "dBm" },
  rsrq: { class: "rsrq", unit: "dB" },
  sinr: { class: "sinr", unit: "dB" },
  bit_rate: { class: "rate", unit: "bit/s" },
  distance: { class: "distance", unit: "km", per: 1_000 },
  pressure: { class: "pressure", unit: "kPa", per: 10 },
};

/** Units that depend on the class alone, where a profile names the class itself. */
const classUnits: Readonly<Record<string, string>> = {
  rate: "bit/s",
  channel: "",
  clients: "",
  "ap-count": "",
  "noise-floor": "dBm",
  rsrp: "dBm",
  rsrq: "dB",
  sinr: "dB",
  ssr: "dB",
  distance: "km",
  delay: "s",
  loss: "%",
};

/** The object of `inspect` for one survey, without target and timing. Shape: `inspection/1`. */
export function inspectionOf(survey: Survey): Record<string, unknown> {
  const { identity } = survey;
  return {
    identity: {
      sysObjectID: identity.sysObjectID,
      sysDescr: identity.sysDescr,
      sysName: identity.sysName,
      vendor: identity.vendor,
      model: identity.model,
      version: identity.version,
      serial: identity.serial,
      kind: survey.kind,
      profile: identity.profile,
    },
    interfaces: survey.ports.map(({ index: _index, mac, ...port }) => ({
      ...port,
      ...(mac ? { mac: colons(mac) } : {}),
    })),
    sensors: survey.readings.flatMap((reading) =>
      reading.list === "sensors" && reading.metric !== "uptime" ? [sensorOf(reading)] : [],
    ),
    wireless: survey.readings.flatMap((reading) => (reading.list === "wireless" ? [sensorOf(reading)] : [])),
    processors: survey.readings.flatMap(({ list, description, value, oid }) =>
      list === "processors" ? [{ description, usagePercent: value, oid }] : [],
    ),
    memory: poolsOf(survey, "memory"),
    storage: poolsOf(survey, "storage"),
    supplies: survey.supplies.map(({ percent, ...supply }) => ({ ...supply, percent: percent ?? null })),
    ...poeOf(survey),
    neighbours: neighboursOf(survey),
    notes: survey.notes,
  };
}

function colons(mac: string): string {
  return mac.replace(/(..)(?=.)/g, "$1:");
}

function poolsOf(survey: Survey, list: "memory" | "storage") {
  return survey.pools.flatMap(({ list: of, ...pool }) => {
    const percent = pool.usedPercent;
    return of === list
      ? [{ ...pool, usedPercent: percent === undefined ? undefined : round(Math.round(percent * 10) / 10) }]
      : [];
  });
}

function sensorOf(reading: Reading): Record<string, unknown> {
  const { metric, description, value, oid } = reading;
  if (metricOf(metric)?.kind === "state") {
    const { text, severity, word } = reading;
    // A device that answers with a word has no raw number.
    return {
      class: reading.class ?? "state",
      description,
      value: word === undefined ? value : null,
      text: text ?? word,
      severity,
      oid,
    };
  }
  const base = shown[metric];
  const per = base?.per ?? 1;
  const className = reading.class ?? base?.class ?? "count";
  const unit =
    reading.class === undefined ? (base?.unit ?? "") : (classUnits[reading.class] ?? base?.unit ?? "");
  const limits = reading.limits ? { limits: scaled(reading.limits, per) } : {};
  return {
    class: className,
    description,
    value: value === undefined ? undefined : round(value / per),
    unit,
    ...limits,
    oid,
  };
}

function scaled(limits: SensorLimits, per: number): SensorLimits {
  return Object.fromEntries(Object.entries(limits).map(([key, value]) => [key, round(value / per)]));
}

/** RFC 3621: pethPsePortDetectionStatus 3 is deliveringPower. */
const delivering = 3;

function poeOf(survey: Survey): Record<string, unknown> {
  const ports = survey.roles.get("poe-ports") ?? [];
  const supplies = survey.roles.get("poe-supplies") ?? [];
  if (ports.length === 0 && supplies.length === 0) return {};
  return {
    poe: {
      ports: ports.length,
      delivering: ports.filter(({ detection }) => detection === delivering).length,
      supplies: supplies.map(({ index, powerW, consumptionW }) => ({
        index: Number(index),
        powerW,
        consumptionW,
      })),
    },
  };
}

function neighboursOf(survey: Survey): Record<string, unknown> {
  const of = (role: string) => survey.roles.get(role) ?? [];
  const lldp = of("lldp");
  const cdp = of("cdp");
  return {
    lldp: lldp.length,
    cdp: cdp.length,
    arp: arpCount(of("arp")),
    fdb: fdbMacs(of("fdb")).size,
    rows: [
      ...lldp.map((row) => neighbourRow("lldp", row, survey)),
      ...cdp.map((row) => neighbourRow("cdp", row, survey)),
    ],
  };
}

/** The newer table is a full copy where both are there. */
function arpCount(rows: readonly RoleRow[]): number {
  const counts = ["new", "old"].map((table) => rows.filter((row) => row.table === table).length);
  return Math.max(...counts);
}

/** Distinct addresses learned or known in both tables of forwarding; the device's own do not count. */
function fdbMacs(rows: readonly RoleRow[]): Set<string> {
  const self = 4;
  const macs = new Set<string>();
  for (const row of rows) {
    if (numberOf(row.status) === self) continue;
    const arcs = row.index.split(".").slice(-6);
    if (arcs.length === 6) macs.add(arcs.join("."));
  }
  return macs;
}

function neighbourRow(protocol: "lldp" | "cdp", row: RoleRow, survey: Survey): Record<string, unknown> {
  const { localPortNum, remoteName, remoteChassis, remotePort, remotePortDescr, remoteDescr } = row;
  return {
    protocol,
    localIfIndex: row.localIfIndex ?? localIfIndex(row, survey),
    localPortNum,
    remoteName,
    remoteChassis,
    remotePort,
    remotePortDescr,
    remoteDescr,
  };
}

/** LLDP numbers ports by itself: the port's own name tells the interface, else the number is most often the ifIndex. */
function localIfIndex(row: RoleRow, survey: Survey): number | undefined {
  const names = [row.localId, row.localDescr].filter((name) => name !== undefined && name !== "").map(String);
  const named = survey.ports.find(({ ifName, ifDescr }) =>
    names.some((name) => name === ifName || name === ifDescr),
  );
  if (named) return named.ifIndex;
  const number = numberOf(row.localPortNum);
  return survey.ports.some(({ ifIndex }) => ifIndex === number) ? number : undefined;
}
