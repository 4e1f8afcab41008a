import { once } from "node:events";
import { connect as connectTcp, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { MqttClient } from "mqtt";
import { connectPacket, packet, text } from "../helpers/mqtt/embedded.ts";
import { deviceAt, storedNumbers, type WholeBox } from "./mqtt-whole.ts";

const connected = (client: MqttClient) =>
  new Promise<void>((resolve) => client.once("connect", () => resolve()));

const at = (values: readonly number[], share: number) =>
  Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0);

/** Asks for the status page twice a second until told to stop. @returns what each took, ms */
export function watchPage(box: WholeBox) {
  const tookMs: number[] = [];
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      const startMs = performance.now();
      const { status } = await box.ask("/");
      if (status === 200) tookMs.push(performance.now() - startMs);
      await wait(500);
    }
  })();
  return async () => {
    stopped = true;
    await watching;
    return { asked: tookMs.length, p95Ms: at(tookMs, 0.95), worstMs: at(tookMs, 1 - 1e-9) };
  };
}

function sockets(port: number, count: number, first?: Buffer, from = "127.0.0.1"): Socket[] {
  return Array.from({ length: count }, (_, i) => {
    // Other addresses of loopback stand for other machines.
    const localAddress = from === "many" ? `127.0.1.${1 + (i % 200)}` : from;
    const socket = connectTcp({ port, host: "127.0.0.1", localAddress });
    socket.on("error", () => undefined);
    if (first) socket.write(first);
    return socket;
  });
}

const closed = (all: readonly Socket[]) =>
  Promise.all(
    all.map((one) => (one.closed ? undefined : new Promise((resolve) => one.once("close", resolve)))),
  );

/** One device floods with 200 bytes 5,000 times a second while others go on. */
export async function flooded(box: WholeBox, forMs: number) {
  const { port } = box;
  const startMs = Date.now();
  const others = ["d1", "d2", "d3", "d4", "d5"].map((name) => ({ name, client: deviceAt(port, name) }));
  await Promise.all(others.map(({ client }) => connected(client)));
  const flood = connectTcp({ port, host: "127.0.0.1" });
  flood.on("error", () => undefined);
  flood.write(connectPacket("d0", "d0"));
  await wait(3_000);
  const memoryBefore = box.memoryMiB();
  const page = watchPage(box);
  const endMs = performance.now() + forMs;
  const message = packet(0x30, text("site/d0/t"), Buffer.from("x".repeat(200)));
  const burst = Buffer.concat(Array.from({ length: 50 }, () => message));
  let sent = 0;
  const flooding = (async () => {
    const beganMs = performance.now();
    while (performance.now() < endMs) {
      while (sent < (performance.now() - beganMs) * 5) {
        flood.write(burst);
        sent += 50;
      }
      await wait(5);
    }
  })();
  const delays: number[] = [];
  const acknowledged = new Map(others.map(({ name }) => [name, new Set<number>()]));
  await Promise.all(
    others.map(async ({ name, client }) => {
      for (let n = 0; performance.now() < endMs; n++) {
        const sentMs = performance.now();
        await client.publishAsync(`site/${name}/x`, `{"n":${n}}`, { qos: 1 });
        delays.push(performance.now() - sentMs);
        acknowledged.get(name)?.add(n);
        await wait(200);
      }
    }),
  );
  await flooding;
  const memory = box.memoryMiB() - memoryBefore;
  const { p95Ms, worstMs } = await page();
  const { text: devices } = await box.ask("/api/v1/devices?limit=500");
  const { text: credentials } = await box.ask("/api/v1/credentials");
  flood.destroy();
  await Promise.all(others.map(({ client }) => client.endAsync()));
  await box.stop();
  const items = (JSON.parse(devices) as { items: { id: string; name: string }[] }).items;
  const ids = new Map(
    others.map(({ name }) => [name, items.find((one) => one.name === `${name} x`)?.id ?? ""]),
  );
  const { byName } = await storedNumbers(box, ids, { fromMs: startMs - 1_000, toMs: Date.now() + 1_000 });
  const lost = [...acknowledged].reduce(
    (sum, [name, all]) => sum + [...all].filter((n) => !byName.get(name)?.has(n)).length,
    0,
  );
  const flooder = (JSON.parse(credentials) as { items: { id: string; messages: number }[] }).items.find(
    ({ id }) => id === "d0",
  );
  return {
    sentByFlood: sent,
    takenOfFlood: flooder?.messages ?? 0,
    sentByOthers: delays.length,
    lostOfOthers: lost,
    pubackP99Ms: at(delays, 0.99),
    pageP95Ms: p95Ms,
    pageWorstMs: worstMs,
    memoryMiB: Math.round(memory),
  };
}

/** So many connections that never sign in; a known device from elsewhere must get in. */
export async function crowded(box: WholeBox, count: number, from: "127.0.0.1" | "many") {
  const memoryBefore = box.memoryMiB();
  const crowd = sockets(box.port, count, undefined, from);
  await wait(500);
  const startMs = performance.now();
  const known = connectTcp({ port: box.port, host: "127.0.0.1", localAddress: "127.0.0.9" });
  known.on("error", () => undefined);
  known.write(connectPacket("d1", "d1"));
  const [answer] = (await once(known, "data")) as [Buffer];
  const inAfterMs = Math.round(performance.now() - startMs);
  const memory = box.memoryMiB() - memoryBefore;
  known.destroy();
  for (const one of crowd) one.destroy();
  await closed(crowd);
  return { isIn: answer[3] === 0, inAfterMs, memoryMiB: Math.round(memory) };
}

/** Half a CONNECT each, from many addresses: all must be closed, and the page must answer meanwhile. */
export async function halfOpened(box: WholeBox, count: number) {
  const filesBefore = await box.openFiles();
  const page = watchPage(box);
  const startMs = performance.now();
  const all = sockets(box.port, count, Buffer.from([0x10, 0x40, 0x00, 0x04]), "many");
  await closed(all);
  const closedAfterMs = Math.round(performance.now() - startMs);
  await wait(2_000);
  const { p95Ms } = await page();
  return { closedAfterMs, pageP95Ms: p95Ms, filesLeft: (await box.openFiles()) - filesBefore };
}

/** Says a packet of 250 MB and sends what it can of it. */
export async function huge(box: WholeBox, signsIn: boolean) {
  const memoryBefore = box.memoryMiB();
  const length = Buffer.from([0x80, 0xe5, 0x9a, 0x77]);
  const socket = connectTcp({ port: box.port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const startMs = performance.now();
  if (signsIn) {
    socket.write(connectPacket("d2", "d2"));
    await once(socket, "data");
  }
  socket.write(Buffer.concat([Buffer.from([signsIn ? 0x30 : 0x10]), length]));
  const chunk = Buffer.alloc(64 * 1024);
  let sent = 0;
  while (!socket.destroyed && !socket.closed && sent < 250e6 && performance.now() - startMs < 10_000) {
    if (socket.write(chunk)) await wait(0);
    else await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => undefined);
    sent += chunk.length;
  }
  socket.destroy();
  return { sentKiB: Math.round(sent / 1_024), memoryMiB: Math.round(box.memoryMiB() - memoryBefore) };
}

/** Subscribes to everything and never reads, while a device publishes 200 KB messages. */
export async function neverReads(box: WholeBox) {
  const reader = connectTcp({
    port: box.port,
    host: "127.0.0.1",
    onread: { buffer: Buffer.alloc(1), callback: () => false },
  });
  reader.on("error", () => undefined);
  await once(reader, "connect");
  reader.write(
    Buffer.concat([
      connectPacket("wall", "wall"),
      packet(0x82, Buffer.from([0, 1]), text("site/#"), Buffer.from([0])),
    ]),
  );
  await wait(300);
  const device = deviceAt(box.port, "d3");
  await connected(device);
  const body = JSON.stringify({ n: 1, pad: "x".repeat(200_000) });
  const startMs = performance.now();
  let slowestMs = 0;
  for (let i = 0; i < 150; i++) {
    const sentMs = performance.now();
    await device.publishAsync("site/d3/big", body, { qos: 1 });
    slowestMs = Math.max(slowestMs, performance.now() - sentMs);
  }
  const isCut = async () => {
    const { text: answer } = await box.ask("/api/v1/credentials");
    const { items } = JSON.parse(answer) as { items: { id: string; connections: number }[] };
    return items.find(({ id }) => id === "wall")?.connections === 0;
  };
  while (!(await isCut())) await wait(100);
  const cutAfterMs = Math.round(performance.now() - startMs);
  await device.endAsync();
  reader.destroy();
  return { slowestPublishMs: Math.round(slowestMs), cutAfterMs };
}
