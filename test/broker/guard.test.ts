import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import t from "tap";
import { client, connectPacket, packet, raw, started, strangers, text } from "../helpers/mqtt/embedded.ts";

const hugeLength = Buffer.from([0xff, 0xff, 0xff, 0x7f]);
const attacks = [
  {
    name: "a 250 MB packet after sign-in",
    bytes: [connectPacket("hall"), Buffer.concat([Buffer.from([0x30]), hugeLength])],
    counter: "broker_refused_packet_too_large",
  },
  {
    name: "a 250 MB CONNECT",
    bytes: [Buffer.concat([Buffer.from([0x10]), hugeLength])],
    counter: "broker_refused_packet_too_large",
  },
  {
    name: "a topic with NUL",
    bytes: [connectPacket("hall"), packet(0x30, text("site/hall/a\0b"), Buffer.from("1"))],
    counter: "broker_refused_bad_topic",
  },
  {
    name: "a topic with newline",
    bytes: [connectPacket("hall"), packet(0x30, text("site/hall/a\nb"), Buffer.from("1"))],
    counter: "broker_refused_bad_topic",
  },
  {
    name: "a topic that is not UTF-8",
    bytes: [connectPacket("hall"), packet(0x30, text(Buffer.from([0x73, 0xc3, 0x28])), Buffer.from("1"))],
    counter: "broker_refused_bad_topic",
  },
  {
    name: "a topic of 60 KB",
    bytes: [connectPacket("hall"), packet(0x30, text(`site/hall/${"x".repeat(60_000)}`), Buffer.from("1"))],
    counter: "broker_refused_bad_topic",
  },
  {
    name: "a filter with NUL",
    bytes: [connectPacket("hall"), packet(0x82, Buffer.from([0, 1]), text("site/hall/\0"), Buffer.from([0]))],
    counter: "broker_refused_bad_topic_filter",
  },
  {
    name: "a client id with control characters",
    bytes: [connectPacket("hall", "a\u0001")],
    counter: "broker_refused_client_id_with_control_characters",
  },
  {
    name: "a PUBLISH before CONNECT",
    bytes: [packet(0x30, text("site/hall/t"), Buffer.from("1"))],
    counter: "broker_refused_no_CONNECT_first",
  },
  {
    name: "a length of five bytes",
    bytes: [Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x01])],
    counter: "broker_refused_malformed_length",
  },
];
for (const { name, bytes, counter } of attacks) {
  t.test(`${name} is refused and counted, others go on`, async (t) => {
    const got: string[] = [];
    const { port, counters } = await started(t, async (m) => void got.push(m.topic));
    const attic = await client(t, port, "attic");
    await raw(port, ...bytes);
    t.equal(counters.all().get(counter), 1);
    await attic.publishAsync("site/attic/t", "1", { qos: 1 });
    t.same(got, ["site/attic/t"]);
  });
}

t.test("a packet that comes byte by byte is read as one", async (t) => {
  let arrived: (payload: string) => void = () => undefined;
  const here = new Promise<string>((resolve) => {
    arrived = resolve;
  });
  const { port } = await started(t, async (m) => arrived(String(Buffer.from(m.payload))));
  const socket = connectTcp({ port, host: "127.0.0.1", noDelay: true });
  t.teardown(() => socket.destroy());
  await once(socket, "connect");
  const all = Buffer.concat([
    connectPacket("hall"),
    packet(0x30, text("site/hall/t"), Buffer.from("slow but whole")),
  ]);
  for (const byte of all) {
    socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(await here, "slow but whole");
});

t.test("twenty-one strangers of one address: the last one is refused, devices come in later", async (t) => {
  const { port, counters } = await started(t, async () => undefined);
  const sockets = await strangers(t, port, 21);
  t.equal(counters.all().get("broker_refused_connections"), 1);
  for (const socket of sockets) socket.destroy();
});
