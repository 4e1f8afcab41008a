import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { promisify } from "node:util";
import t from "tap";
import { startAgent } from "../../appliance/demo/agent.ts";
import { noFaults } from "../../appliance/demo/faults.ts";
import { mibOf } from "../../appliance/demo/mib.ts";
import { branch, office } from "../../appliance/demo/office.ts";
import { without } from "../helpers/servers.ts";

const run = promisify(execFile);
const nowMs = Date.UTC(2026, 2, 2, 9, 0, 0);

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  return port;
}

t.test("the office has 40 devices of which each has an address of its own", async (t) => {
  t.equal(office.length, 40);
  t.equal(new Set(office.map(({ address }) => address)).size, 40);
  t.ok(
    branch("switch-2").some(({ id }) => id === "ap-meeting"),
    "a branch reaches through a second switch",
  );
});

t.test("the tools of net-snmp read a simulated switch", { skip: without("snmpget") }, async (t) => {
  const device = office.find(({ id }) => id === "switch-1");
  if (!device) throw new Error("no switch 1");
  const faults = noFaults();
  const port = await freeUdpPort();
  let alive = true;
  const agent = await startAgent({
    address: "127.0.0.1",
    port,
    community: "secret",
    objects: mibOf(device, faults, nowMs),
    nowMs: () => nowMs,
    alive: () => alive,
  });
  t.teardown(() => agent.close());
  const ask = async (tool: string, version: string, community: string, ...oids: string[]) => {
    const words = [
      "-v",
      version,
      "-c",
      community,
      "-m",
      "",
      "-Oqvn",
      "-t",
      "0.3",
      "-r",
      "0",
      `127.0.0.1:${port}`,
    ];
    return (await run(tool, [...words, ...oids])).stdout.trim().split("\n");
  };
  t.strictSame(await ask("snmpget", "2c", "secret", "1.3.6.1.2.1.1.5.0"), ['"switch-1"']);
  t.strictSame(await ask("snmpget", "1", "secret", "1.3.6.1.2.1.2.1.0"), ["28"]);
  t.equal((await ask("snmpbulkwalk", "2c", "secret", "1.3.6.1.2.1.31.1.1.1.1")).length, 28);
  t.equal((await ask("snmpwalk", "1", "secret", "1.3.6.1.2.1.2.2.1.8")).length, 28, "version 1 walks end");
  t.match((await ask("snmpget", "2c", "secret", "1.3.6.1.2.1.99.0"))[0], /No Such/);

  const uplinkOf = async () => (await ask("snmpget", "2c", "secret", "1.3.6.1.2.1.2.2.1.8.2"))[0];
  t.equal(await uplinkOf(), "1");
  faults.dead.add("switch-2");
  t.equal(await uplinkOf(), "2", "the port of a dead device is down");

  await t.rejects(
    ask("snmpget", "2c", "wrong", "1.3.6.1.2.1.1.5.0"),
    /Timeout/,
    "a wrong community is not answered",
  );
  alive = false;
  await t.rejects(ask("snmpget", "2c", "secret", "1.3.6.1.2.1.1.5.0"), /Timeout/, "nor is a dead device");
});
