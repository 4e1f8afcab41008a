import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/* `npm run bench -- NAME [OPTIONS]`: each benchmark prints its figures beside a peer's of the same run. */

const benches: Readonly<Record<string, { readonly file: string; readonly what: string }>> = {
  box: { file: "box.js", what: "the whole box over 200 switches, beside the C library and zabbix-proxy" },
  snmp: { file: "snmp/race.js", what: "the poller alone, beside the C library and npm net-snmp" },
  storage: { file: "storage.js", what: "a week of series, beside InfluxDB" },
  mqtt: {
    file: "mqtt/race.js",
    what: "MQTT ingest, beside mosquitto with npm mqtt and aedes that only count",
  },
};

const [name = "", ...rest] = process.argv.slice(2);
const chosen = benches[name];
if (chosen) {
  const script = fileURLToPath(new URL(chosen.file, import.meta.url));
  process.exitCode = spawnSync(process.execPath, [script, ...rest], { stdio: "inherit" }).status ?? 1;
} else {
  process.stdout.write("npm run bench -- NAME, where NAME is one of:\n");
  for (const [key, { what }] of Object.entries(benches)) process.stdout.write(`  ${key.padEnd(8)} ${what}\n`);
  process.exitCode = 2;
}
