import t, { type Test } from "tap";
import type { Incident } from "../../appliance/model/alert.ts";
import type { OutboxEntry } from "../../appliance/model/contracts.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { createAnswersKeeper } from "../../appliance/state/answers.ts";
import { createDeviceKeeper } from "../../appliance/state/devices.ts";
import { createEventKeeper } from "../../appliance/state/events.ts";
import { createUpkeep, retention } from "../../appliance/state/upkeep.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { sampleMessage } from "../helpers/receivers.ts";
import { emptyDir, keptLog, openKeepers } from "../helpers/state.ts";

const device = deviceId("switch-2");
const dayMs = 86_400_000;
const incident: Incident = { ...sampleMessage().incident, id: 0 };

function kept(t: Test) {
  const clock = fakeClock();
  const keepers = openKeepers(emptyDir(t), clock);
  t.teardown(() => keepers.close());
  const { state } = keepers;
  return { ...keepers, clock, events: createEventKeeper(state), devices: createDeviceKeeper(state) };
}

const entryOf = (id: string, more: Partial<OutboxEntry> = {}): OutboxEntry => ({
  id,
  notifier: "mail",
  incident: 1,
  change: "opened",
  createdMs: 5,
  tries: 0,
  nextTryMs: 5,
  state: "waiting",
  message: sampleMessage({ id }),
  ...more,
});

t.test("incidents get numbers that are never used again", async (t) => {
  const { incidents, clock } = kept(t);
  const first = incidents.save(incident);
  t.same(incidents.get(first.id), first);
  const closed = { ...first, state: "closed" as const, endedMs: clock.nowMs() - 3 * dayMs };
  incidents.save(closed);
  incidents.prune(clock.nowMs());
  t.equal(incidents.get(first.id), undefined);
  t.equal(incidents.save(incident).id, first.id + 1);
});

t.test(
  "incidents are listed newest first, by state, device and page; old closed ones are not loaded",
  async (t) => {
    const { incidents, clock } = kept(t);
    for (let n = 0; n < 6; n++)
      incidents.save({
        ...incident,
        device: n < 3 ? device : deviceId("nas"),
        ...(n % 2 ? { state: "closed" as const, endedMs: clock.nowMs() - n * dayMs } : {}),
      });
    const ids = (filter: object) => incidents.list({ limit: 10, ...filter }).map(({ id }) => id);
    t.same(ids({}), [6, 5, 4, 3, 2, 1]);
    t.same(ids({ state: "open" }), [5, 3, 1]);
    t.same(ids({ device }), [3, 2, 1]);
    t.same(ids({ beforeId: 4, limit: 2 }), [3, 2]);
    t.same(ids({ device: deviceId("nas"), state: "closed", beforeId: 6 }), [4]);
    t.same(
      incidents.load().map(({ id }) => id),
      [5, 3, 2, 1],
    );
  },
);

t.test("texts with quotes are values, not SQL", async (t) => {
  const { incidents } = kept(t);
  const summary = "'); DROP TABLE incidents; --";
  const { id } = incidents.save({ ...incident, summary });
  t.equal(incidents.get(id)?.summary, summary);
});

t.test("the outbox keeps order and never takes an id twice", async (t) => {
  const { outbox } = kept(t);
  outbox.add([entryOf("b"), entryOf("a"), entryOf("c", { incident: 2 })]);
  outbox.add([entryOf("a", { tries: 4 })]);
  const ids = () => outbox.waiting().map(({ id, tries }) => `${id}${tries}`);
  t.same(ids(), ["b0", "a0", "c0"]);
  outbox.update(entryOf("b", { state: "sent" }));
  outbox.update(entryOf("a", { tries: 1 }));
  t.same(ids(), ["a1", "c0"]);
  t.match(outbox.ofIncident(1), [
    { id: "b", state: "sent" },
    { id: "a", state: "waiting" },
  ]);
});

t.test("one decision is in the outbox whole or not at all", async (t) => {
  const { outbox } = kept(t);
  const broken = { ...entryOf("b"), incident: Number.NaN };
  t.throws(() => outbox.add([entryOf("a"), broken]));
  t.same(outbox.waiting(), []);
});

t.test("spans follow each other without gap or overlap", async (t) => {
  const { spans } = kept(t);
  spans.change(device, "ok", 100);
  spans.change(device, "down", 200);
  spans.change(device, "ok", 300);
  const all = () => spans.spans(device, { fromMs: 0, toMs: 1_000 });
  t.same(all(), [
    { state: "ok", fromMs: 100, toMs: 200 },
    { state: "down", fromMs: 200, toMs: 300 },
    { state: "ok", fromMs: 300 },
  ]);
  t.same(spans.open(device), { state: "ok", fromMs: 300 });
  t.same(spans.spans(device, { fromMs: 210, toMs: 220 }), [{ state: "down", fromMs: 200, toMs: 300 }]);
  t.same(spans.spans(device, { fromMs: 200, toMs: 300 }), [{ state: "down", fromMs: 200, toMs: 300 }]);
  spans.change(device, "warning", 250);
  t.same(
    all(),
    [
      { state: "ok", fromMs: 100, toMs: 200 },
      { state: "down", fromMs: 200, toMs: 250 },
      { state: "warning", fromMs: 250 },
    ],
    "what began earlier than was known takes the place of what it covers",
  );
});

t.test("events answer the newest of a range, oldest first", async (t) => {
  const { events } = kept(t);
  for (let timeMs = 0; timeMs < 5; timeMs++)
    events.add({
      record: "event",
      device: timeMs === 4 ? "nas" : device,
      metric: "firmware",
      value: `${timeMs}`,
      timeMs,
    });
  const values = (of: typeof device | undefined, limit = 10) =>
    events.events(of, { fromMs: 1, toMs: 5 }, limit).map(({ value }) => value);
  t.same(values(device), ["1", "2", "3"]);
  t.same(values(device, 2), ["2", "3"]);
  t.same(values(undefined), ["1", "2", "3", "4"]);
});

t.test("devices are kept as last saved", async (t) => {
  const { devices } = kept(t);
  const known = {
    device: {
      id: device,
      name: "Switch 2",
      kind: "switch",
      group: "Network",
      identity: {},
      ports: [],
      sensors: [],
      collectors: [],
      source: "file",
      approved: true,
      firstSeenMs: 1,
    },
    keys: ["mac:001122334455"],
  } as const;
  devices.save(known);
  devices.save({ ...known, keys: [] });
  t.same(devices.load(), [{ ...known, keys: [] }]);
});

t.test("a row that a worn card has damaged is left out", async (t) => {
  const { state, incidents, outbox, events, devices } = kept(t);
  incidents.save(incident);
  const { id } = incidents.save(incident);
  outbox.add([entryOf("a"), entryOf("b")]);
  state.db.prepare("UPDATE incidents SET body = ? WHERE id = ?").run('{"id":2,"alerts', id);
  state.db.prepare("UPDATE outbox SET body = ? WHERE id = ?").run('{"id":"a"}', "a");
  state.db.prepare("INSERT INTO devices (id, body) VALUES (?, ?)").run("x", "null");
  state.db.prepare("INSERT INTO events (device, time_ms, body) VALUES (?, ?, ?)").run("x", 1, "[]");
  t.equal(incidents.load().length, 1);
  t.equal(incidents.get(id), undefined);
  t.same(
    outbox.waiting().map((entry) => entry.id),
    ["b"],
  );
  t.same(devices.load(), []);
  t.same(events.events(undefined, { fromMs: 0, toMs: 9 }, 9), []);
});

t.test("the nightly upkeep removes what is too old and makes a copy", async (t) => {
  const { state, incidents, outbox, spans, events, clock } = kept(t);
  const nowMs = clock.nowMs();
  const old = incidents.save({ ...incident, state: "closed", endedMs: nowMs - retention.incidentsMs - 1 });
  const young = incidents.save({
    ...incident,
    state: "closed",
    endedMs: nowMs - retention.incidentsMs + dayMs,
  });
  const open = incidents.save({ ...incident, startedMs: nowMs - 5 * retention.incidentsMs });
  outbox.add([entryOf("old", { incident: old.id, state: "sent" }), entryOf("young", { incident: young.id })]);
  spans.change(device, "down", nowMs - retention.spansMs - dayMs);
  spans.change(device, "ok", nowMs - retention.spansMs - 1);
  for (const ageMs of [retention.eventsMs + 1, retention.eventsMs - dayMs])
    events.add({ record: "event", device, metric: "m", value: 1, timeMs: nowMs - ageMs });
  const log = keptLog();
  const upkeep = createUpkeep({ state, incidents, spans, events, clock, log });
  await upkeep.run();
  t.same(
    incidents.list({ limit: 9 }).map(({ id }) => id),
    [open.id, young.id],
  );
  t.same(outbox.ofIncident(old.id), []);
  t.equal(outbox.ofIncident(young.id).length, 1);
  t.match(spans.spans(device, { fromMs: 0, toMs: nowMs }), [{ state: "ok" }]);
  t.equal(events.events(device, { fromMs: 0, toMs: nowMs }, 9).length, 1);
  t.same(log.lines, []);
});

t.test("upkeep that fails is logged and tried the next night", async (t) => {
  const { state, incidents, spans, events, clock } = kept(t);
  const log = keptLog();
  const failing = { ...state, backupNightly: () => Promise.reject(new Error("no space")) };
  const upkeep = createUpkeep({ state: failing, incidents, spans, events, clock, log });
  upkeep.start();
  await clock.advance(5 * 60_000);
  await clock.advance(dayMs);
  t.same(log.lines, ["error: nightly upkeep failed", "error: nightly upkeep failed"]);
  await upkeep.stop();
});

t.test("the mark of life survives", async (t) => {
  const { marks } = kept(t);
  t.equal(marks.lastAliveMs(), undefined);
  marks.setAlive(1_000);
  marks.setAlive(2_000);
  t.equal(marks.lastAliveMs(), 2_000);
});

t.test("when devices were heard and their rhythms come back; who is gone goes", async (t) => {
  const { state } = kept(t);
  const rhythm = [0, 0, 3, 0, 1.5];
  const keeper = createAnswersKeeper(state);
  keeper.save([
    { device, lastSeenMs: 1_000, rhythm },
    { device: deviceId("gone"), lastSeenMs: 5, rhythm: [] },
  ]);
  keeper.save([{ device, lastSeenMs: 2_000, rhythm }]);
  t.same(createAnswersKeeper(state).load(), [{ device, lastSeenMs: 2_000, rhythm }]);
});
