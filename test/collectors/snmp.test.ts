import t from "tap";
import { systemClock } from "../../appliance/clock.ts";
import { collector } from "../../appliance/collectors/snmp.ts";
import type { PolledEngine } from "../../appliance/snmp/usm-engine.ts";
import { collectorDeps, target } from "../helpers/snmp/deps.ts";
import { availabilityOf, changed, describeOf, readingsOf, valueAt } from "../helpers/snmp/small-switch.ts";
import { startSnmpd } from "../helpers/snmp/snmpd.ts";
import { watchedSwitch, watching } from "../helpers/snmp/watching.ts";

const { signal } = new AbortController();

t.test("a switch gives its ports, sensors and counters", async (t) => {
  const { made, one } = await watchedSwitch(t);
  const first = await made.poll([one], { signal });
  const readings = readingsOf(first);
  t.equal(valueAt(readings, "if_in_octets:p3"), 1003);
  t.equal(valueAt(readings, "if_oper_status:p2"), 2);
  t.equal(valueAt(readings, "temperature:board"), 41.5);
  t.equal(valueAt(readings, "if_speed:uplink"), 10_000_000_000);
  const wide = readings?.series.findIndex(({ id }) => id === "device-1:if_in_octets:uplink") ?? -1;
  t.equal(readings?.exact?.get(wide), 9223372036854775809n, "a count above 2^53 is exact");
  t.equal(readings?.widths[wide], 64);
  t.equal(readings?.maxRates?.[wide], 1.25e9, "no more than the port can carry");
  t.equal(readings?.uptimeTicks, 100_000);
  const description = describeOf(first);
  t.equal(description?.name, "sw-1");
  t.match(description?.ports?.[5], {
    ifIndex: 6,
    ifName: "uplink",
    ifAlias: "to router",
    mac: "020000000006",
    operStatus: "up",
    speedBps: 1e10,
  });
  t.match(
    description?.sensors?.find(({ metric }) => metric === "temperature"),
    { channel: "board", unit: "°C" },
  );
  t.same(availabilityOf(first)?.state, "online");
  const second = await made.poll([one], { signal });
  t.equal(describeOf(second), undefined, "what has not changed is not said again");
  t.equal(readingsOf(second)?.series, readings?.series, "the layout is the same object");
});

t.test("a poll costs one request a column", async (t) => {
  const { agent, made, one } = await watchedSwitch(t);
  await made.poll([one], { signal });
  const before = agent.asked();
  await made.poll([one], { signal });
  // ifAdminStatus, ifOperStatus, ifInErrors, ifName, ifHCInOctets, ifHighSpeed, ifAlias, and one GET for the rest.
  t.equal(agent.asked() - before, 8);
});

t.test("a port that gets another ifIndex keeps its series", async (t) => {
  const { agent, made, one } = await watchedSwitch(t);
  await made.poll([one], { signal });
  agent.replace(
    "public",
    changed({
      "1.3.6.1.2.1.1.3.0": "67|500",
      "1.3.6.1.2.1.31.1.1.1.1.1": "4|p2",
      "1.3.6.1.2.1.31.1.1.1.1.2": "4|p1",
      "1.3.6.1.2.1.31.1.1.1.6.1": "70|2222",
      "1.3.6.1.2.1.31.1.1.1.6.2": "70|1111",
    }),
  );
  const after = readingsOf(await made.poll([one], { signal }));
  t.equal(valueAt(after, "if_in_octets:p1"), 1111);
  t.equal(valueAt(after, "if_in_octets:p2"), 2222);
  t.equal(after?.uptimeTicks, 500);
});

t.test("names that move without a restart give no wrong values", async (t) => {
  const { agent, made, one } = await watchedSwitch(t);
  await made.poll([one], { signal });
  agent.replace(
    "public",
    changed({ "1.3.6.1.2.1.31.1.1.1.1.1": "4|p2", "1.3.6.1.2.1.31.1.1.1.1.2": "4|p1" }),
  );
  const after = readingsOf(await made.poll([one], { signal }));
  t.equal(after, undefined, "rather no values than those of another port");
});

t.test("ports that vanish leave a gap", async (t) => {
  const { agent, made, one } = await watchedSwitch(t);
  await made.poll([one], { signal });
  agent.replace("public", changed({ "1.3.6.1.2.1.31.1.1.1.6.2": "" }));
  const after = readingsOf(await made.poll([one], { signal }));
  t.ok(Number.isNaN(valueAt(after, "if_in_octets:p2")));
  t.equal(valueAt(after, "if_in_octets:p3"), 1003);
});

t.test("a device that falls silent is a result, and is back with its first answer", async (t) => {
  const { agent, made, one } = await watchedSwitch(t, {
    settings: { retries: 0 },
    target: { timeoutMs: 60 },
  });
  agent.mute(true);
  for (let miss = 1; miss <= 3; miss++) {
    const list = await made.poll([one], { signal });
    t.match(availabilityOf(list), { state: "offline", reason: "timeout", via: "snmp" });
    t.equal(readingsOf(list), undefined);
    t.match(
      list.find((entry) => entry.record === "sample" && entry.metric === "poll_up"),
      { value: false, channel: "snmp" },
    );
  }
  const before = agent.asked();
  await made.poll([one], { signal });
  t.equal(agent.asked() - before, 1, "the dead cost one packet");
  agent.mute(false);
  t.equal(availabilityOf(await made.poll([one], { signal }))?.state, "online");
});

t.test("a poll that is cancelled ends with nothing said", async (t) => {
  const { agent, made, one } = await watchedSwitch(t, { target: { timeoutMs: 60_000 } });
  agent.mute(true);
  const leaving = new AbortController();
  const poll = made.poll([one], { signal: leaving.signal });
  setImmediate(() => leaving.abort());
  t.same(await poll, []);
});

t.test("a v1 agent gives the same", async (t) => {
  const { made, one } = await watchedSwitch(t, {
    replay: { onlyV1: true },
    settings: { version: "1" },
  });
  const readings = readingsOf(await made.poll([one], { signal }));
  t.equal(valueAt(readings, "if_in_errors:uplink"), 4_294_967_295);
  t.equal(valueAt(readings, "temperature:board"), 41.5);
});

t.test("Debian's agent answers v1, v2c and v3 with the same values", async (t) => {
  const agent = await startSnmpd([
    { name: "plain" },
    {
      name: "md5des",
      auth: { protocol: "MD5", key: "authkey-123" },
      priv: { protocol: "DES", key: "privkey-123" },
    },
    {
      name: "shaaes",
      auth: { protocol: "SHA", key: "authkey-123" },
      priv: { protocol: "AES", key: "privkey-123" },
    },
    { name: "sha256", auth: { protocol: "SHA-256", key: "authkey-123" } },
    {
      name: "sha512aes",
      auth: { protocol: "SHA-512", key: "authkey-123" },
      priv: { protocol: "AES", key: "privkey-123" },
    },
  ]);
  t.teardown(() => agent.stop());
  const { made } = watching(t);
  const key = "authkey-123";
  const aes = { protocol: "aes", key: "privkey-123" };
  const ways = {
    v1: { version: "1", community: "public" },
    v2c: { version: "2c", community: "public" },
    "v3 without keys": { user: "plain" },
    "v3 MD5 and DES": {
      user: "md5des",
      auth: { protocol: "md5", key },
      priv: { protocol: "des", key: "privkey-123" },
    },
    "v3 SHA and AES": { user: "shaaes", auth: { protocol: "sha", key }, priv: aes },
    "v3 SHA-256": { user: "sha256", auth: { protocol: "sha256", key } },
    "v3 SHA-512 and AES": { user: "sha512aes", auth: { protocol: "sha512", key }, priv: aes },
  };
  let expected: string[] | undefined;
  for (const [name, way] of Object.entries(ways)) {
    const one = target("127.0.0.1", collector.target.parse({ port: agent.port, ...way }), {
      id: `${name}:snmp`,
    });
    const list = await made.poll([one], { signal });
    t.equal(availabilityOf(list)?.state, "online", name);
    const readings = readingsOf(list);
    expected ??= readings?.series.map(({ id }) => id).sort();
    t.same(readings?.series.map(({ id }) => id).sort(), expected, `${name}: the same series`);
    t.notOk([...(readings?.values ?? [NaN])].some(Number.isNaN), `${name}: all have values`);
  }
  const wrong = collector.target.parse({
    port: agent.port,
    user: "shaaes",
    auth: { protocol: "sha", key: "another-key" },
  });
  t.match(availabilityOf(await made.poll([target("127.0.0.1", wrong, { id: "wrong:snmp" })], { signal })), {
    state: "offline",
    reason: "auth",
  });
});

t.test("engines of signed answers are noted for traps, with the time they have now", async (t) => {
  const agent = await startSnmpd([
    { name: "plain" },
    { name: "signed", auth: { protocol: "SHA-256", key: "authkey-123" } },
  ]);
  t.teardown(() => agent.stop());
  const engines = new Map<string, PolledEngine>();
  const deps = collectorDeps(systemClock, { parts: { engines } });
  const made = collector.create({ ...collector.config.parse(undefined), neighbours: 0 }, deps);
  t.teardown(() => made.close());
  const poll = async (way: object, id: string) => {
    const settings = collector.target.parse({ port: agent.port, ...way });
    return availabilityOf(await made.poll([target("127.0.0.1", settings, { id })], { signal }))?.state;
  };
  t.equal(await poll({ user: "plain" }, "plain:snmp"), "online");
  t.equal(engines.size, 0, "an answer without a signature proves nothing");
  const auth = { protocol: "sha256", key: "authkey-123" };
  t.equal(await poll({ user: "signed", auth }, "signed:snmp"), "online");
  const [[id, polled] = []] = engines;
  t.match(id, /^[0-9a-f]{10,64}$/);
  t.equal(polled?.device, "device-1");
  t.ok((polled?.engine.timeAt(systemClock.monotonicMs()).boots ?? 0) >= 1);
});

t.test("names without an address are a result too", async (t) => {
  const { made } = watching(t);
  const one = target("no-such-host.invalid", collector.target.parse({ community: "public" }));
  t.match(availabilityOf(await made.poll([one], { signal })), { state: "offline", reason: "names" });
});

t.test("settings that cannot work are refused", async (t) => {
  const wrong: [string, unknown][] = [
    ["version 3 without a user", { version: "3" }],
    ["a user with version 2c", { version: "2c", user: "a" }],
    ["priv without auth", { user: "a", priv: { protocol: "aes", key: "12345678" } }],
    ["keys without a user", { auth: { protocol: "sha", key: "12345678" } }],
    ["an unknown protocol", { user: "a", auth: { protocol: "rot13", key: "12345678" } }],
    ["an unknown member", { comunity: "public" }],
  ];
  for (const [name, settings] of wrong) t.throws(() => collector.target.parse(settings), name);
  t.equal(collector.target.parse({ user: "a" }).version, "3");
  t.equal(collector.target.parse(undefined).version, "2c");
});
