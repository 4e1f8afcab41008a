import t, { type Test } from "tap";
import { emptyDir } from "../helpers/state.ts";
import { crowded, flooded, halfOpened, huge, neverReads } from "./mqtt-siege.ts";
import { wholeBox } from "./mqtt-whole.ts";

t.setTimeout(600_000);

async function running(t: Test, more: { readonly rate?: number; readonly burst?: number } = {}) {
  const box = await wholeBox({ folder: emptyDir(t), devices: 10, ...more });
  await box.start();
  t.teardown(() => box.stop());
  return box;
}

t.test("5,000 messages a second from one device for 60 s", { timeout: 200_000 }, async (t) => {
  const figures = await flooded(await running(t), 60_000);
  t.comment(`flood: ${JSON.stringify(figures)}`);
  t.equal(figures.lostOfOthers, 0);
  t.ok(figures.takenOfFlood <= 200 + 20 * 70, "no more of the flood than its budget");
});

t.test("2,000 connections from one address, and from 200", { timeout: 120_000 }, async (t) => {
  const box = await running(t);
  t.comment(`one address: ${JSON.stringify(await crowded(box, 2_000, "127.0.0.1"))}`);
  const many = await crowded(box, 2_000, "many");
  t.comment(`200 addresses: ${JSON.stringify(many)}`);
  t.ok((await box.counter("broker_refused_connections")) > 1_900, "refused and counted");
});

t.test("1,500 half-open connections", { timeout: 120_000 }, async (t) => {
  const figures = await halfOpened(await running(t), 1_500);
  t.comment(`half-open: ${JSON.stringify(figures)}`);
  t.ok(figures.filesLeft <= 2, "descriptors are back");
});

t.test("a packet of 250 MB, before and after sign-in", { timeout: 120_000 }, async (t) => {
  const box = await running(t);
  const [before, after] = [await huge(box, false), await huge(box, true)];
  t.comment(`before sign-in: ${JSON.stringify(before)}; after: ${JSON.stringify(after)}`);
  t.ok(before.sentKiB < 20_000 && after.sentKiB < 20_000, "closed at its first bytes");
});

t.test("a subscriber that never reads", { timeout: 120_000 }, async (t) => {
  const figures = await neverReads(await running(t, { rate: 1_000, burst: 1_000 }));
  t.comment(`never reads: ${JSON.stringify(figures)}`);
});
