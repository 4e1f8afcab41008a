import t from "tap";
import { createStateSpans } from "../../appliance/engine/state-spans.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { listLog } from "../helpers/engine.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

t.test("a full disk loses spans, and every device is looked at all the same", async (t) => {
  const { log } = listLog();
  const ids = ["a", "b", "c"].map((id) => deviceId(id));
  const spans = createStateSpans({
    clock: fakeClock(),
    log,
    inventory: { devices: () => [] },
    incidents: { lastClosed: () => undefined },
    spans: {
      open: () => undefined,
      change() {
        throw new Error("database or disk is full");
      },
    } as never,
  });
  spans.inOneCommit(() => {
    for (const id of ids) spans.note(id, { state: "down", atMs: 1 });
  });
  t.same(
    ids.map((id) => spans.of(id)?.state),
    ["down", "down", "down"],
  );
});
