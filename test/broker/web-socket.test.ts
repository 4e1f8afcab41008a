import { once } from "node:events";
import { connectAsync } from "mqtt";
import t from "tap";
import { WebSocket } from "ws";
import { connectPacket, options, packet, started, strangers, text } from "../helpers/mqtt/embedded.ts";

const listen = [{ host: "127.0.0.1", port: 0, webSocket: true }];

function open(port: number, protocols: string[] = ["mqtt"]): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, protocols);
  socket.on("error", () => undefined);
  return socket;
}

t.test("a device publishes and reads over WebSocket", async (t) => {
  const got: string[] = [];
  const { broker, port } = await started(t, async ({ from, topic }) => void got.push(`${from} ${topic}`), {
    listen,
  });
  t.match(broker.status().listening, [{ webSocket: true, tls: false }]);
  const hall = await connectAsync(`ws://127.0.0.1:${port}/mqtt`, options("hall"));
  t.teardown(() => hall.endAsync(true));
  await hall.subscribeAsync("site/hall/#", { qos: 1 });
  const back = new Promise((resolve) =>
    hall.once("message", (_topic, payload) => resolve(payload.toString())),
  );
  const big = "x".repeat(100_000);
  await hall.publishAsync("site/hall/t", big, { qos: 1 });
  t.equal(await back, big);
  t.same(got, ["hall site/hall/t"]);
});

t.test("packets may be split and joined as one likes", async (t) => {
  let arrived: (payload: string) => void = () => undefined;
  const here = new Promise<string>((resolve) => {
    arrived = resolve;
  });
  const { port } = await started(t, async ({ payload }) => arrived(Buffer.from(payload).toString()), {
    listen,
  });
  const socket = open(port);
  t.teardown(() => socket.terminate());
  await once(socket, "open");
  const all = Buffer.concat([connectPacket("hall"), packet(0x30, text("site/hall/t"), Buffer.from("whole"))]);
  for (let at = 0; at < all.length; at += 7) socket.send(all.subarray(at, at + 7));
  t.equal(await here, "whole");
});

t.test("text, too large a message, another protocol and a plain page are refused", async (t) => {
  const { port } = await started(t, async () => undefined, { listen });
  const words = open(port);
  await once(words, "open");
  words.send("I am text");
  await once(words, "close");
  const large = open(port);
  await once(large, "open");
  large.send(Buffer.alloc(400_000));
  const [code] = await once(large, "close");
  t.equal(code, 1009, "message too big");
  const other = open(port, ["chat"]);
  const error = await new Promise<Error>((resolve) => other.once("error", resolve));
  t.match(error.message, "400");
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  t.equal(answer.status, 426);
});

t.test("strangers of one address are counted before they ask for anything", async (t) => {
  const { port, counters } = await started(t, async () => undefined, { listen });
  await strangers(t, port, 21);
  t.equal(counters.all().get("broker_refused_connections"), 1);
});
