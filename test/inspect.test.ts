import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { systemClock } from "../appliance/clock.ts";
import { runInspect } from "../appliance/inspect.ts";
import { shippedProfiles } from "./helpers/snmp/deps.ts";
import { readRecording, replayAgent } from "./helpers/snmp/replay.ts";
import { switchFile } from "./helpers/snmp/small-switch.ts";
import { startSnmpd } from "./helpers/snmp/snmpd.ts";

async function inspect(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    clock: systemClock,
    profileDirs: [shippedProfiles],
  };
  const code = await runInspect(args, io);
  return { code, out: out.join(""), err: err.join("") };
}

t.test("a device that answers is printed as one JSON object", async (t) => {
  const agent = await replayAgent({ recordings: new Map([["public", readRecording(switchFile)]]) });
  t.teardown(() => agent.close());
  const { code, out, err } = await inspect("--host", "127.0.0.1", "--port", String(agent.port));
  t.equal(code, 0);
  t.equal(err, "");
  const found = JSON.parse(out);
  t.match(found, {
    format: "inspection/1",
    target: { host: "127.0.0.1", port: agent.port },
    identity: { sysName: "sw-1", sysObjectID: "1.3.6.1.4.1.99999.1.1", profile: "generic", kind: "switch" },
    interfaces: [
      {
        ifIndex: 1,
        ifName: "p1",
        ifDescr: "Port 1",
        mac: "02:00:00:00:00:01",
        speedBps: 1e9,
        adminStatus: "up",
        operStatus: "up",
      },
    ],
    sensors: [
      {
        class: "temperature",
        description: "Board",
        value: 41.5,
        unit: "°C",
        oid: "1.3.6.1.2.1.99.1.1.1.4.7",
      },
    ],
  });
  t.equal(found.interfaces.length, 6);
  t.equal(found.interfaces[5].speedBps, 10_000_000_000, "ifHighSpeed where ifSpeed is full");
});

t.test("the same over SNMPv3", async (t) => {
  const agent = await startSnmpd([
    {
      name: "tech",
      auth: { protocol: "SHA-256", key: "authkey-123" },
      priv: { protocol: "AES", key: "privkey-123" },
    },
  ]);
  t.teardown(() => agent.stop());
  const v3 = ["--host", "127.0.0.1", "--port", String(agent.port), "--v3-user", "tech"];
  const { code, out } = await inspect(
    ...v3,
    "--v3-auth",
    "sha256:authkey-123",
    "--v3-priv",
    "aes:privkey-123",
  );
  t.equal(code, 0);
  t.equal(JSON.parse(out).identity.sysName, "bench-box");
  const denied = await inspect(...v3, "--v3-auth", "sha256:another-key", "--v3-priv", "aes:privkey-123");
  t.equal(denied.code, 3);
  t.match(JSON.parse(denied.out), { format: "inspection/1", error: /^auth: / });
});

t.test("no answer is exit code 3 and an object that says so", async (t) => {
  const agent = await replayAgent({ recordings: new Map() });
  t.teardown(() => agent.close());
  const { code, out } = await inspect(
    "--host",
    "127.0.0.1",
    "--port",
    String(agent.port),
    "--timeout",
    "60",
    "--retries",
    "0",
  );
  t.equal(code, 3);
  t.match(JSON.parse(out), { format: "inspection/1", error: /^timeout: / });
});

t.test("wrong usage is exit code 2, with the usage on standard error only", async (t) => {
  const wrong = [
    [],
    ["--host"],
    ["--host", "127.0.0.1", "--port", "x"],
    ["--host", "127.0.0.1", "--version", "4"],
    ["--host", "127.0.0.1", "--what"],
    ["--host", "127.0.0.1", "--v3-user", "a", "--v3-auth", "rot13:12345678"],
    ["--host", "127.0.0.1", "--v3-user", "a", "--v3-priv", "aes:12345678"],
    ["--host", "127.0.0.1", "--timeout", "-1"],
  ];
  for (const args of wrong) {
    const { code, out, err } = await inspect(...args);
    t.equal(code, 2, args.join(" "));
    t.equal(out, "");
    t.match(err, /usage: inspect/);
  }
});

t.test("a batch writes a file for each device", async (t) => {
  const agent = await replayAgent({ recordings: new Map([["public", readRecording(switchFile)]]) });
  t.teardown(() => agent.close());
  const folder = t.testdir({});
  const batch = path.join(folder, "batch.jsonl");
  const line = (id: string, community: string) =>
    JSON.stringify({ id, host: "127.0.0.1", port: agent.port, community, timeout: 60, retries: 0 });
  await writeFile(batch, `${line("a", "public")}\n${line("b", "other")}\n`);
  const { code, out } = await inspect("--batch", batch, "--out", path.join(folder, "out"));
  t.equal(code, 0);
  t.equal(out, "");
  const read = async (id: string) =>
    JSON.parse(await readFile(path.join(folder, "out", `${id}.json`), "utf8"));
  t.equal((await read("a")).identity.sysName, "sw-1");
  t.match((await read("b")).error, /^timeout/);
});
