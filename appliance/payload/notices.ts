import type { Incident } from "../model/alert.ts";
import type { LatestValue } from "../model/contracts.ts";
import { metricOf } from "../model/metric.ts";
import { discoveryObject, type Notices, type OutletWishes, ownPrefix } from "../model/outlet.ts";
import type { Device, State } from "../model/site.ts";
import { cleanText } from "../model/words.ts";

/** What there is to tell, as of now. */
export interface Tidings {
  readonly site: { readonly id: string; readonly name: string };
  readonly version: string;
  readonly headline: { readonly text: string; readonly state: State; readonly sinceMs?: number | undefined };
  readonly incidents: readonly Incident[];
  /** The watched devices; what publishes by MQTT itself is not among them. */
  readonly devices: readonly {
    readonly device: Device;
    readonly state: State;
    readonly sinceMs: number;
    readonly sentence: string;
    readonly latest: readonly LatestValue[];
  }[];
}

/** Readings that people want on a wall or in an automation. */
const mainMetrics = [
  "temperature",
  "humidity",
  "power",
  "battery",
  "ups_charge",
  "ups_load",
  "cpu_used",
  "ping_rtt",
  "ping_loss",
];
/** Home Assistant takes no state of more characters. */
const longestState = 255;

export const statusWords = { online: "online", offline: "offline" } as const;
export const statusTopic = (site: string) => `${ownPrefix}/${site}/status`;

const iso = (ms: number) => new Date(ms).toISOString();
const text = (value: string) => cleanText(value, 200);

const reach: Readonly<Record<State, "yes" | "no" | "None">> = {
  ok: "yes",
  warning: "yes",
  maintenance: "yes",
  down: "no",
  // Home Assistant reads this word as unknown.
  unknown: "None",
  unreachable: "None",
};

/** Everything that a broker is to have of us, retained. Source of the documents: home-assistant.io integrations/mqtt. */
export function noticesOf(tidings: Tidings, wishes: OutletWishes): Notices {
  const { site } = tidings;
  const base = `${ownPrefix}/${site.id}`;
  const notices = new Map<string, string>([[statusTopic(site.id), statusWords.online]]);
  const put = (topic: string, body: unknown) => void notices.set(topic, JSON.stringify(body));
  const { headline } = tidings;
  put(`${base}/headline`, {
    text: cleanText(headline.text, longestState),
    state: headline.state,
    problems: tidings.incidents.length,
    ...(headline.sinceMs === undefined ? {} : { since: iso(headline.sinceMs) }),
  });
  const names = new Map(tidings.devices.map(({ device }) => [device.id, device.name]));
  for (const incident of tidings.incidents)
    put(`${base}/incidents/${incident.id}`, incidentBody(incident, names.get(incident.device)));
  for (const entry of tidings.devices)
    put(`${base}/devices/${entry.device.id}/state`, deviceBody(entry, wishes));
  if (wishes.discovery === "homeassistant") {
    put(`homeassistant/device/${discoveryObject(site.id)}/config`, siteDocument(tidings, base));
    for (const entry of tidings.devices)
      put(
        `homeassistant/device/${discoveryObject(site.id, entry.device.id)}/config`,
        deviceDocument(tidings, entry, base, wishes),
      );
  }
  return notices;
}

function incidentBody(incident: Incident, name: string | undefined) {
  const { id, device, severity, deviceState, summary, startedMs, affected, acknowledged } = incident;
  return {
    id,
    device,
    ...(name === undefined ? {} : { name: text(name) }),
    severity,
    state: deviceState,
    summary: text(summary),
    since: iso(startedMs),
    affected: affected.length,
    ...(acknowledged ? { acknowledgedBy: text(acknowledged.by) } : {}),
  };
}

type Entry = Tidings["devices"][number];

interface Main {
  readonly key: string;
  readonly name: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}

function mainReadings({ latest }: Entry): Main[] {
  const taken = new Set<string>();
  return latest
    .filter(({ series, value }) => mainMetrics.includes(series.metric) && Number.isFinite(value))
    .slice(0, 16)
    .map(({ series: { metric, channel, unit }, value }) => ({
      key: freeKey(`${metric}${channel === undefined ? "" : `_${channel}`}`, taken),
      name: text(`${metric.replaceAll("_", " ")}${channel === undefined ? "" : ` ${channel}`}`),
      metric,
      unit: metricOf(metric)?.unit ?? unit,
      value: Math.round(value * 100) / 100,
    }));
}

/** A member's name that no other reading has: `a b` and `a_b` would be the same. */
function freeKey(wish: string, taken: Set<string>): string {
  const base = wish.replace(/[^a-z0-9_]+/gi, "_");
  let key = base;
  for (let count = 2; taken.has(key); count++) key = `${base}_${count}`;
  taken.add(key);
  return key;
}

function deviceBody(entry: Entry, { sensors }: OutletWishes) {
  const { device, state, sinceMs, sentence } = entry;
  return {
    state,
    reachable: reach[state],
    problem: state === "down" || state === "warning" ? "yes" : reach[state] === "None" ? "None" : "no",
    name: text(device.name),
    ...(device.room === undefined ? {} : { room: text(device.room) }),
    sentence: text(sentence),
    since: iso(sinceMs),
    ...(sensors === "main"
      ? { sensors: Object.fromEntries(mainReadings(entry).map(({ key, value }) => [key, value])) }
      : {}),
  };
}

const origin = (version: string) => ({ name: "Porchlight", sw: version });

function binary(object: string, deviceClass: "connectivity" | "problem", topic: string, field: string) {
  return {
    p: "binary_sensor",
    dev_cla: deviceClass,
    uniq_id: `${object}_${deviceClass}`,
    stat_t: topic,
    val_tpl: `{{ value_json.${field} }}`,
    pl_on: "yes",
    pl_off: "no",
  };
}

function deviceDocument({ site, version }: Tidings, entry: Entry, base: string, { sensors }: OutletWishes) {
  const { device } = entry;
  const object = discoveryObject(site.id, device.id);
  const topic = `${base}/devices/${device.id}/state`;
  const { vendor, model, version: firmware } = device.identity;
  const readings = sensors === "main" ? mainReadings(entry) : [];
  return {
    dev: {
      ids: [object],
      name: text(device.name),
      via_device: discoveryObject(site.id),
      ...(vendor === undefined ? {} : { mf: text(vendor) }),
      ...(model === undefined ? {} : { mdl: text(model) }),
      ...(firmware === undefined ? {} : { sw: text(firmware) }),
      ...(device.room === undefined ? {} : { sa: text(device.room) }),
    },
    o: origin(version),
    avty_t: statusTopic(site.id),
    cmps: {
      connectivity: binary(object, "connectivity", topic, "reachable"),
      problem: binary(object, "problem", topic, "problem"),
      ...Object.fromEntries(
        readings.map(({ key, name, metric, unit }) => [
          key,
          {
            p: "sensor",
            name,
            uniq_id: `${object}_${key}`,
            stat_t: topic,
            val_tpl: `{{ value_json.sensors.${key} }}`,
            stat_cla: "measurement",
            ...(unit === "" ? {} : { unit_of_meas: unit }),
            ...(["temperature", "humidity", "power", "battery"].includes(metric) ? { dev_cla: metric } : {}),
          },
        ]),
      ),
    },
  };
}

function siteDocument({ site, version }: Tidings, base: string) {
  const object = discoveryObject(site.id);
  return {
    dev: { ids: [object], name: text(site.name), mf: "Porchlight" },
    o: origin(version),
    avty_t: statusTopic(site.id),
    cmps: {
      headline: {
        p: "sensor",
        name: "Headline",
        uniq_id: `${object}_headline`,
        stat_t: `${base}/headline`,
        val_tpl: "{{ value_json.text }}",
      },
      problems: {
        p: "sensor",
        name: "Open problems",
        uniq_id: `${object}_problems`,
        stat_t: `${base}/headline`,
        val_tpl: "{{ value_json.problems }}",
        stat_cla: "measurement",
      },
    },
  };
}
