import type { Inventory, StoreDeps, Target } from "../model/contracts.ts";
import { metricOf } from "../model/metric.ts";
import type { Series } from "../model/series.ts";
import type { Device, DeviceId } from "../model/site.ts";
import { channelOf } from "../probe/sections.ts";

type Tags = Readonly<Record<string, string>>;
type Texts = Readonly<Record<string, string | number | undefined>>;

export interface TagsDeps {
  readonly inventory: Pick<Inventory, "device"> & {
    readonly topicOf: (device: DeviceId) => string | undefined;
  };
  /** The same list while nothing changed. */
  readonly targets: () => readonly Target[];
}

function given(pairs: Texts): Tags {
  return Object.fromEntries(
    Object.entries(pairs).flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : [[name, String(value)]],
    ),
  );
}

/** What the settings of a target may hold that Telegraf's inputs tag their numbers with. */
interface Asked {
  readonly channel?: string;
  readonly url?: string;
  readonly method?: string;
  readonly host?: string;
  readonly port?: number;
  readonly name?: string;
  readonly record?: string;
}

/** By measurement: what Telegraf's input calls the thing that is asked. */
const askedTags: Readonly<Record<string, (address: string, asked: Asked) => Texts>> = {
  ping: (address) => ({ url: address }),
  http_response: (address, { url, method }) => ({ server: url ?? `http://${address}`, method }),
  net_response: (address, { host, port }) => ({ server: host ?? address, port, protocol: "tcp" }),
  dns_query: (address, { name, record }) => ({ server: address, domain: name, record_type: record }),
};
/** The collector that measures for it. */
const collectorOf: Readonly<Record<string, string>> = {
  ping: "ping",
  http_response: "http",
  net_response: "tcp",
  dns_query: "dns",
};

/** Tags of the target that a series comes from. */
function ofTarget(series: Series, targets: readonly Target[]): Texts {
  const measurement = metricOf(series.metric)?.influx?.measurement ?? "";
  const tagsOf = askedTags[measurement];
  if (!tagsOf) return {};
  const target = targets.find(
    (one) =>
      one.device === series.device &&
      one.type === collectorOf[measurement] &&
      channelOf(one, (one.settings as Asked | undefined)?.channel) === series.channel,
  );
  return target ? tagsOf(target.address, (target.settings ?? {}) as Asked) : {};
}

/** Telegraf's tags (inputs `snmp`, `interface`, `ping`, `mqtt_consumer` and others), so that existing dashboards find their series. */
function tagsFor(
  device: Device,
  series: Series,
  topic: string | undefined,
  targets: readonly Target[],
): Tags {
  const port = device.ports.find(({ id }) => id === series.channel);
  return given({
    source: device.address,
    agent_host: device.collectors.includes("snmp") ? device.address : undefined,
    sysName: device.identity.sysName,
    ifName: port?.ifName,
    ifAlias: port?.ifAlias,
    ifDescr: port?.ifDescr,
    ifIndex: port?.ifIndex,
    topic: device.source === "mqtt" ? topic : undefined,
    ...ofTarget(series, targets),
  });
}

/** Tags of series in other stores, made anew only when the device or what is polled changed: the same object meanwhile. */
export function createTags({ inventory, targets }: TagsDeps): StoreDeps["tagsOf"] {
  const made = new WeakMap<Series, { device: Device; targets: readonly Target[]; tags: Tags }>();
  const none: Tags = {};
  return (series) => {
    const device = inventory.device(series.device);
    if (!device) return none;
    const now = targets();
    const known = made.get(series);
    if (known?.device === device && known.targets === now) return known.tags;
    const tags = tagsFor(device, series, inventory.topicOf(device.id), now);
    made.set(series, { device, targets: now, tags });
    return tags;
  };
}
