import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Test } from "tap";
import { client, connectPacket, packet, started, text } from "../helpers/mqtt/embedded.ts";

/** One device sends 5,000 messages a second for so long, another one once in 50 ms with QoS 1. */
export async function floodStory(t: Test, forMs: number) {
  const fromOthers = new Set<string>();
  let fromFlood = 0;
  const { broker, port } = await started(t, async ({ from, payload }) => {
    if (from === "hall") fromFlood++;
    else fromOthers.add(String(Buffer.from(payload)));
  });
  const flood = await client(t, port, "hall");
  const attic = await client(t, port, "attic");
  const before = process.memoryUsage.rss();
  const endMs = performance.now() + forMs;
  const flooding = (async () => {
    while (performance.now() < endMs) {
      for (let i = 0; i < 50; i++) flood.publish("site/hall/t", "x".repeat(200), { qos: 0 });
      await wait(10);
    }
  })();
  const delays: number[] = [];
  for (let n = 0; performance.now() < endMs; n++) {
    const sentMs = performance.now();
    await attic.publishAsync("site/attic/t", `${n}`, { qos: 1 });
    delays.push(performance.now() - sentMs);
    await wait(50);
  }
  await flooding;
  delays.sort((a, b) => a - b);
  const hall = broker.status().devices.find(({ name }) => name === "hall");
  return {
    sent: delays.length,
    lost: delays.length - fromOthers.size,
    pubackP99Ms: Math.round(delays[Math.floor(delays.length * 0.99)] ?? 0),
    passed: fromFlood,
    dropped: hall?.dropped ?? 0,
    memoryMiB: Math.round((process.memoryUsage.rss() - before) / 2 ** 20),
    budget: 200 + (20 * forMs) / 1_000,
  };
}

/** A reader that never reads. Resolves with the milliseconds until it was cut, while others went on. */
export async function silentReader(t: Test) {
  const { broker, port } = await started(t, async () => undefined, {
    budget: { perSecond: 1e6, burst: 1e6 },
  });
  const reader = connectTcp({
    port,
    host: "127.0.0.1",
    onread: { buffer: Buffer.alloc(1), callback: () => false },
  });
  reader.on("error", () => undefined);
  t.teardown(() => reader.destroy());
  await once(reader, "connect");
  reader.write(
    Buffer.concat([
      connectPacket("wall"),
      packet(0x82, Buffer.from([0, 1]), text("site/#"), Buffer.from([0])),
    ]),
  );
  await wait(200);
  const hall = await client(t, port, "hall");
  const big = Buffer.alloc(200_000, "x");
  const startMs = performance.now();
  let slowestMs = 0;
  for (let i = 0; i < 300; i++) {
    const sentMs = performance.now();
    await hall.publishAsync("site/hall/t", big, { qos: 1 });
    slowestMs = Math.max(slowestMs, performance.now() - sentMs);
  }
  while (broker.status().connections > 1) await wait(50);
  return { slowestPublishMs: Math.round(slowestMs), cutAfterMs: Math.round(performance.now() - startMs) };
}

/** Connections that send nothing, or half a CONNECT. Resolves when all are closed. */
export async function halfOpen(t: Test, count: number) {
  const { broker, port, counters } = await started(t, async () => undefined);
  const startMs = performance.now();
  const sockets = Array.from({ length: count }, () => connectTcp({ port, host: "127.0.0.1" }));
  await Promise.all(
    sockets.map(async (socket, i) => {
      socket.on("error", () => undefined);
      if (i % 2) socket.write(Buffer.from([0x10, 0x20, 0x00]));
      if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
    }),
  );
  while (broker.status().connections > 0) await wait(20);
  return {
    closedAfterMs: Math.round(performance.now() - startMs),
    refused: counters.all().get("broker_refused_connections") ?? 0,
  };
}
