import t from "tap";
import { client, once, options, refusal, refused, started } from "../helpers/mqtt/embedded.ts";

t.test("a QoS 1 message is acknowledged after its commit, not before", async (t) => {
  let commit: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => {
    commit = resolve;
  });
  let arrived: () => void = () => undefined;
  const here = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { port } = await started(t, async () => {
    arrived();
    await waiting;
  });
  const hall = await client(t, port, "hall");
  let acknowledged = false;
  const done = hall.publishAsync("site/hall/t", "21", { qos: 1 }).then(() => {
    acknowledged = true;
  });
  await here;
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(acknowledged, false, "no PUBACK while the commit is under way");
  commit();
  await done;
  t.equal(acknowledged, true);
});

t.test("a commit that fails closes the connection without PUBACK", async (t) => {
  const { port } = await started(t, async () => {
    throw new Error("the store is away");
  });
  const hall = await client(t, port, "hall");
  let acknowledged = false;
  hall.publish("site/hall/t", "21", { qos: 1 }, (error) => {
    acknowledged = !error;
  });
  await once(hall, "close");
  t.equal(acknowledged, false);
});

t.test("the message carries the name in our record, never the client id", async (t) => {
  const from: string[] = [];
  const { port } = await started(t, async (message) => void from.push(`${message.from} ${message.topic}`));
  const hall = await client(t, port, "hall", { clientId: "attic" });
  await hall.publishAsync("site/hall/t", "21", { qos: 1 });
  t.same(from, ["hall site/hall/t"]);
});

t.test("a wrong password, an unknown name and no credential are refused", async (t) => {
  const { port, broker } = await started(t, async () => undefined);
  for (const settings of [
    options("hall", { password: "attic-secret" }),
    options("nobody"),
    { clientId: "x", reconnectPeriod: 0 },
  ])
    t.match(await refusal(port, settings), { code: 4 });
  t.same(refused(broker, "hall"), { "bad credential": 1 });
});

t.test("a will or a publish outside the own prefix is refused and names the device", async (t) => {
  const got: string[] = [];
  const { port, broker } = await started(t, async (message) => void got.push(message.topic));
  const will = { topic: "site/attic/t", payload: Buffer.from("x"), qos: 1 as const, retain: true };
  t.match(await refusal(port, options("hall", { will })), { code: 5 });
  const hall = await client(t, port, "hall");
  hall.publish("site/attic/t", "99", { qos: 0 });
  hall.publish("$SYS/x", "99", { qos: 0 });
  await hall.publishAsync("site/hall/t", "21", { qos: 1 });
  hall.publish("site/attic/t", "99", { qos: 1, retain: true }, () => undefined);
  await once(hall, "close");
  t.same(got, ["site/hall/t"]);
  t.same(refused(broker, "hall"), { "will topic not allowed": 1, "topic not allowed": 3 });
});

t.test("subscriptions keep to their filters, wildcards and shared ones included", async (t) => {
  const { port } = await started(t, async () => undefined);
  const hall = await client(t, port, "hall");
  for (const filter of ["#", "site/#", "site/+/t", "$SYS/#", "$share/g/site/hall/t", "site/attic/t"]) {
    const error = await hall.subscribeAsync(filter).then(
      () => undefined,
      (e: Error) => e,
    );
    t.ok(error, `${filter} is refused`);
  }
  const granted = await hall.subscribeAsync("site/hall/+");
  t.equal(granted[0]?.qos, 0);
});

t.test("another device with the same client id does not end a session", async (t) => {
  const { port } = await started(t, async () => undefined);
  const hall = await client(t, port, "hall", { clientId: "same" });
  const attic = await client(t, port, "attic", { clientId: "same" });
  await attic.publishAsync("site/attic/t", "1", { qos: 1 });
  await hall.publishAsync("site/hall/t", "1", { qos: 1 });
  t.ok(hall.connected);
});

t.test("a will reaches the pipeline and the readers when a device is lost", async (t) => {
  let arrived: (topic: string) => void = () => undefined;
  const here = new Promise<string>((resolve) => {
    arrived = resolve;
  });
  const { port } = await started(t, async (m) => arrived(`${m.topic} ${Buffer.from(m.payload)}`));
  const wall = await client(t, port, "wall");
  await wall.subscribeAsync("site/#", { qos: 1 });
  const seen = once(wall, "message");
  const will = { topic: "site/hall/status", payload: Buffer.from("offline"), qos: 1 as const, retain: true };
  const hall = await client(t, port, "hall", { will });
  hall.stream.destroy();
  t.equal(await here, "site/hall/status offline");
  t.equal(String((await seen)[1]), "offline");
});

t.test("an MQTT 5 client is told so and named", async (t) => {
  const { port, broker } = await started(t, async () => undefined);
  const error = await refusal(port, options("hall", { protocolVersion: 5 }));
  t.match(error, { code: 0x84 });
  t.match(broker.status().version5, [{ name: "hall-1", address: "127.0.0.1" }]);
});

t.test("a retained message is kept for later readers and for us", async (t) => {
  const { port, broker } = await started(t, async () => undefined);
  const hall = await client(t, port, "hall");
  await hall.publishAsync("site/hall/t", "21", { qos: 1, retain: true });
  const wall = await client(t, port, "wall");
  const seen = once(wall, "message");
  await wall.subscribeAsync("site/#");
  t.equal(String((await seen)[1]), "21");
  t.match(await broker.retained(), [{ topic: "site/hall/t", retained: true }]);
});

t.test("over its budget QoS 0 is dropped and counted, QoS 1 waits and is not lost", async (t) => {
  let seen = 0;
  const { port, broker } = await started(t, async () => void seen++, {
    budget: { perSecond: 200, burst: 10 },
  });
  const hall = await client(t, port, "hall");
  for (let i = 0; i < 50; i++) hall.publish("site/hall/t", `${i}`, { qos: 0 });
  await hall.publishAsync("site/hall/t", "last", { qos: 1 });
  const one = () => broker.status().devices.find((d) => d.name === "hall");
  t.ok((one()?.dropped ?? 0) >= 30, `dropped ${one()?.dropped}`);
  const before = seen;
  await Promise.all(Array.from({ length: 40 }, () => hall.publishAsync("site/hall/t", "x", { qos: 1 })));
  t.equal(seen - before, 40, "every QoS 1 message arrived");
  t.ok((one()?.slowed ?? 0) > 0);
});

t.test("what devices publish while the box still starts waits for it", async (t) => {
  const { port, broker } = await started(t, undefined);
  const hall = await client(t, port, "hall");
  let acknowledged = false;
  const done = hall.publishAsync("site/hall/t", "21", { qos: 1 }).then(() => {
    acknowledged = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(acknowledged, false);
  t.equal(hall.connected, true, "and the connection stays");
  const topics: string[] = [];
  broker.receive(async ({ topic }) => void topics.push(topic));
  await done;
  t.same(topics, ["site/hall/t"]);
});
