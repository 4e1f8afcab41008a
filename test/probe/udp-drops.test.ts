import { createSocket } from "node:dgram";
import t from "tap";
import { droppedByKernel, dropsOf } from "../../appliance/probe/udp-drops.ts";

const table = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uuid  timeout inode ref pointer drops
  123: 0100007F:00A2 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 12
  124: 0200007F:00A2 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 30
  125: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4713 2 0000000000000000 99
  126: broken
`;

t.test("the drops of a port's sockets are added up", async (t) => {
  t.equal(dropsOf(table, 162), 42);
  t.equal(dropsOf(table, 53), 99);
  t.equal(dropsOf(table, 1_162), undefined);
  t.equal(dropsOf("", 162), undefined);
});

t.test("what a full receive buffer cost is seen", { skip: process.platform !== "linux" }, async (t) => {
  const receiver = createSocket({ type: "udp4", recvBufferSize: 1 });
  const sender = createSocket({ type: "udp4", lookup: (host, _options, done) => done(null, host, 4) });
  t.teardown(() => {
    receiver.close();
    sender.close();
  });
  await new Promise<void>((resolve) => receiver.bind(0, "127.0.0.1", resolve));
  const { port } = receiver.address();
  await new Promise<void>((resolve) => sender.bind(0, "127.0.0.1", resolve));
  t.equal(await droppedByKernel(port), 0);
  // Nobody reads while this loop runs: a send without a callback leaves at once.
  for (let k = 0; k < 2_000; k++) sender.send(Buffer.alloc(1_000), port, "127.0.0.1", () => {});
  t.ok(Number(await droppedByKernel(port)) > 1_000);
});
