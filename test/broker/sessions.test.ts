import path from "node:path";
import t from "tap";
import { BrokerPersistence } from "../../appliance/broker/memory.ts";
import { maxSessions, maxUnusedMs } from "../../appliance/broker/sessions.ts";
import { createStoredMemory } from "../../appliance/broker/stored-memory.ts";
import { systemClock } from "../../appliance/clock.ts";
import { Secret } from "../../appliance/model/secret.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { brokerDevices, client, once, started } from "../helpers/mqtt/embedded.ts";
import { countersInMemory, quietLog } from "../helpers/mqtt/parts.ts";

const nothing = { put: () => undefined, remove: () => undefined };
const filter = (topic = "site/hall/#") => [{ topic, qos: 1 }];

function fresh() {
  const clock = fakeClock();
  const limits: string[] = [];
  const memory = new BrokerPersistence(nothing, (what) => limits.push(what), clock);
  const has = async (id: string) => (await memory.subscriptionsByClient({ id })).length > 0;
  const kept = async (ids: readonly string[]) => {
    const found = await Promise.all(ids.map(has));
    return ids.filter((_, at) => found[at]);
  };
  const queued = async (id: string) => (await memory.outgoingStream({ id }).toArray()).length;
  return { clock, limits, memory, kept, queued };
}

const idsOf = (device: string, count: number) => Array.from({ length: count }, (_, at) => `${device}/${at}`);

t.test("of too many sessions the longest unused goes, with what waits for it", async (t) => {
  const { clock, limits, memory, kept, queued } = fresh();
  const ids = idsOf("hall", maxSessions + 2);
  await memory.addSubscriptions({ id: "wall/1" }, filter());
  for (const id of ids.slice(0, maxSessions)) {
    await memory.addSubscriptions({ id }, filter());
    await clock.advance(1_000);
  }
  for (const brokerCounter of [1, 2, 3])
    await memory.outgoingEnqueueCombi([{ clientId: "hall/1" }], {
      ...{ topic: "t", payload: Buffer.from("1"), brokerId: "b", brokerCounter },
    });
  t.equal(await queued("hall/1"), 3);
  memory.enter("hall/0");
  for (const id of ids.slice(maxSessions)) {
    memory.enter(id);
    await memory.addSubscriptions({ id }, filter());
  }
  const left = ids.filter((id) => id !== "hall/1" && id !== "hall/2");
  t.same(await kept([...ids, "wall/1"]), [...left, "wall/1"], "the connected one and the other device stay");
  t.equal(await queued("hall/1"), 0);
  t.same(limits, ["sessions", "sessions"]);
});

t.test("connected sessions are never dropped; what leaves above the limit is", async (t) => {
  const { memory, kept } = fresh();
  const ids = idsOf("hall", maxSessions + 1);
  for (const id of ids) {
    memory.enter(id);
    await memory.addSubscriptions({ id }, filter());
  }
  t.same(await kept(ids), ids);
  await memory.leave("hall/7");
  t.same(
    await kept(ids),
    ids.filter((id) => id !== "hall/7"),
  );
});

t.test("a session expires when nobody used it for seven days, whatever the clock is set to", async (t) => {
  const { clock, memory, kept } = fresh();
  await memory.keepTidy();
  t.teardown(() => memory.endTidying());
  const ids = ["hall/used", "hall/away", "hall/back"];
  for (const id of ids) await memory.addSubscriptions({ id }, filter());
  memory.enter("hall/used");
  clock.jump(400 * 24 * 3_600_000);
  await clock.advance(maxUnusedMs - 3_600_000);
  t.same(await kept(ids), ids);
  memory.enter("hall/back");
  await memory.leave("hall/back");
  await clock.advance(2 * 3_600_000);
  t.same(await kept(ids), ["hall/used", "hall/back"]);
});

t.test("age and number of sessions count across a restart", async (t) => {
  const file = path.join(t.testdir({}), "broker.db");
  const clock = fakeClock();
  const run = async () => {
    const memory = createStoredMemory({
      ...{ file, clock, log: quietLog(), counters: countersInMemory(), names: () => ["hall"] },
    });
    await memory.open();
    const has = async (id: string) => (await memory.persistence.subscriptionsByClient({ id })).length > 0;
    return { memory, has };
  };
  const first = await run();
  await first.memory.persistence.addSubscriptions({ id: "hall/old" }, filter());
  await clock.advance(60_000);
  await first.memory.persistence.addSubscriptions({ id: "hall/new" }, filter());
  await first.memory.close();
  await clock.advance(maxUnusedMs - 60_000);
  const second = await run();
  t.equal(await second.has("hall/old"), false);
  t.equal(await second.has("hall/new"), true);
  await second.memory.close();
  await clock.advance(60_000);
  const third = await run();
  t.equal(await third.has("hall/new"), false, "the time of use was kept, not begun anew");
  await third.memory.close();
});

t.test("a client with ever new ids leaves no more sessions than allowed", async (t) => {
  const { clock, memory, kept } = fresh();
  const stored = { persistence: memory, open: () => memory.keepTidy(), retain: async () => undefined };
  const { port } = await started(...([t, async () => undefined, {}] as const), {
    ...stored,
    retained: async () => [],
    close: async () => memory.endTidying(),
  });
  const ids = idsOf("hall", maxSessions + 5);
  for (const id of ids) {
    const one = await client(t, port, "hall", { clean: false, clientId: id.slice("hall/".length) });
    await one.subscribeAsync("site/hall/#", { qos: 1 });
    await one.endAsync();
    await clock.advance(1_000);
  }
  t.equal((await kept(ids)).length, maxSessions);
  t.same(await kept(ids.slice(-5)), ids.slice(-5));
});

t.test(
  "revoking a credential drops its sessions and queues at once, on disk too, and no retained message",
  async (t) => {
    const file = path.join(t.testdir({}), "broker.db");
    const names = () => brokerDevices.map(({ name }) => name);
    const deps = { file, clock: systemClock, log: quietLog(), counters: countersInMemory(), names };
    const memory = createStoredMemory(deps);
    const { broker, port } = await started(t, async () => undefined, {}, memory);
    const join = async (name: string, clientId: string) => {
      const one = await client(t, port, name, { clean: false, clientId });
      await one.subscribeAsync(name === "wall" ? "site/#" : "site/attic/#", { qos: 1 });
      return one;
    };
    await (await join("wall", "away")).endAsync();
    await (await join("attic", "away")).endAsync();
    const here = await join("wall", "here");
    const hall = await client(t, port, "hall");
    await hall.publishAsync("site/hall/t", "21", { qos: 1, retain: true });
    const waiting = async (kept = memory) =>
      (await kept.persistence.outgoingStream({ id: "wall/away" }).toArray()).length;
    const kept = async (id: string, of = memory) =>
      (await of.persistence.subscriptionsByClient({ id })).length;
    t.equal(await waiting(), 1);
    const closed = once(here, "close");
    broker.configure(brokerDevices.filter(({ name }) => name !== "wall"));
    await closed;
    t.same([await kept("wall/away"), await kept("wall/here"), await kept("attic/away")], [0, 0, 1]);
    t.equal(await waiting(), 0);
    t.match(await broker.retained(), [{ topic: "site/hall/t" }]);
    await broker.stop();
    const after = createStoredMemory(deps);
    await after.open();
    t.same(
      [await kept("wall/away", after), await kept("wall/here", after), await kept("attic/away", after)],
      [0, 0, 1],
    );
    t.equal(await waiting(after), 0);
    t.match(await after.retained(0), [{ topic: "site/hall/t" }]);
    await after.close();
  },
);

t.test("another password leaves the sessions of a device as they are", async (t) => {
  const { memory, kept } = fresh();
  const stored = { persistence: memory, open: async () => undefined, retain: async () => undefined };
  const { broker } = await started(...([t, async () => undefined, {}] as const), {
    ...stored,
    retained: async () => [],
    close: async () => undefined,
  });
  await memory.addSubscriptions({ id: "hall/1" }, filter());
  broker.configure(brokerDevices.map((one) => ({ ...one, password: new Secret("another") })));
  t.same(await kept(["hall/1"]), ["hall/1"]);
});
