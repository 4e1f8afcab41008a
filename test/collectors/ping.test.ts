import { spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { enterNamespace } from "../helpers/namespace.ts";

enterNamespace(import.meta.url);
const { default: t } = await import("tap");
const { collector } = await import("../../appliance/collectors/ping.ts");
const { parseEchoes } = await import("../../appliance/probe/fping.ts");
const { systemClock } = await import("../../appliance/clock.ts");
const { collectorDeps, target } = await import("../helpers/engine.ts");
type Target = import("../../appliance/model/contracts.ts").Target;
type Observation = import("../../appliance/model/observation.ts").Observation;
type DeviceId = import("../../appliance/model/site.ts").DeviceId;

const ip = (...args: string[]) => spawnSync("ip", args);
const { signal } = new AbortController();
const settings = collector.config.parse(undefined);

function pinged(device: string, address: string, more: Partial<Target> = {}): Target {
  return target("ping", address, collector.target.parse(undefined), {
    id: `${device}:ping`,
    device: device as DeviceId,
    intervalMs: 10_000,
    timeoutMs: 200,
    ...more,
  });
}

const answers = (observations: readonly Observation[]) =>
  Object.fromEntries(
    observations.flatMap((one) => (one.record === "availability" ? [[one.device, one.state]] : [])),
  );

const readings = (observations: readonly Observation[]) =>
  observations.flatMap((one) =>
    one.record === "readings"
      ? [Object.fromEntries(one.series.map(({ metric }, at) => [metric, one.values[at]]))]
      : [],
  );

t.before(() => {
  ip("address", "add", "10.9.0.1/32", "dev", "lo");
  ip("address", "add", "10.9.0.2/32", "dev", "lo");
  ip("address", "add", "fd00::9/128", "dev", "lo", "nodad");
});

t.test("many addresses in one process: who answers, loss and times", async (t) => {
  const deps = collectorDeps(systemClock);
  const ping = collector.create(settings, deps);
  t.teardown(() => ping.close());
  const seen = await ping.poll(
    [
      pinged("a", "10.9.0.1"),
      pinged("b", "fd00::9"),
      pinged("gone", "10.9.0.99"),
      pinged("name", "localhost"),
    ],
    { signal },
  );
  t.same(answers(seen), { a: "online", b: "online", gone: "offline", name: "online" });
  t.match(
    seen.find((one) => one.device === "gone"),
    { reason: /timeout|unreachable/, detail: "no answer to 3 echo requests" },
  );
  const [a, , gone] = readings(seen);
  t.equal(a?.ping_loss, 0);
  t.ok(a!.ping_rtt_min! <= a!.ping_rtt_p50! && a!.ping_rtt_p50! <= a!.ping_rtt_max!);
  t.equal(gone?.ping_loss, 100);
  t.ok(Number.isNaN(gone?.ping_rtt));
});

t.test("a device whose address is taken away stops answering, and answers again", async (t) => {
  const ping = collector.create(settings, collectorDeps(systemClock));
  t.teardown(() => ping.close());
  const one = pinged("b", "10.9.0.2");
  const state = async () => answers(await ping.poll([one], { signal })).b;
  t.equal(await state(), "online");
  ip("address", "del", "10.9.0.2/32", "dev", "lo");
  t.equal(await state(), "offline");
  ip("address", "add", "10.9.0.2/32", "dev", "lo");
  t.equal(await state(), "online");
});

t.test("a device with several addresses answers when one does; each has its own series", async (t) => {
  const ping = collector.create(settings, collectorDeps(systemClock));
  t.teardown(() => ping.close());
  const channel = (address: string) => ({
    settings: collector.target.parse({ channel: address }),
    id: `net:ping:${address}`,
  });
  const seen = await ping.poll(
    ["10.9.0.1", "10.9.0.98"].map((address) => pinged("net", address, channel(address))),
    { signal },
  );
  t.equal(seen.filter(({ record }) => record === "availability").length, 1);
  t.same(answers(seen), { net: "online" });
  t.same(
    seen.flatMap((one) => (one.record === "readings" ? [one.series[0]?.id] : [])),
    ["net:ping_loss:10.9.0.1", "net:ping_loss:10.9.0.98"],
  );
});

t.test("an option in the place of an address reaches no command line", async (t) => {
  const ping = collector.create(settings, collectorDeps(systemClock));
  t.teardown(() => ping.close());
  const seen = await ping.poll([pinged("evil", "-f/etc/passwd")], { signal });
  t.match(seen, [{ device: "evil", state: "offline", reason: "names" }]);
  t.equal(seen.length, 1, "and nothing is stored of it");
});

t.test("not allowed to ping: one warning with the remedy, and no device is to blame", async (t) => {
  const program = `${t.testdir()}/fping`;
  writeFileSync(program, '#!/bin/sh\necho "fping: can\'t create socket (must run as root?)" >&2\nexit 4\n');
  chmodSync(program, 0o755);
  const deps = collectorDeps(systemClock, { fping: program });
  const ping = collector.create(settings, deps);
  t.teardown(() => ping.close());
  for (let round = 0; round < 3; round++)
    t.match(await ping.poll([pinged("a", "10.9.0.1")], { signal }), [
      { state: "offline", reason: "permission" },
    ]);
  t.match(deps.lines, [{ level: "warn", fields: { remedy: /CAP_NET_RAW/ } }]);
  t.equal(deps.lines.length, 1);
});

t.test("fping dies: said as a missing tool, then works again", async (t) => {
  const program = `${t.testdir()}/fping`;
  const write = (script: string) => {
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
  };
  const deps = collectorDeps(systemClock, { fping: program });
  const ping = collector.create(settings, deps);
  t.teardown(() => ping.close());
  write("exit 3");
  const seen = await ping.poll([pinged("a", "10.9.0.1")], { signal });
  t.match(seen, [{ record: "availability" }]);
  write('exec fping "$@"');
  t.same(answers(await ping.poll([pinged("a", "10.9.0.1")], { signal })), { a: "online" });
});

t.test("a poll ends when it is cancelled", async (t) => {
  const ping = collector.create(settings, collectorDeps(systemClock));
  t.teardown(() => ping.close());
  const stopping = new AbortController();
  const poll = ping.poll([pinged("gone", "10.9.0.99", { timeoutMs: 60_000 })], { signal: stopping.signal });
  setImmediate(() => stopping.abort(new Error("Stopping.")));
  await t.rejects(poll, { message: "Stopping." });
});

t.test("what fping writes is read line by line; junk is nothing", async (t) => {
  const read = parseEchoes(
    [
      "10.0.0.1 : 0.05 - 0.07",
      "ICMP Host Unreachable from 10.0.0.254 for ICMP Echo sent to 10.0.0.2",
      "10.0.0.2 : - - -",
      "fd00::1   : 1.5",
      "\u0000garbage : x y",
      "",
    ].join("\n"),
  );
  t.same(
    [...read],
    [
      ["10.0.0.1", { rttsMs: [0.05, 0.07], sent: 3, isUnreachable: false }],
      ["10.0.0.2", { rttsMs: [], sent: 3, isUnreachable: true }],
      ["fd00::1", { rttsMs: [1.5], sent: 1, isUnreachable: false }],
    ],
  );
});
