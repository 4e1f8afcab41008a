import t from "tap";
import { deviceId } from "../../appliance/model/site.ts";
import { eventSink } from "../../appliance/wiring/events.ts";
import { countersInMemory } from "../helpers/mqtt/parts.ts";
import { keptLog } from "../helpers/state.ts";

t.test("a full disk costs events and nothing else, and is said once", async (t) => {
  const counters = countersInMemory();
  const log = keptLog();
  const kept: unknown[] = [];
  let isFull = true;
  const tell = eventSink({
    keeper: {
      add(event) {
        if (isFull) throw new Error("database or disk is full");
        kept.push(event);
      },
    },
    counters,
    log,
  });
  const event = { record: "event", device: deviceId("sw1"), metric: "link", value: "up", timeMs: 1 } as const;
  tell(event);
  tell(event);
  t.equal(counters.all().get("events_not_saved"), 2);
  t.equal(log.lines.length, 1);
  isFull = false;
  tell(event);
  t.same(kept, [event]);
});
