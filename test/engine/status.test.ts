import t from "tap";
import { deviceId } from "../../appliance/model/site.ts";
import { office, type Plan } from "../helpers/office.ts";
import { emptyDir } from "../helpers/state.ts";

const minuteMs = 60_000;
const plans: readonly Plan[] = [["nas", "NAS", "nas"]];
const nas = deviceId("nas");
const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

t.test("a span begins with the first missed answer and ends with the end of the problem", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  const startMs = o.clock.nowMs();
  await o.pass(minuteMs);
  o.dies("nas");
  await o.pass(30_000);
  o.down("nas");
  await o.pass(minuteMs);
  o.lives("nas");
  await o.pass(10_000);
  o.up("nas");
  const endMs = o.clock.nowMs();
  await o.pass(minuteMs);
  t.same(o.status.spans(nas, all), [
    { state: "ok", fromMs: startMs, toMs: startMs + 70_000 },
    { state: "down", fromMs: startMs + 70_000, toMs: endMs },
    { state: "ok", fromMs: endMs },
  ]);
  await o.stop();
});

t.test("a stopped poller is never green", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  await o.pass(minuteMs);
  t.equal(o.status.device(nas).state, "ok");
  t.equal(o.status.verdict().cause.kind, "good");
  // Nobody polls any more.
  await o.clock.advance(4 * minuteMs);
  t.match(o.status.device(nas), { state: "unknown", sentence: "There is no fresh answer from NAS." });
  t.match(o.status.verdict(), { state: "unknown", cause: { kind: "box-sick" } });
  await o.pass(10_000);
  await o.clock.advance(2_000);
  t.equal(o.status.device(nas).state, "ok");
  await o.stop();
});

t.test("a device that misses answers without any rule for it does not stay green", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.dies("nas");
  await o.pass(minuteMs);
  t.equal(o.status.device(nas).state, "ok");
  await o.pass(2 * minuteMs);
  t.equal(o.status.device(nas).state, "unknown");
  await o.stop();
});

t.test("changes are told once, and only changes", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  await o.pass(10_000);
  let told = 0;
  const stop = o.status.onChange(() => told++);
  await o.pass(minuteMs);
  t.equal(told, 0);
  o.dies("nas");
  await o.pass(30_000);
  o.down("nas");
  o.alert({ device: nas, rule: "hot", check: "threshold", severity: "warning", summary: "It is hot." });
  await o.clock.advance(1_000);
  t.equal(told, 1);
  t.match(o.status.device(nas), { state: "down", sentence: "NAS does not answer.", incident: 1 });
  o.incidents.acknowledge(1, "Anna");
  t.equal(o.status.device(nas).acknowledgedBy, "Anna");
  stop();
  await o.stop();
});

t.test("while the box was off nobody knows", async (t) => {
  const dir = emptyDir(t);
  const first = office({ dir, plans });
  const startMs = first.clock.nowMs();
  await first.pass(minuteMs);
  await first.stop();
  const lastAliveMs = first.clock.nowMs();
  await first.clock.advance(60 * minuteMs);
  const againMs = first.clock.nowMs();
  const o = office({ dir, plans, clock: first.clock, lastAliveMs });
  await o.pass(minuteMs);
  t.same(o.status.spans(nas, all), [
    { state: "ok", fromMs: startMs, toMs: lastAliveMs },
    { state: "unknown", fromMs: lastAliveMs, toMs: againMs },
    { state: "ok", fromMs: againMs },
  ]);
  await o.stop();
});

t.test("an unknown id is answered, not thrown", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  t.match(o.status.device(deviceId("nobody")), { state: "unknown" });
  await o.stop();
});
