import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { folderFor, startAppliance, until } from "../helpers/appliance.ts";
import { readRecording, replayAgent } from "../helpers/snmp/replay.ts";
import { switchFile } from "../helpers/snmp/small-switch.ts";
import { tool } from "../helpers/snmp/traps.ts";

t.setTimeout(60_000);

t.test("a trap stands on the device's page and polls the device", async (t) => {
  const agent = await replayAgent({ recordings: new Map([["office", readRecording(switchFile)]]) });
  t.teardown(() => agent.close());
  const folder = folderFor(t);
  mkdirSync(join(folder, "data/mibs"), { recursive: true });
  writeFileSync(
    join(folder, "data/mibs/broken.mib"),
    "BROKEN-MIB DEFINITIONS ::= BEGIN\n\nx NOTIFICATION-TYPE\n",
  );
  const config = `
version: 1
site: {anchors: []}
devices:
  - {id: switch-1, address: 127.0.0.1, snmp: {port: ${agent.port}, community: office, interval: 10m}}
collect:
  snmp: {neighbours: 1d}
  snmp-trap: {listen: "127.0.0.1:0"}
`;
  const box = await startAppliance(t, { folder, config });
  const lines = () =>
    box
      .output()
      .out.split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as { msg: string; port?: number; problem?: string });
  const port = await until(() => lines().find(({ msg }) => msg === "Listening for traps")?.port);
  t.match(
    lines().find(({ msg }) => msg === "MIB file left out")?.problem,
    /broken\.mib:3: it ends in the middle/,
  );
  const linkDown = ["", "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.2.1.2.2.1.1.2", "i", "2"];
  // The box may still be looking the device over for the first time.
  await until(async () => (await box.ask("/api/v1/devices/switch-1")).text.includes('"p2"') || undefined);
  const before = agent.asked();
  await tool("snmptrap", ["-v", "2c", "-c", "office", `127.0.0.1:${port}`, ...linkDown]);
  const page = await until(async () => {
    const { text } = await box.ask("/devices/switch-1/events");
    return text.includes("linkDown") ? text : undefined;
  });
  t.match(page, /The link of p2 went down/);
  await until(() => agent.asked() > before || undefined);
  t.match((await box.ask("/metrics")).text, /porchlight_traps_taken_total\{[^}]*\} 1\n/);
  t.notMatch((await box.ask("/api/v1/incidents")).text, /linkDown/, "no alert by itself");
});
