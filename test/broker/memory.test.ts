import assert from "node:assert";
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { connect } from "mqtt";
import t from "tap";
import { BrokerPersistence, maxRetained, memoryOnly } from "../../appliance/broker/memory.ts";
import { maxQueued } from "../../appliance/broker/queue-room.ts";
import { createStoredMemory } from "../../appliance/broker/stored-memory.ts";
import { systemClock } from "../../appliance/clock.ts";
import { client, options, started } from "../helpers/mqtt/embedded.ts";
import { countersInMemory, quietLog } from "../helpers/mqtt/parts.ts";

interface AbstractTest {
  readonly assert: typeof assert;
  diagnostic(text: string): void;
  plan(): void;
}
type AbstractSuite = (options: {
  readonly test: (name: string, run: (t: AbstractTest) => Promise<void>) => void;
  readonly persistence: () => BrokerPersistence;
  readonly testAsync: boolean;
}) => void;

const nothing = { put: () => undefined, remove: () => undefined };

t.test("the suite that aedes has for its memories", async (t) => {
  const require = createRequire(import.meta.url);
  const suite = require("aedes-persistence/abstract.js") as AbstractSuite;
  const runs: { readonly name: string; readonly run: (t: AbstractTest) => Promise<void> }[] = [];
  suite({
    test: (name, run) => void runs.push({ name, run }),
    persistence: () => new BrokerPersistence(nothing, () => undefined, systemClock),
    testAsync: true,
  });
  t.ok(runs.length > 30, `${runs.length} tests`);
  for (const { name, run } of runs)
    await t.test(name, async () => {
      await run({ assert, diagnostic: () => undefined, plan: () => undefined });
    });
});

function stored(file: string, counters = countersInMemory()) {
  const memory = createStoredMemory({
    file,
    clock: systemClock,
    log: quietLog(),
    counters,
    names: () => ["hall", "attic", "wall"],
  });
  return { memory, counters };
}

const nobody = async () => undefined;

t.test("retained messages, sessions and what waits for them survive a restart", async (t) => {
  const file = path.join(t.testdir({}), "broker.db");
  const session = { clean: false, clientId: "wall" };
  {
    const { broker, port } = await started(t, nobody, {}, stored(file).memory);
    const wall = await client(t, port, "wall", session);
    await wall.subscribeAsync("site/#", { qos: 1 });
    await wall.endAsync();
    const hall = await client(t, port, "hall");
    await hall.publishAsync("site/hall/t", "21", { qos: 1, retain: true });
    await hall.publishAsync("site/hall/u", "1", { qos: 1, retain: true });
    await hall.publishAsync("site/hall/u", "", { qos: 1, retain: true });
    await hall.publishAsync("site/hall/waiting", "22", { qos: 1 });
    await broker.stop();
  }
  const { broker, port } = await started(t, nobody, {}, stored(file).memory);
  t.match(await broker.retained(), [{ topic: "site/hall/t", retained: true }]);
  const got: string[] = [];
  // Listens before the connection stands: what waits comes with it.
  const wall = connect(`mqtt://127.0.0.1:${port}`, options("wall", session));
  t.teardown(() => wall.endAsync(true));
  const all = new Promise<void>((resolve) =>
    wall.on("message", (topic, message) => {
      got.push(`${topic} ${message}`);
      if (got.length === 5) resolve();
    }),
  );
  await new Promise((resolve) => wall.once("connect", resolve));
  const hall = await client(t, port, "hall");
  await hall.publishAsync("site/hall/new", "23", { qos: 1 });
  await all;
  t.same(got.slice(0, 4), ["site/hall/t 21", "site/hall/u 1", "site/hall/u ", "site/hall/waiting 22"]);
  t.equal(got.at(-1), "site/hall/new 23");
});

t.test("a will that a crash left behind keeps nothing from starting", async (t) => {
  const folder = t.testdir({});
  const file = path.join(folder, "broker.db");
  const { port } = await started(t, nobody, {}, stored(file).memory);
  const will = { topic: "site/hall/status", payload: Buffer.from("offline"), qos: 1 as const, retain: true };
  const hall = await client(t, port, "hall", { will, clean: false, clientId: "hall" });
  // Acknowledged: by now the will is on disk too.
  await hall.publishAsync("site/hall/t", "21", { qos: 1, retain: true });
  const crashed = path.join(folder, "crashed.db");
  for (const ending of ["", "-wal", "-shm"])
    if (existsSync(file + ending)) copyFileSync(file + ending, crashed + ending);
  const again = await started(t, nobody, {}, stored(crashed).memory);
  t.match(await again.broker.retained(), [{ topic: "site/hall/t" }]);
  const next = await client(t, again.port, "hall");
  await next.publishAsync("site/hall/t", "22", { qos: 1 });
});

t.test("sessions of a device that is no more are dropped", async (t) => {
  const file = path.join(t.testdir({}), "broker.db");
  {
    const { broker, port } = await started(t, nobody, {}, stored(file).memory);
    const wall = await client(t, port, "wall", { clean: false, clientId: "wall" });
    await wall.subscribeAsync("site/#", { qos: 1 });
    await wall.endAsync();
    await broker.stop();
  }
  const memory = createStoredMemory({
    file,
    clock: systemClock,
    log: quietLog(),
    counters: countersInMemory(),
    names: () => ["hall"],
  });
  await memory.open();
  t.same(await memory.persistence.subscriptionsByClient({ id: "wall/wall" }), []);
  await memory.close();
});

t.test("a damaged database is set aside and a new one begun", async (t) => {
  const file = path.join(t.testdir({}), "broker.db");
  writeFileSync(file, "this is no database ".repeat(500));
  const { memory } = stored(file);
  await memory.open();
  await memory.retain("a/b", Buffer.from("1"), 1);
  await memory.close();
  const again = stored(file).memory;
  await again.open();
  t.match(await again.retained(0), [{ topic: "a/b" }]);
  await again.close();
});

t.test("a directory that cannot be written is refused with a code", async (t) => {
  await t.rejects(stored("/proc/nowhere/broker.db").memory.open(), { code: "DATA_UNWRITABLE" });
});

t.test("a retained message is on disk when it is acknowledged", async (t) => {
  const file = path.join(t.testdir({}), "broker.db");
  const { port } = await started(t, nobody, {}, stored(file).memory);
  const hall = await client(t, port, "hall");
  await hall.publishAsync("site/hall/t", "5", { qos: 1, retain: true });
  // A second reader of the same file sees what is committed.
  const other = stored(file).memory;
  await other.open();
  t.match(await other.retained(0), [{ topic: "site/hall/t" }]);
  await other.close();
});

t.test("limits: retained topics and what waits for one session", async (t) => {
  const limits: string[] = [];
  const memory = new BrokerPersistence(nothing, (what) => limits.push(what), systemClock);
  for (let i = 0; i <= maxRetained; i++)
    await memory.storeRetained({ topic: `t/${i}`, payload: Buffer.from("1"), retain: true });
  for (let i = 0; i <= maxQueued; i++)
    await memory.outgoingEnqueueCombi([{ clientId: "wall/1" }], {
      topic: "t",
      payload: Buffer.from("1"),
      brokerId: "b",
      brokerCounter: i,
    });
  t.same(limits, ["retained", "queue"]);
});

t.test("a packet with many filters is written down once", async (t) => {
  let written = 0;
  const memory = new BrokerPersistence(
    { put: ({ kind }) => void (kind === "subscriptions" && written++), remove: () => undefined },
    () => undefined,
    systemClock,
  );
  const { port } = await started(t, nobody, {}, { ...memoryOnly(systemClock), persistence: memory });
  const hall = await client(t, port, "hall", { clean: false });
  const filters = Array.from({ length: 200 }, (_, at) => `site/hall/${at}`);
  await hall.subscribeAsync(filters, { qos: 1 });
  t.equal((await memory.subscriptionsByClient({ id: "hall/hall-1" })).length, 200);
  t.equal(written, 1);
});

t.test("limits: octets that wait for all sessions of a device, and for nobody else's", async (t) => {
  const limits: string[] = [];
  const memory = new BrokerPersistence(nothing, (what) => limits.push(what), systemClock);
  const payload = Buffer.alloc(1024 * 1024);
  const sessions = Array.from({ length: 10 }, (_, at) => ({ clientId: `hall/${at}` }));
  const send = (brokerCounter: number) =>
    memory.outgoingEnqueueCombi([...sessions, { clientId: "wall/1" }], {
      ...{ topic: "t", payload, brokerId: "b", brokerCounter, messageId: brokerCounter },
    });
  await send(1);
  t.same(limits, []);
  await send(2);
  t.equal(limits.length, 5, "15 copies and their heads fit in 16 MiB");
  for (const { clientId: id } of sessions) {
    await memory.outgoingUpdate({ id }, { brokerId: "b", brokerCounter: 1, messageId: 1 });
    await memory.outgoingClearMessageId({ id }, { messageId: 1 });
  }
  await send(3);
  t.equal(limits.length, 5, "what was taken makes room");
});
