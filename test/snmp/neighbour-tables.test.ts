import t from "tap";
import { systemClock } from "../../appliance/clock.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { connect } from "../../appliance/snmp/connect.ts";
import { Exchange } from "../../appliance/snmp/exchange.ts";
import { readNeighbourTables } from "../../appliance/snmp/neighbour-tables.ts";
import { Walker } from "../../appliance/snmp/walk.ts";
import { counters } from "../helpers/snmp/deps.ts";
import { parseRecording, replayAgent } from "../helpers/snmp/replay.ts";

const lldp = "1.0.8802.1.1.2.1";
const bridge = "1.3.6.1.2.1.17";
const poe = "1.3.6.1.2.1.105.1.1.1";

/** Reads the neighbour tables of an agent that answers these lines. */
async function read(t: Pick<typeof import("tap").default, "teardown">, lines: readonly string[]) {
  const recordings = new Map([["public", parseRecording(lines.join("\n"))]]);
  const agent = await replayAgent({ recordings });
  const exchange = new Exchange({ clock: systemClock, counters: counters() });
  t.teardown(async () => {
    exchange.close();
    await agent.close();
  });
  const connection = await connect(agent.address, { version: "2c", port: agent.port }, exchange);
  const walker = new Walker(connection.reader({ timeoutMs: 500, tries: 2 }), systemClock);
  const tables = await readNeighbourTables(walker, systemClock, deviceId("sw"));
  return { tables, asked: agent.asked() };
}

t.test("a device without any of the tables costs a few questions", async (t) => {
  const { tables, asked } = await read(t, ["1.3.6.1.2.1.1.5.0|4|printer"]);
  t.match(tables, { heard: [], forwarding: [], addresses: [], ports: [], cut: [] });
  t.ok(asked <= 6, `asked ${asked} times`);
});

t.test(
  "LLDP: chassis, ports by name, management address, capabilities; a row for each time mark is one",
  async (t) => {
    const managed = "4.2.1";
    const { tables } = await read(t, [
      `${lldp}.3.1.0|2|4`,
      `${lldp}.3.2.0|4x|0aa000000001`,
      `${lldp}.3.7.1.2.7|2|5`,
      `${lldp}.3.7.1.3.7|4|gi1/0/7`,
      `${lldp}.3.7.1.4.7|4|To the office`,
      `${lldp}.4.1.1.4.0.7.3|2|4`,
      `${lldp}.4.1.1.4.900.7.3|2|4`,
      `${lldp}.4.1.1.5.0.7.3|4x|0aa000000002`,
      `${lldp}.4.1.1.5.900.7.3|4x|0aa000000002`,
      `${lldp}.4.1.1.6.0.7.3|2|3`,
      `${lldp}.4.1.1.6.900.7.3|2|3`,
      `${lldp}.4.1.1.7.0.7.3|4x|0aa000000099`,
      `${lldp}.4.1.1.7.900.7.3|4x|0aa000000099`,
      `${lldp}.4.1.1.9.900.7.3|4|Switch\u0007 2`,
      `${lldp}.4.1.1.12.900.7.3|4x|2800`,
      `${lldp}.${managed}.3.900.7.3.1.4.10.0.0.12|2|2`,
    ]);
    t.strictSame(tables.ownMacs, ["0aa000000001"]);
    t.equal(tables.heard.length, 1);
    t.match(tables.heard[0], {
      via: "lldp",
      local: { number: 7, names: ["gi1/0/7", "To the office"] },
      chassis: { mac: "0aa000000002" },
      port: { mac: "0aa000000099" },
      addresses: ["10.0.0.12"],
      isBridge: true,
    });
    t.equal(tables.heard[0]?.name, "Switch 2", "control characters are gone");
  },
);

t.test("CDP: a phone's name is its address", async (t) => {
  const cache = "1.3.6.1.4.1.9.9.23.1.2.1.1";
  const { tables } = await read(t, [
    `${cache}.4.10.1|4x|0a000014`,
    `${cache}.6.10.1|4|SEP0AA0000000FF`,
    `${cache}.7.10.1|4|Port 1`,
    `${cache}.8.10.1|4|Cisco IP Phone 7821`,
    `${cache}.9.10.1|4x|00000490`,
    `${cache}.6.24.1|4|core.example`,
    `${cache}.9.24.1|4x|00000029`,
  ]);
  t.match(tables.heard, [
    { local: { ifIndex: 10 }, chassis: { mac: "0aa0000000ff" }, addresses: ["10.0.0.20"], isBridge: false },
    { local: { ifIndex: 24 }, chassis: { text: "core.example" }, isBridge: true },
  ]);
});

t.test(
  "forwarding: by bridge port, without own addresses and groups; the table with VLANs comes first",
  async (t) => {
    const learned = `${bridge}.7.1.2.2.1`;
    const { tables } = await read(t, [
      `${bridge}.1.4.1.2.1|2|10001`,
      `${bridge}.1.4.1.2.2|2|10002`,
      `${bridge}.4.3.1.2.10.160.0.0.0.9|2|2`,
      `${learned}.2.1.10.160.0.0.0.1|2|1`,
      `${learned}.2.1.10.160.0.0.0.2|2|2`,
      `${learned}.2.1.10.160.0.0.0.3|2|0`,
      `${learned}.2.1.10.160.0.0.0.4|2|1`,
      `${learned}.2.30.10.160.0.0.0.1|2|1`,
      `${learned}.2.1.1.0.94.0.0.1|2|1`,
      `${learned}.3.1.10.160.0.0.0.1|2|3`,
      `${learned}.3.1.10.160.0.0.0.2|2|3`,
      `${learned}.3.1.10.160.0.0.0.4|2|4`,
    ]);
    t.strictSame(tables.forwarding, [
      { ifIndex: 10_001, mac: "0aa000000001" },
      { ifIndex: 10_002, mac: "0aa000000002" },
    ]);
  },
);

t.test("addresses of both tables", async (t) => {
  const old = await read(t, ["1.3.6.1.2.1.4.22.1.2.5.10.0.0.7|4x|0aa000000007"]);
  t.strictSame(old.tables.addresses, [{ address: "10.0.0.7", mac: "0aa000000007" }]);
  const newer = await read(t, ["1.3.6.1.2.1.4.35.1.4.5.1.4.10.0.0.8|4x|0aa000000008"]);
  t.strictSame(newer.tables.addresses, [{ address: "10.0.0.8", mac: "0aa000000008" }]);
});

t.test("ports: duplex, VLAN, group, power", async (t) => {
  const { tables } = await read(t, [
    "1.3.6.1.2.1.2.2.1.3.1|2|6",
    "1.3.6.1.2.1.2.2.1.3.2|2|6",
    "1.3.6.1.2.1.10.7.2.1.19.1|2|2",
    "1.3.6.1.2.1.10.7.2.1.19.2|2|3",
    `${bridge}.7.1.4.5.1.1.1|66|30`,
    "1.2.840.10006.300.43.1.2.1.1.13.1|2|0",
    "1.2.840.10006.300.43.1.2.1.1.13.2|2|1000",
    `${poe}.3.1.1|2|1`,
    `${poe}.6.1.1|2|3`,
    `${poe}.10.1.1|2|5`,
    `${poe}.3.1.2|2|2`,
    `${poe}.6.1.2|2|1`,
  ]);
  t.strictSame(tables.ports, [
    { ifIndex: 1, duplex: "half", vlan: 30, poe: { status: "delivering", class: 4 } },
    { ifIndex: 2, duplex: "full", aggregate: 1_000, poe: { status: "off" } },
  ]);
});

t.test("power of a stack: the group is in the names of the ports", async (t) => {
  const { tables } = await read(t, [
    "1.3.6.1.2.1.31.1.1.1.1.10105|4|Gi1/0/5",
    "1.3.6.1.2.1.31.1.1.1.1.10205|4|Gi2/0/5",
    `${poe}.6.1.5|2|2`,
    `${poe}.6.2.5|2|3`,
  ]);
  t.strictSame(
    tables.ports.map(({ ifIndex, poe: power }) => [ifIndex, power?.status]),
    [
      [10_105, "searching"],
      [10_205, "delivering"],
    ],
  );
});

t.test("watts, where the maker tells them", async (t) => {
  const cisco = await read(t, [
    "1.3.6.1.2.1.31.1.1.1.1.10105|4|Gi1/0/5",
    `${poe}.6.1.5|2|3`,
    "1.3.6.1.4.1.9.9.402.1.2.1.9.1.5|66|6300",
  ]);
  t.strictSame(cisco.tables.ports, [{ ifIndex: 10_105, poe: { status: "delivering", powerW: 6.3 } }]);
  const mikrotik = await read(t, [
    "1.3.6.1.4.1.14988.1.1.15.1.1.3.4|2|3",
    "1.3.6.1.4.1.14988.1.1.15.1.1.6.4|2|47",
  ]);
  t.strictSame(mikrotik.tables.ports, [{ ifIndex: 4, poe: { status: "delivering", powerW: 4.7 } }]);
});
