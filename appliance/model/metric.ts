// biome-ignore-all lint/style/noExcessiveLinesPerFile: a table of data is longer than code.

/** A catalogue entry: what a metric means, everywhere, in one unit. */
export interface Metric {
  readonly name: string;
  /** Empty for counts and states. A counter's unit is that of the count; its stored rate is `unit`/s. */
  readonly unit: string;
  readonly kind: "gauge" | "counter" | "state";
  /** As a heading: "Reply time". */
  readonly title: string;
  readonly help: string;
  /** Telegraf's measurement and field, so that existing dashboards work. */
  readonly influx?: {
    readonly measurement: string;
    readonly field: string;
    /** Ours times this is Telegraf's number; 1 when absent. */
    readonly factor?: number;
    /** Telegraf writes whole numbers; counters and states always are. */
    readonly whole?: true;
  };
  /** Base-unit suffix and factor for `/metrics`: `ping_rtt` in ms becomes `ping_rtt_seconds` by 0.001. */
  readonly prometheus?: { readonly suffix: string; readonly factor: number };
  /** Numbers shown after the decimal point. */
  readonly digits?: number;
}

type Entry = Omit<Metric, "name">;

const gauge = (unit: string, title: string, help: string, more: Partial<Entry> = {}): Entry => ({
  unit,
  kind: "gauge",
  title,
  help,
  ...more,
});
const state = (title: string, help: string, more: Partial<Entry> = {}): Entry => ({
  unit: "",
  kind: "state",
  title,
  help,
  ...more,
});
const counter = (unit: string, title: string, help: string, more: Partial<Entry> = {}): Entry => ({
  unit,
  kind: "counter",
  title,
  help,
  ...more,
});
const ifField = (field: string) => ({
  influx: { measurement: "interface", field },
});
const pingField = (field: string) => ({
  influx: { measurement: "ping", field },
});
const seconds = { prometheus: { suffix: "_seconds", factor: 0.001 } };
const ratio = { prometheus: { suffix: "_ratio", factor: 0.01 } };
const bytes = { prometheus: { suffix: "_bytes", factor: 1 } };

const catalogue = {
  // Polling itself
  poll_up: state("Answers", "1 when the device answered the collector named in the channel, else 0."),
  poll_duration: gauge("ms", "Poll duration", "How long one poll took, by collector.", seconds),

  // ping (Telegraf input `ping`)
  ping_rtt: gauge("ms", "Reply time", "Average round trip of a round.", {
    ...seconds,
    ...pingField("average_response_ms"),
    digits: 1,
  }),
  ping_rtt_min: gauge("ms", "Fastest reply", "Smallest round trip of a round.", {
    ...seconds,
    ...pingField("minimum_response_ms"),
    digits: 1,
  }),
  ping_rtt_max: gauge("ms", "Slowest reply", "Largest round trip of a round.", {
    ...seconds,
    ...pingField("maximum_response_ms"),
    digits: 1,
  }),
  ping_jitter: gauge("ms", "Jitter", "Standard deviation of the round trips.", {
    ...seconds,
    ...pingField("standard_deviation_ms"),
    digits: 1,
  }),
  ping_rtt_p10: gauge("ms", "Reply time, 10th percentile", "A tenth of the replies was faster.", {
    ...seconds,
    ...pingField("percentile10_ms"),
    digits: 1,
  }),
  ping_rtt_p25: gauge("ms", "Reply time, 25th percentile", "A quarter of the replies was faster.", {
    ...seconds,
    ...pingField("percentile25_ms"),
    digits: 1,
  }),
  ping_rtt_p50: gauge("ms", "Reply time, median", "Half of the replies was faster.", {
    ...seconds,
    ...pingField("percentile50_ms"),
    digits: 1,
  }),
  ping_rtt_p75: gauge("ms", "Reply time, 75th percentile", "Three quarters of the replies were faster.", {
    ...seconds,
    ...pingField("percentile75_ms"),
    digits: 1,
  }),
  ping_rtt_p90: gauge("ms", "Reply time, 90th percentile", "Nine tenths of the replies were faster.", {
    ...seconds,
    ...pingField("percentile90_ms"),
    digits: 1,
  }),
  ping_loss: gauge("%", "Loss", "Echo requests without a reply.", {
    ...ratio,
    ...pingField("percent_packet_loss"),
    digits: 0,
  }),

  // http, tcp, dns
  http_time: gauge("ms", "Answer time", "From the request to the end of the answer.", {
    ...seconds,
    influx: { measurement: "http_response", field: "response_time", factor: 0.001 },
    digits: 0,
  }),
  http_status: state("HTTP status", "The status code of the answer.", {
    influx: { measurement: "http_response", field: "http_response_code" },
  }),
  certificate_days: gauge("d", "Certificate", "Days until the server's certificate ends.", {
    prometheus: { suffix: "_seconds", factor: 86_400 },
    digits: 0,
  }),
  tcp_time: gauge("ms", "Connect time", "Until the TCP connection stood.", {
    ...seconds,
    influx: { measurement: "net_response", field: "response_time", factor: 0.001 },
    digits: 1,
  }),
  dns_time: gauge("ms", "Lookup time", "Until the name server answered.", {
    ...seconds,
    influx: { measurement: "dns_query", field: "query_time_ms" },
    digits: 1,
  }),

  // Ports (IF-MIB; Telegraf input `snmp`, table `interface`)
  if_in_octets: counter("B", "Received", "Octets received.", {
    ...bytes,
    ...ifField("ifHCInOctets"),
  }),
  if_out_octets: counter("B", "Sent", "Octets sent.", {
    ...bytes,
    ...ifField("ifHCOutOctets"),
  }),
  if_in_packets: counter("", "Packets received", "Unicast packets received.", ifField("ifHCInUcastPkts")),
  if_out_packets: counter("", "Packets sent", "Unicast packets sent.", ifField("ifHCOutUcastPkts")),
  if_in_errors: counter("", "Errors received", "Packets received with errors.", ifField("ifInErrors")),
  if_out_errors: counter(
    "",
    "Errors sent",
    "Packets that could not be sent because of errors.",
    ifField("ifOutErrors"),
  ),
  if_in_discards: counter(
    "",
    "Discards received",
    "Good packets received and thrown away.",
    ifField("ifInDiscards"),
  ),
  if_out_discards: counter(
    "",
    "Discards sent",
    "Good packets thrown away instead of sent.",
    ifField("ifOutDiscards"),
  ),
  if_oper_status: state(
    "Link",
    "1 up, 2 down, 3 testing, 4 unknown, 5 dormant, 6 not present, 7 lower layer down.",
    ifField("ifOperStatus"),
  ),
  if_admin_status: state("Switched", "1 up, 2 down, 3 testing.", ifField("ifAdminStatus")),
  if_speed: gauge("bit/s", "Speed", "The port's speed.", {
    influx: { measurement: "interface", field: "ifHighSpeed", factor: 1e-6, whole: true },
    digits: 0,
  }),

  // Devices and this box
  uptime: gauge("s", "Uptime", "Since the device or its agent started.", {
    prometheus: { suffix: "_seconds", factor: 1 },
    // Telegraf writes sysUpTime as it comes, in hundredths of a second (RFC 3418).
    influx: { measurement: "snmp", field: "uptime", factor: 100, whole: true },
    digits: 0,
  }),
  cpu_used: gauge("%", "Processor", "Share of the processor in use.", {
    ...ratio,
    digits: 0,
  }),
  load_1m: gauge("", "Load", "Processes running or waiting, mean of a minute.", { digits: 2 }),
  memory_used: gauge("%", "Memory", "Share of the physical memory in use.", {
    ...ratio,
    digits: 0,
  }),
  memory_total: gauge("B", "Memory size", "Physical memory.", {
    ...bytes,
    digits: 0,
  }),
  disk_used: gauge("%", "Disk", "Share of the file system in use.", {
    ...ratio,
    digits: 0,
  }),
  disk_total: gauge("B", "Disk size", "Size of the file system.", {
    ...bytes,
    digits: 0,
  }),
  swap_used: gauge("%", "Swap", "Share of the swap space in use.", {
    ...ratio,
    digits: 0,
  }),
  processes: gauge("", "Processes", "Running processes.", { digits: 0 }),
  users: gauge("", "Users", "Signed-in users.", { digits: 0 }),
  clock_synchronised: state("Clock", "1 when the clock follows a time server, else 0."),

  process_memory: gauge("B", "Memory of the monitor", "Resident memory of this program.", {
    ...bytes,
    digits: 0,
  }),
  event_loop_delay: gauge(
    "ms",
    "Delay of the monitor",
    "99th percentile of how late this program's work begins.",
    {
      ...seconds,
      digits: 1,
    },
  ),

  // UPS (RFC 1628)
  ups_source: state("Output source", "1 other, 2 none, 3 mains, 4 bypass, 5 battery, 6 booster, 7 reducer."),
  ups_battery_state: state("Battery state", "1 unknown, 2 normal, 3 low, 4 depleted."),
  battery: gauge("%", "Battery", "Charge of the battery.", {
    ...ratio,
    digits: 0,
  }),
  battery_runtime: gauge("s", "Battery runtime", "How long the battery lasts at this load.", {
    prometheus: { suffix: "_seconds", factor: 1 },
    digits: 0,
  }),
  on_battery: gauge("s", "On battery", "Since when the UPS runs on battery; 0 on mains.", {
    prometheus: { suffix: "_seconds", factor: 1 },
    digits: 0,
  }),
  load: gauge("%", "Load", "Share of the rated output in use.", {
    ...ratio,
    digits: 0,
  }),
  ups_alarms: gauge("", "Alarms", "Alarm conditions present.", { digits: 0 }),

  // Printer-MIB (RFC 3805)
  supply_level: gauge("%", "Supply", "What is left of a toner, ink or other supply.", {
    ...ratio,
    digits: 0,
  }),
  printer_state: state("Printer", "hrPrinterStatus: 1 other, 2 unknown, 3 idle, 4 printing, 5 warming up."),
  pages: counter("", "Pages", "Pages printed in its life."),
  printer_alerts: gauge("", "Printer alerts", "Entries of the alert table that are critical.", { digits: 0 }),

  // Sensors of devices and of MQTT (design: canonical metrics)
  temperature: gauge("°C", "Temperature", "Temperature.", {
    prometheus: { suffix: "_celsius", factor: 1 },
    digits: 1,
  }),
  target_temperature: gauge("°C", "Target temperature", "Temperature that a thermostat aims at.", {
    prometheus: { suffix: "_celsius", factor: 1 },
    digits: 1,
  }),
  device_temperature: gauge("°C", "Device temperature", "Temperature inside the device.", {
    prometheus: { suffix: "_celsius", factor: 1 },
    digits: 1,
  }),
  dew_point: gauge("°C", "Dew point", "Dew point.", {
    prometheus: { suffix: "_celsius", factor: 1 },
    digits: 1,
  }),
  humidity: gauge("%", "Humidity", "Relative humidity.", {
    ...ratio,
    digits: 0,
  }),
  soil_moisture: gauge("%", "Soil moisture", "Moisture of the soil.", {
    ...ratio,
    digits: 0,
  }),
  position: gauge("%", "Position", "How far open a cover is.", {
    ...ratio,
    digits: 0,
  }),
  pressure: gauge("hPa", "Pressure", "Pressure.", {
    prometheus: { suffix: "_pascals", factor: 100 },
    digits: 1,
  }),
  voltage: gauge("V", "Voltage", "Voltage.", {
    prometheus: { suffix: "_volts", factor: 1 },
    digits: 1,
  }),
  battery_voltage: gauge("V", "Battery voltage", "Voltage of the battery.", {
    prometheus: { suffix: "_volts", factor: 1 },
    digits: 2,
  }),
  current: gauge("A", "Current", "Current.", {
    prometheus: { suffix: "_amperes", factor: 1 },
    digits: 2,
  }),
  power: gauge("W", "Power", "Real power.", {
    prometheus: { suffix: "_watts", factor: 1 },
    digits: 1,
  }),
  apparent_power: gauge("VA", "Apparent power", "Apparent power.", {
    digits: 1,
  }),
  reactive_power: gauge("var", "Reactive power", "Reactive power.", {
    digits: 1,
  }),
  power_factor: gauge("", "Power factor", "Real over apparent power, 0 to 1.", {
    digits: 2,
  }),
  frequency: gauge("Hz", "Frequency", "Frequency.", {
    prometheus: { suffix: "_hertz", factor: 1 },
    digits: 1,
  }),
  energy: gauge("kWh", "Energy", "Energy taken, as the device counts it.", {
    prometheus: { suffix: "_joules", factor: 3_600_000 },
    digits: 2,
  }),
  energy_returned: gauge("kWh", "Energy returned", "Energy given back, as the device counts it.", {
    prometheus: { suffix: "_joules", factor: 3_600_000 },
    digits: 2,
  }),
  energy_today: gauge("kWh", "Energy today", "Energy taken since midnight.", {
    prometheus: { suffix: "_joules", factor: 3_600_000 },
    digits: 2,
  }),
  energy_yesterday: gauge("kWh", "Energy yesterday", "Energy taken the day before.", {
    prometheus: { suffix: "_joules", factor: 3_600_000 },
    digits: 2,
  }),
  illuminance: gauge("lx", "Light", "Illuminance.", { digits: 0 }),
  co2: gauge("ppm", "CO₂", "Carbon dioxide.", { digits: 0 }),
  voc: gauge("ppb", "VOC", "Volatile organic compounds.", { digits: 0 }),
  pm1: gauge("µg/m³", "PM1", "Particles up to 1 µm.", { digits: 0 }),
  pm25: gauge("µg/m³", "PM2.5", "Particles up to 2.5 µm.", { digits: 0 }),
  pm10: gauge("µg/m³", "PM10", "Particles up to 10 µm.", { digits: 0 }),
  noise: gauge("dB", "Noise", "Sound level.", { digits: 0 }),
  rssi: gauge("dBm", "Signal", "Received signal strength.", { digits: 0 }),
  snr: gauge("dB", "Signal to noise", "Signal over noise.", { digits: 1 }),
  link_quality: gauge("", "Link quality", "0 to 255, as Zigbee counts it.", {
    digits: 0,
  }),
  speed: gauge("m/s", "Speed", "Speed of what is measured.", { digits: 1 }),
  direction: gauge("°", "Direction", "Compass direction.", { digits: 0 }),
  distance: gauge("m", "Distance", "Distance.", {
    prometheus: { suffix: "_metres", factor: 1 },
    digits: 2,
  }),
  fan_speed: gauge("rpm", "Fan", "Turns a minute.", { digits: 0 }),
  airflow: gauge("cfm", "Airflow", "Air moved.", { digits: 0 }),
  optical_power: gauge("dBm", "Optical power", "Light received or sent by an optical module.", { digits: 1 }),
  percent: gauge("%", "Share", "Anything else counted in percent.", {
    ...ratio,
    digits: 0,
  }),
  count: gauge("", "Count", "Anything counted.", { digits: 0 }),
  sensor_state: state("State", "A number the device gives a meaning to; the sensor's words say which."),

  // Radio links and wireless networks
  wifi_clients: gauge("", "Clients", "Stations signed in to a wireless network.", { digits: 0 }),
  access_points: gauge("", "Access points", "Access points that a controller manages.", { digits: 0 }),
  radio_channel: gauge("", "Channel", "Number of the radio channel.", { digits: 0 }),
  radio_frequency: gauge("MHz", "Radio frequency", "Centre of the radio channel.", { digits: 0 }),
  radio_power: gauge("dBm", "Radio power", "Power sent or received by a radio.", { digits: 0 }),
  radio_used: gauge("%", "Airtime", "Share of the time in which the radio channel is in use.", {
    ...ratio,
    digits: 0,
  }),
  noise_floor: gauge("dBm", "Noise floor", "What the radio hears when nobody sends.", { digits: 0 }),
  ccq: gauge("%", "Link quality", "Quality of a radio link as its maker counts it.", { ...ratio, digits: 0 }),
  rsrp: gauge("dBm", "Signal (RSRP)", "Reference signal received power of a mobile network.", { digits: 0 }),
  rsrq: gauge("dB", "Signal quality (RSRQ)", "Reference signal received quality of a mobile network.", {
    digits: 0,
  }),
  sinr: gauge("dB", "Signal to interference", "Signal over interference and noise of a mobile network.", {
    digits: 0,
  }),
  bit_rate: gauge("bit/s", "Bit rate", "Rate of a radio link.", { digits: 0 }),

  // Booleans: 1 is true
  state: state("Switched on", "A relay or output is on."),
  open: state("Open", "A door or window is open."),
  leak: state("Leak", "Water where none should be."),
  smoke: state("Smoke", "Smoke detected."),
  gas: state("Gas", "Gas detected."),
  motion: state("Motion", "Somebody moves."),
  vibration: state("Vibration", "Something shakes."),
  tamper: state("Tamper", "The device was opened or moved."),
  battery_low: state("Battery low", "The device says that its battery is low."),
  problem: state("Problem", "The device says that it has a problem."),
  input: state("Input", "A contact is closed."),
  external_power: state("External power", "The device runs on external power."),
} satisfies Record<string, Entry>;

export type MetricName = keyof typeof catalogue;

const metrics = new Map<string, Metric>(
  Object.entries(catalogue).map(([name, entry]) => [name, { name, ...entry }]),
);

/** Every catalogue entry, in catalogue order. */
export function allMetrics(): Metric[] {
  return [...metrics.values()];
}

/** The catalogue entry of `name`; undefined for a metric that a device invented. */
export function metricOf(name: string): Metric | undefined {
  return metrics.get(name);
}

/**
 * The name under which a measurement is kept: a catalogue name as it is; any other one slugged, with its unit
 * in brackets when it has one, since two units must never share a series: `flow[l/min]`.
 */
export function metricKey(name: string, unit?: string): string {
  if (metrics.has(name)) return name;
  const clean =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "_")
      .replace(/^_+|_+$/g, "")
      .slice(0, 64) || "value";
  const cleanUnit = unit
    ?.replace(/[[\]:\p{C}]/gu, "")
    .trim()
    .slice(0, 24);
  return cleanUnit ? `${clean}[${cleanUnit}]` : clean;
}
