import t from "tap";
import { deviceId } from "../../appliance/model/site.ts";
import { office, smallOffice as plans } from "../helpers/office.ts";
import { emptyDir } from "../helpers/state.ts";

const minuteMs = 60_000;
const printer = deviceId("printer");

const hot = (device = printer) =>
  ({
    device,
    rule: "hot",
    check: "threshold",
    severity: "warning",
    summary: "It is hot.",
  }) as const;

t.test("one device down and up: one message each, with its times", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.dies("nas");
  await o.pass(30_000);
  const beganMs = o.clock.nowMs() - 20_000;
  o.down("nas");
  await o.pass(minuteMs);
  t.same(o.news(), ["opened: NAS does not answer."]);
  t.equal(o.told[0]?.message.headline, "NAS is down since 10:00. Everything else works.");
  const [incident] = o.incidents.open();
  t.match(incident, { device: "nas", deviceState: "down", state: "open", startedMs: beganMs, affected: [] });
  o.lives("nas");
  await o.pass(10_000);
  o.up("nas");
  await o.pass(minuteMs);
  t.same(o.news(), ["closed: NAS does not answer."]);
  t.same(o.incidents.open(), []);
  t.match(o.incidents.lastClosed(), { id: incident?.id, state: "closed", startedMs: beganMs });
  t.same(
    o.incidents.get(incident?.id ?? 0)?.timeline.map(({ kind }) => kind),
    ["started", "confirmed", "told", "recovered", "closed", "told"],
  );
  t.match(
    o.incidents.get(incident?.id ?? 0)?.timeline.find(({ kind }) => kind === "recovered"),
    { text: "NAS answers again." },
    "not that it does not answer",
  );
  await o.stop();
});

t.test("further alerts of the device join, and getting worse is told once", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.alert(hot());
  await o.pass(10_000);
  o.alert({ ...hot(), rule: "toner", summary: "Toner is low.", severity: "warning" });
  await o.pass(10_000);
  t.same(o.news(), ["opened: It is hot."]);
  t.equal(o.incidents.open().length, 1);
  t.equal(o.incidents.open()[0]?.alerts.length, 2);
  o.dies("printer");
  await o.pass(20_000);
  o.down("printer");
  await o.pass(30_000);
  t.same(o.news(), ["worse: Printer 2nd floor does not answer."]);
  t.match(o.incidents.open(), [{ deviceState: "down", severity: "critical" }]);
  o.lives("printer");
  await o.pass(10_000);
  o.up("printer");
  t.match(o.incidents.open(), [{ deviceState: "warning", severity: "warning" }]);
  o.alert({ ...hot(), state: "resolved", endedMs: o.clock.nowMs() });
  o.alert({ ...hot(), rule: "toner", state: "resolved", endedMs: o.clock.nowMs() });
  await o.pass(10_000);
  t.equal(o.incidents.open().length, 0);
  t.same(o.news(), ["closed: Printer 2nd floor does not answer."]);
  await o.stop();
});

t.test("a flapping device is one incident, and silent until it has been well for 5 minutes", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  const flap = async () => {
    o.dies("nas");
    await o.pass(20_000);
    o.down("nas");
    await o.pass(20_000);
    o.lives("nas");
    await o.pass(10_000);
    o.up("nas");
    await o.pass(10_000);
  };
  await flap();
  await flap();
  t.same(o.news(), [
    "opened: NAS does not answer.",
    "closed: NAS does not answer.",
    "worse: NAS does not answer.",
  ]);
  for (let n = 0; n < 10; n++) await flap();
  t.same(o.news(), [], "no word while it flaps");
  t.match(
    o.status.device(deviceId("nas")),
    { state: "warning", sentence: /^NAS is well again; it is watched/ },
    "it answers now: nobody says that it is down",
  );
  t.match(o.status.verdict(), { state: "warning", cause: { kind: "warnings" } });
  const endedMs = o.incidents.open()[0]?.alerts[0]?.endedMs;
  await o.pass(5 * minuteMs);
  t.same(o.news(), ["closed: NAS does not answer."]);
  t.match(o.incidents.lastClosed(), { id: 1, endedMs });
  t.equal(o.incidents.list({ limit: 10 }).length, 1);
  await o.stop();
});

t.test("acknowledge and note", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.alert(hot());
  const changed: number[] = [];
  o.incidents.onChange((id) => changed.push(id));
  const taken = o.incidents.acknowledge(1, "Anna\u202e (IT)", "on my way\nsoon");
  t.match(taken.acknowledged, { by: "Anna (IT)", note: "on my way soon" });
  o.incidents.note(1, "Anna", "x".repeat(5_000));
  t.equal(o.incidents.get(1)?.timeline.at(-1)?.text.length, 2_000);
  t.same(changed, [1, 1]);
  t.throws(() => o.incidents.acknowledge(7, "Anna"), { code: "NOT_FOUND" });
  o.alert({ ...hot(), state: "resolved", endedMs: o.clock.nowMs() });
  t.throws(() => o.incidents.acknowledge(1, "Anna"), { code: "CONFLICT" });
  t.match(o.incidents.note(1, "Anna", "was the fan").timeline.at(-1), { kind: "note", by: "Anna" });
  await o.stop();
});

t.test("open incidents go on after a restart with their times, and say nothing again", async (t) => {
  const dir = emptyDir(t);
  const first = office({ dir, plans });
  first.dies("switch-2", "printer", "ap");
  await first.pass(20_000);
  for (const id of ["switch-2", "printer", "ap"]) first.down(id);
  await first.pass(minuteMs);
  const before = first.incidents.open();
  t.equal(first.news().length, 1);
  t.same(
    first.incidents.firing().map(({ key }) => key),
    ["down/switch-2"],
  );
  await first.stop();
  const o = office({ dir, plans, clock: first.clock, dead: ["switch-2", "printer", "ap"] });
  t.same(o.incidents.open(), before);
  await o.pass(20_000);
  for (const id of ["printer", "switch-2", "ap"]) o.down(id);
  await o.pass(5 * minuteMs);
  t.same(o.news(), []);
  t.match(o.incidents.open(), [{ id: 1, startedMs: before[0]?.startedMs, affected: ["printer", "ap"] }]);
  o.lives("switch-2", "printer", "ap");
  await o.pass(10_000);
  o.up("switch-2");
  await o.pass(10_000);
  t.same(o.news(), ["closed: Switch 2 does not answer."]);
  await o.stop();
});
