import t from "tap";
import { floodStory, halfOpen, silentReader } from "./mqtt-flood.ts";

t.test("a device that floods loses its own messages only", async (t) => {
  const figures = await floodStory(t, 3_000);
  t.comment(`flood: ${JSON.stringify(figures)}`);
  t.equal(figures.lost, 0, "others lost nothing");
  t.ok(figures.passed <= figures.budget + 20, "no more than its budget came through");
  t.ok(figures.dropped > 1_000);
});

t.test("a reader that never reads is cut, the sender goes on", async (t) => {
  const figures = await silentReader(t);
  t.comment(`silent reader: ${JSON.stringify(figures)}`);
  t.ok(figures.cutAfterMs > 1_000, "it was given time to read");
});

t.test("half-open connections are closed", async (t) => {
  const figures = await halfOpen(t, 60);
  t.comment(`half-open: ${JSON.stringify(figures)}`);
  t.equal(figures.refused, 40, "20 of one address may stand at the door");
});
