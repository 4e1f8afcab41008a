import type { Inventory, StoreDeps } from "../model/contracts.ts";
import type { Series } from "../model/series.ts";
import type { Device } from "../model/site.ts";

type Tags = Readonly<Record<string, string>>;

function given(pairs: Readonly<Record<string, string | number | undefined>>): Tags {
  return Object.fromEntries(
    Object.entries(pairs).flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : [[name, String(value)]],
    ),
  );
}

/** Telegraf's tags (inputs `snmp`, `interface`, `ping`, `mqtt_consumer`), so that existing dashboards find their series. */
function tagsFor(device: Device, series: Series): Tags {
  const port = device.ports.find(({ id }) => id === series.channel);
  const origin = device.sensors.find(
    ({ metric, channel }) => metric === series.metric && channel === series.channel,
  )?.origin;
  const isPing = series.metric.startsWith("ping_");
  return given({
    source: device.address,
    agent_host: device.collectors.includes("snmp") ? device.address : undefined,
    sysName: device.identity.sysName,
    ifName: port?.ifName,
    ifAlias: port?.ifAlias,
    ifDescr: port?.ifDescr,
    ifIndex: port?.ifIndex,
    url: isPing ? (series.channel ?? device.address) : undefined,
    topic: device.source === "mqtt" ? origin : undefined,
  });
}

/** Tags of series in other stores, made anew only when the device changed: the same object meanwhile. */
export function createTags(inventory: Pick<Inventory, "device">): StoreDeps["tagsOf"] {
  const made = new WeakMap<Series, { readonly device: Device; readonly tags: Tags }>();
  const none: Tags = {};
  return (series) => {
    const device = inventory.device(series.device);
    if (!device) return none;
    const known = made.get(series);
    if (known?.device === device) return known.tags;
    const tags = tagsFor(device, series);
    made.set(series, { device, tags });
    return tags;
  };
}
