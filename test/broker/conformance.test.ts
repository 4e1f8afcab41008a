/* biome-ignore-all lint/style/noExcessiveLinesPerFile: the behaviours of one standard, one after the other. */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import t, { type Test } from "tap";
import { Secret } from "../../appliance/model/secret.ts";
import { connectPacket, packet, raw, started, text } from "../helpers/mqtt/embedded.ts";

/*
 * The behaviours of MQTT 3.1.1 in the manner of Eclipse Paho's interoperability tests, each by its clause. One test is
 * one line of the table that the last one prints.
 */
const results: string[] = [];

const devices = [
  { name: "a", password: new Secret("a-secret"), publish: ["#"], subscribe: ["#"] },
  { name: "b", password: new Secret("b-secret"), publish: ["#"], subscribe: ["#"] },
];
const budget = { perSecond: 1e6, burst: 1e6 };

interface Got {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly qos: number;
  readonly dup: boolean;
}

interface Client {
  readonly client: MqttClient;
  readonly got: Got[];
  /** Waits until so many messages have come. */
  count(wanted: number): Promise<void>;
}

function behaviour(name: string, clause: string, run: (t: Test, port: number) => Promise<void>) {
  t.test(`${clause} ${name}`, async (t) => {
    const { port } = await started(t, async () => undefined, { devices, budget });
    await run(t, port);
    results.push(`${t.passing() ? "pass" : "FAIL"}  ${clause.padEnd(10)} ${name}`);
  });
}

async function join(t: Test, port: number, name: "a" | "b", more: IClientOptions = {}): Promise<Client> {
  const got: Got[] = [];
  const waiting = new Set<() => void>();
  const options = { username: name, password: `${name}-secret`, clientId: name, reconnectPeriod: 0, ...more };
  // Listens before the session's messages come.
  const client = await new Promise<MqttClient>((resolve, reject) => {
    connectAsync(`mqtt://127.0.0.1:${port}`, { ...options, manualConnect: false }, false).then(
      resolve,
      reject,
    );
  });
  client.on("error", () => undefined);
  client.on("message", (topic, payload, { retain, qos, dup }) => {
    got.push({ topic, payload: payload.toString(), retain, qos, dup });
    for (const look of [...waiting]) look();
  });
  t.teardown(() => client.endAsync(true));
  const count = (wanted: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (got.length < wanted) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { client, got, count };
}

/** Sends each packet when the one before was answered, then leaves. @returns all answers */
async function dialog(port: number, ...packets: Buffer[]): Promise<Buffer> {
  const socket = connectTcp({ port, host: "127.0.0.1" });
  const got: Buffer[] = [];
  for (const one of packets) {
    socket.write(one);
    const [answer] = (await once(socket, "data")) as [Buffer];
    got.push(answer);
  }
  socket.end(packet(0xe0));
  await once(socket, "close");
  return Buffer.concat(got);
}

const briefly = () => new Promise((resolve) => setTimeout(resolve, 100));
const payloads = ({ got }: Client) => got.map(({ topic, payload }) => `${topic} ${payload}`);

behaviour("basic: QoS 0, 1 and 2 arrive once each", "4.3", async (t, port) => {
  const [a, b] = [await join(t, port, "a"), await join(t, port, "b")];
  await b.client.subscribeAsync("x/#", { qos: 2 });
  for (const qos of [0, 1, 2] as const) await a.client.publishAsync("x/1", `${qos}`, { qos });
  await b.count(3);
  await briefly();
  t.same(b.got.map(({ payload, qos }) => `${payload} ${qos}`).sort(), ["0 0", "1 1", "2 2"]);
});

behaviour(
  "retained messages come to a new subscriber, and an empty one takes away",
  "3.3.1.3",
  async (t, port) => {
    const a = await join(t, port, "a");
    for (const qos of [0, 1, 2] as const) await a.client.publishAsync(`r/${qos}`, "v", { qos, retain: true });
    await a.client.publishAsync("r/0", "", { qos: 1, retain: true });
    const b = await join(t, port, "b");
    await b.client.subscribeAsync("r/+", { qos: 2 });
    await b.count(2);
    await briefly();
    t.same(b.got.map(({ topic, retain }) => `${topic} ${retain}`).sort(), ["r/1 true", "r/2 true"]);
    await a.client.publishAsync("r/1", "w", { qos: 1, retain: true });
    await b.count(3);
    t.equal(b.got[2]?.retain, false, "to a standing subscription it comes without the flag");
  },
);

behaviour("subscribing again sends retained messages again", "3.8.4", async (t, port) => {
  const a = await join(t, port, "a");
  await a.client.publishAsync("r/1", "v", { qos: 1, retain: true });
  await a.client.subscribeAsync("r/1", { qos: 1 });
  await a.count(1);
  await a.client.subscribeAsync("r/1", { qos: 1 });
  await a.count(2);
  t.same(payloads(a), ["r/1 v", "r/1 v"]);
});

behaviour("offline messages are queued for a kept session", "4.1", async (t, port) => {
  const b = await join(t, port, "b", { clean: false });
  await b.client.subscribeAsync("q/#", { qos: 2 });
  await b.client.endAsync();
  const a = await join(t, port, "a");
  for (const qos of [0, 1, 2] as const) await a.client.publishAsync(`q/${qos}`, "v", { qos });
  const again = await join(t, port, "b", { clean: false });
  await again.count(2);
  await briefly();
  t.same(payloads(again).sort(), ["q/1 v", "q/2 v"], "QoS 0 need not be kept");
});

behaviour("a clean session forgets subscriptions and queue", "3.1.2.4", async (t, port) => {
  const b = await join(t, port, "b", { clean: false });
  await b.client.subscribeAsync("q/#", { qos: 1 });
  await b.client.endAsync();
  const clean = await join(t, port, "b", { clean: true });
  await clean.client.endAsync();
  const a = await join(t, port, "a");
  await a.client.publishAsync("q/1", "v", { qos: 1 });
  const again = await join(t, port, "b", { clean: false });
  await briefly();
  t.same(again.got, []);
});

behaviour("session present is said truly", "3.2.2.2", async (t, port) => {
  const b = await join(t, port, "b", { clean: false });
  await b.client.subscribeAsync("q/#", { qos: 1 });
  await b.client.endAsync();
  const connack = async (flags: number) => {
    const head = Buffer.from([4, flags, 0, 60]);
    const connect = packet(0x10, text("MQTT"), head, text("b"), text("b"), text("b-secret"));
    return (await dialog(port, connect))[2];
  };
  t.equal(await connack(0xc0), 1, "kept session: 1");
  t.equal(await connack(0xc2), 0, "clean session: 0");
  t.equal(await connack(0xc0), 0, "and it is gone after it: 0");
});

behaviour(
  "the will is published when a client breaks off, not when it leaves",
  "3.1.2.5",
  async (t, port) => {
    const b = await join(t, port, "b");
    await b.client.subscribeAsync("w/#", { qos: 1 });
    const will = { topic: "w/a", payload: Buffer.from("gone"), qos: 1 as const, retain: true };
    const leaves = await join(t, port, "a", { will });
    await leaves.client.endAsync();
    await briefly();
    t.same(b.got, []);
    const breaks = await join(t, port, "a", { will });
    breaks.client.stream.destroy();
    await b.count(1);
    t.match(b.got, [{ topic: "w/a", payload: "gone", retain: false }]);
    const late = await join(t, port, "b", { clientId: "late" });
    await late.client.subscribeAsync("w/#");
    await late.count(1);
    t.equal(late.got[0]?.retain, true, "a will with the retain flag is retained");
  },
);

behaviour("a client id in use: the older connection is closed", "3.1.4", async (t, port) => {
  const first = await join(t, port, "a");
  const closed = new Promise<void>((resolve) => first.client.once("close", () => resolve()));
  const second = await join(t, port, "a");
  await closed;
  t.ok(second.client.connected);
});

behaviour("a zero-length client id needs a clean session", "3.1.3.1", async (t, port) => {
  const fine = await join(t, port, "a", { clientId: "" });
  t.ok(fine.client.connected);
  const head = Buffer.from([4, 0xc0, 0, 60]);
  const answer = await raw(port, packet(0x10, text("MQTT"), head, text(""), text("a"), text("a-secret")));
  t.equal(answer[3], 2, "identifier rejected");
});

behaviour("overlapping subscriptions", "3.3.5", async (t, port) => {
  const b = await join(t, port, "b");
  await b.client.subscribeAsync({ "o/#": { qos: 1 }, "o/+": { qos: 2 } });
  const a = await join(t, port, "a");
  await a.client.publishAsync("o/1", "v", { qos: 2 });
  await b.count(1);
  await briefly();
  t.ok(b.got.length === 1 || b.got.length === 2, "one message of the highest QoS, or one for each");
  t.ok(
    b.got.some(({ qos }) => qos === 2),
    "at the highest QoS",
  );
});

behaviour(
  "keep alive: silence of one and a half times ends the connection and sends the will",
  "3.1.2.10",
  async (t, port) => {
    const b = await join(t, port, "b");
    await b.client.subscribeAsync("w/#", { qos: 1 });
    const head = Buffer.from([4, 0xc6, 0, 1]);
    const answer = raw(
      port,
      packet(0x10, text("MQTT"), head, text("a"), text("w/a"), text("gone"), text("a"), text("a-secret")),
    );
    await b.count(1);
    await answer;
    t.match(b.got, [{ topic: "w/a", payload: "gone" }]);
  },
);

behaviour("PINGREQ is answered", "3.12", async (t, port) => {
  const answer = await dialog(port, connectPacket("a"), packet(0xc0));
  t.same([...answer.subarray(4)], [0xd0, 0]);
});

behaviour("unacknowledged messages come again with DUP after a reconnect", "4.4", async (t, port) => {
  const b = await join(t, port, "b", { clean: false });
  await b.client.subscribeAsync("d/#", { qos: 1 });
  // Takes the message and says nothing.
  b.client.handleMessage = () => b.client.stream.destroy();
  const a = await join(t, port, "a");
  await a.client.publishAsync("d/1", "v", { qos: 1 });
  await new Promise<void>((resolve) => b.client.once("close", () => resolve()));
  const again = await join(t, port, "b", { clean: false });
  await again.count(1);
  t.match(again.got, [{ topic: "d/1", payload: "v", dup: true }]);
});

behaviour("topics that begin with $ are not matched by a wildcard", "4.7.2", async (t, port) => {
  const b = await join(t, port, "b");
  await b.client.subscribeAsync(["#", "+/x"], { qos: 1 });
  const a = await join(t, port, "a");
  await a.client.publishAsync("n/x", "v", { qos: 1 });
  await b.count(1);
  await briefly();
  t.ok(b.got.every(({ topic }) => !topic.startsWith("$")));
});

behaviour("unsubscribe ends what comes, and is answered for unknown filters too", "3.10", async (t, port) => {
  const b = await join(t, port, "b");
  await b.client.subscribeAsync(["u/1", "u/2"], { qos: 1 });
  await b.client.unsubscribeAsync(["u/1", "u/never"]);
  const a = await join(t, port, "a");
  await a.client.publishAsync("u/1", "v", { qos: 1 });
  await a.client.publishAsync("u/2", "v", { qos: 1 });
  await b.count(1);
  await briefly();
  t.same(payloads(b), ["u/2 v"]);
});

behaviour("a subscription that is not allowed is answered with 0x80", "3.9.3", async (t, port) => {
  const subscribe = packet(
    0x82,
    Buffer.from([0, 7]),
    text("$SYS/#"),
    Buffer.from([1]),
    text("ok/1"),
    Buffer.from([1]),
  );
  const answer = await dialog(port, connectPacket("a"), subscribe);
  t.same([...answer.subarray(4)], [0x90, 4, 0, 7, 0x80, 1]);
});

behaviour("wildcards match as they must", "4.7.1", async (t, port) => {
  const b = await join(t, port, "b");
  await b.client.subscribeAsync(["s/+/c", "h/#", "+", "/+"], { qos: 1 });
  const a = await join(t, port, "a");
  for (const topic of ["s/b/c", "s/b/d", "s/c", "h", "h/1/2", "one", "/lead", "s/b/c/d"])
    await a.client.publishAsync(topic, "v", { qos: 1 });
  await b.count(5);
  await briefly();
  t.same(b.got.map(({ topic }) => topic).sort(), ["/lead", "h", "h/1/2", "one", "s/b/c"]);
});

behaviour("messages of one publisher keep their order", "4.6", async (t, port) => {
  const b = await join(t, port, "b");
  await b.client.subscribeAsync("n/#", { qos: 1 });
  const a = await join(t, port, "a");
  for (let n = 0; n < 200; n++) a.client.publish("n/1", `${n}`, { qos: 1 });
  await b.count(200);
  t.same(
    b.got.map(({ payload }) => Number(payload)),
    Array.from({ length: 200 }, (_, n) => n),
  );
});

behaviour("a lower QoS of the subscription lowers the message's", "3.8.4", async (t, port) => {
  const b = await join(t, port, "b");
  await b.client.subscribeAsync("l/#", { qos: 0 });
  const a = await join(t, port, "a");
  await a.client.publishAsync("l/1", "v", { qos: 2 });
  await b.count(1);
  t.equal(b.got[0]?.qos, 0);
});

behaviour("a second CONNECT ends the connection", "3.1.0", async (t, port) => {
  const answer = await raw(port, Buffer.concat([connectPacket("a"), connectPacket("a")]));
  t.equal(answer.length, 4, "one CONNACK, then the end");
});

behaviour("an unknown protocol version is refused", "3.1.2.2", async (t, port) => {
  const head = Buffer.from([9, 0xc2, 0, 60]);
  const answer = await raw(port, packet(0x10, text("MQTT"), head, text("a"), text("a"), text("a-secret")));
  t.ok(answer.length === 0 || answer[3] === 1, "CONNACK 1 or closed");
});

behaviour("QoS 3 and a malformed SUBSCRIBE end the connection", "3.3.1.2", async (t, port) => {
  const qos3 = packet(0x36, text("x/1"), Buffer.from([0, 1]), Buffer.from("v"));
  t.equal((await raw(port, Buffer.concat([connectPacket("a"), qos3]))).length, 4);
  const flags = packet(0x80, Buffer.from([0, 1]), text("x/1"), Buffer.from([0]));
  t.equal((await raw(port, Buffer.concat([connectPacket("a"), flags]))).length, 4);
});

behaviour("a wildcard in a topic name ends the connection", "3.3.2.1", async (t, port) => {
  const wild = packet(0x30, text("x/#"), Buffer.from("v"));
  t.equal((await raw(port, Buffer.concat([connectPacket("a"), wild]))).length, 4);
});

t.test("table of behaviours", async (t) => {
  for (const line of results) t.comment(line);
  t.equal(results.filter((line) => line.startsWith("FAIL")).length, 0);
});
