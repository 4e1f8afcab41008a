import t from "tap";
import type { Notifier, OutMessage } from "../../appliance/model/contracts.ts";
import { NotifyError } from "../../appliance/model/errors.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { office, type Plan } from "../helpers/office.ts";
import { emptyDir } from "../helpers/state.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
const plans: readonly Plan[] = [
  ["nas", "NAS", "nas"],
  ["ups", "UPS", "ups"],
];
const nas = deviceId("nas");
const hot = { rule: "hot", check: "threshold", severity: "warning", summary: "It is hot." } as const;

/** A channel that does as it is told; keeps what it was given. */
function channel(clock: { nowMs(): number }) {
  const tries: { id: string; change: string; summary: string; atMs: number }[] = [];
  const state: { fail?: () => Error | undefined; hangs?: boolean } = {};
  const notifier: Notifier = {
    async send({ id, change, incident }: OutMessage) {
      tries.push({ id, change, summary: incident.summary, atMs: clock.nowMs() });
      if (state.hangs) await new Promise(() => undefined);
      const error = state.fail?.();
      if (error) throw error;
    },
  };
  return { tries, state, notifier };
}

const unreached = () => new NotifyError("no connection", true, { reached: false });
const busy = () => new NotifyError("HTTP 500", true);

/** An office with channels by name, over the same clock. */
function withChannels(dir: string, names: readonly string[], clock?: Parameters<typeof office>[0]["clock"]) {
  const late: { clock?: { nowMs(): number } } = {};
  const channels = new Map(names.map((name) => [name, channel({ nowMs: () => late.clock?.nowMs() ?? 0 })]));
  const o = office({
    dir,
    plans,
    notifiers: new Map([...channels].map(([name, { notifier }]) => [name, notifier])),
    ...(clock ? { clock } : {}),
  });
  late.clock = o.clock;
  const of = (name: string) => channels.get(name) ?? channel(o.clock);
  return { o, of };
}

t.test("a rule that names channels tells only them", async (t) => {
  const { o, of } = withChannels(emptyDir(t), ["mail", "hook"]);
  o.alert({ device: nas, ...hot, tell: ["hook"] });
  await o.clock.advance(1_000);
  t.equal(of("mail").tries.length, 0);
  t.equal(of("hook").tries.length, 1);
  o.alert({ device: nas, ...hot, tell: ["hook"], state: "resolved", endedMs: o.clock.nowMs() });
  await o.clock.advance(1_000);
  t.equal(of("mail").tries.length, 0, "who was not told of the beginning hears nothing of the end");
  t.equal(of("hook").tries.length, 2);
  await o.stop();
});

t.test("information is kept, not sent", async (t) => {
  const { o, of } = withChannels(emptyDir(t), ["mail"]);
  o.alert({ device: nas, ...hot, severity: "info" });
  o.alert({ device: nas, ...hot, severity: "info", state: "resolved", endedMs: o.clock.nowMs() });
  await o.clock.advance(1_000);
  t.equal(of("mail").tries.length, 0);
  t.equal(o.incidents.list({ limit: 5 }).length, 1);
  await o.stop();
});

t.test("a receiver that answers with errors gets five tries, each wait twice the last", async (t) => {
  const { o, of } = withChannels(emptyDir(t), ["mail", "hook"]);
  const mail = of("mail");
  mail.state.fail = busy;
  const beganMs = o.clock.nowMs();
  o.alert({ device: nas, ...hot });
  for (let n = 0; n < 60; n++) await o.clock.advance(minuteMs);
  const tries = mail.tries.filter(({ summary }) => summary === "It is hot.");
  t.same(
    tries.map(({ atMs }) => (atMs - beganMs) / minuteMs),
    [0, 1, 3, 7, 15],
  );
  t.equal(new Set(tries.map(({ id }) => id)).size, 1, "each try has the same id");
  t.match(o.dispatch.problems(), [{ part: "notify.mail", sinceMs: beganMs }]);
  t.match(of("hook").tries.at(-1), { summary: 'Messages by "mail" cannot be sent.' }, "the others are told");
  t.equal(mail.tries.length, 5, "a dead channel is not told of itself");
  t.match(o.keepers.outbox.ofIncident(1)[0], { state: "failed", tries: 5, error: "HTTP 500" });
  t.match(o.incidents.get(1)?.timeline.at(-1), { kind: "failed" });
  delete mail.state.fail;
  o.alert({ device: deviceId("ups"), ...hot });
  await o.clock.advance(1_000);
  t.same(o.dispatch.problems(), []);
  t.match(of("hook").tries.at(-1), { change: "closed", summary: 'Messages by "mail" cannot be sent.' });
  await o.stop();
});

t.test("what the receiver refuses for good is not tried again", async (t) => {
  const { o, of } = withChannels(emptyDir(t), ["mail"]);
  of("mail").state.fail = () => new NotifyError("HTTP 404", false);
  o.alert({ device: nas, ...hot });
  for (let n = 0; n < 60; n++) await o.clock.advance(minuteMs);
  t.equal(of("mail").tries.length, 1);
  await o.stop();
});

t.test("a hanging channel never delays another, and is cut after 10 s", async (t) => {
  const { o, of } = withChannels(emptyDir(t), ["mail", "hook"]);
  of("mail").state.hangs = true;
  for (const id of ["nas", "ups"]) o.alert({ device: deviceId(id), ...hot });
  await o.clock.advance(0);
  t.equal(of("hook").tries.length, 2);
  t.equal(of("mail").tries.length, 1);
  await o.clock.advance(10_000);
  t.equal(of("mail").tries.length, 2, "the second message had its turn");
  await o.stop();
});

t.test(
  "no line for hours: nothing is lost, each open problem is told within a minute of its return",
  async (t) => {
    const { o, of } = withChannels(emptyDir(t), ["mail"]);
    const mail = of("mail");
    mail.state.fail = unreached;
    o.alert({ device: nas, ...hot });
    o.alert({ device: deviceId("ups"), ...hot, summary: "UPS is hot." });
    for (let n = 0; n < 300; n++) await o.clock.advance(minuteMs);
    t.ok(o.dispatch.problems().length === 1);
    delete mail.state.fail;
    mail.tries.length = 0;
    await o.clock.advance(minuteMs);
    t.same(
      mail.tries.map(({ change, summary }) => `${change}: ${summary}`),
      ["opened: It is hot.", "opened: UPS is hot."],
    );
    await o.stop();
  },
);

t.test("what began and ended without a line is one message with both times", async (t) => {
  const { o, of } = withChannels(emptyDir(t), ["mail"]);
  const mail = of("mail");
  mail.state.fail = unreached;
  const beganMs = o.clock.nowMs();
  o.alert({ device: nas, ...hot, startedMs: beganMs });
  await o.clock.advance(30 * minuteMs);
  o.alert({ device: nas, ...hot, state: "resolved", endedMs: o.clock.nowMs() });
  await o.clock.advance(30 * minuteMs);
  delete mail.state.fail;
  mail.tries.length = 0;
  await o.clock.advance(2 * minuteMs);
  t.same(
    mail.tries.map(({ change }) => change),
    ["closed"],
  );
  const sent = o.keepers.outbox.ofIncident(1).filter(({ state }) => state === "sent");
  t.match(sent, [
    { change: "closed", message: { incident: { startedMs: beganMs, endedMs: beganMs + 30 * minuteMs } } },
  ]);
  t.match(o.keepers.outbox.ofIncident(1)[0], { change: "opened", state: "dropped" });
  await o.stop();
});

t.test("without a line a message waits seven days, then it is given up and said", async (t) => {
  const { o, of } = withChannels(emptyDir(t), ["mail"]);
  of("mail").state.fail = unreached;
  o.alert({ device: nas, ...hot });
  await o.clock.advance(0);
  // The wall clock is set on: the monotonic one shows that no try is late because of it.
  o.clock.jump(6 * dayMs);
  await o.clock.advance(minuteMs);
  t.match(o.keepers.outbox.ofIncident(1), [{ state: "waiting" }]);
  o.clock.jump(2 * dayMs);
  await o.clock.advance(minuteMs);
  t.match(o.keepers.outbox.ofIncident(1), [{ state: "failed" }]);
  await o.stop();
});

t.test("the end never overtakes the beginning", async (t) => {
  const { o, of } = withChannels(emptyDir(t), ["mail"]);
  const mail = of("mail");
  mail.state.hangs = true;
  o.alert({ device: nas, ...hot });
  await o.clock.advance(0);
  o.alert({ device: nas, ...hot, state: "resolved", endedMs: o.clock.nowMs() });
  mail.state.hangs = false;
  await o.clock.advance(10_000);
  t.same(
    mail.tries.map(({ change }) => change),
    ["opened"],
    "the first is cut off and waits for its next try",
  );
  await o.clock.advance(minuteMs);
  t.same(
    mail.tries.map(({ change }) => change),
    ["opened", "closed"],
  );
  await o.stop();
});

t.test("a restart in the middle: what waits is sent, what was sent is not sent again", async (t) => {
  const dir = emptyDir(t);
  const before = withChannels(dir, ["mail", "hook"]);
  before.of("mail").state.fail = unreached;
  before.o.alert({ device: nas, ...hot });
  await before.o.clock.advance(minuteMs);
  t.equal(before.of("hook").tries.length, 1);
  const { clock } = before.o;
  await before.o.stop();
  const { o, of } = withChannels(dir, ["mail", "hook"], clock);
  await o.clock.advance(minuteMs);
  t.same(
    of("mail").tries.map(({ id }) => id),
    [before.of("mail").tries[0]?.id],
    "with the same id",
  );
  t.equal(of("hook").tries.length, 0);
  await o.clock.advance(10 * minuteMs);
  t.equal(of("mail").tries.length, 1);
  await o.stop();
});

t.test("a crash while sending repeats a message once, not twice", async (t) => {
  const dir = emptyDir(t);
  const crashes: string[] = [];
  let clock: Parameters<typeof office>[0]["clock"];
  for (let start = 0; start < 4; start++) {
    const { o, of } = withChannels(dir, ["mail"], clock);
    clock = o.clock;
    of("mail").state.hangs = true;
    if (start === 0) o.alert({ device: nas, ...hot });
    await o.clock.advance(1_000);
    crashes.push(...of("mail").tries.map(({ id }) => id));
    // The process is gone in the middle of sending: nothing more is written.
    o.incidents.stop();
    o.status.stop();
    o.keepers.close();
  }
  t.equal(crashes.length, 2);
  t.equal(new Set(crashes).size, 1);
});

t.test("messages of a channel that is no longer configured are dropped", async (t) => {
  const dir = emptyDir(t);
  const before = withChannels(dir, ["mail"]);
  before.of("mail").state.fail = unreached;
  before.o.alert({ device: nas, ...hot });
  await before.o.clock.advance(1_000);
  const { clock } = before.o;
  await before.o.stop();
  const { o } = withChannels(dir, ["hook"], clock);
  t.match(o.keepers.outbox.ofIncident(1), [{ state: "dropped" }]);
  await o.stop();
});

t.test("a state.db that cannot be written does not keep people from being told", async (t) => {
  const { o, of } = withChannels(emptyDir(t), ["mail"]);
  o.keepers.state.db.pragma("query_only = 1");
  o.alert({ device: nas, ...hot });
  await o.clock.advance(1_000);
  t.equal(of("mail").tries.length, 1);
  t.equal(o.incidents.open().length, 1);
  o.keepers.state.db.pragma("query_only = 0");
  o.incidents.note(1, "Anna", "it was the disk");
  t.match(o.keepers.incidents.get(1), { summary: "It is hot.", state: "open" }, "it is kept later");
  await o.stop();
});

t.test("a test message goes out at once and says that it is one", async (t) => {
  const { o, of } = withChannels(emptyDir(t), ["mail"]);
  await o.dispatch.test("mail");
  t.match(of("mail").tries, [{ change: "test", summary: /test/ }]);
  of("mail").state.fail = busy;
  await t.rejects(o.dispatch.test("mail"), { name: "NotifyError", message: "HTTP 500" });
  await t.rejects(o.dispatch.test("fax"), { code: "NOT_FOUND" });
  await o.stop();
});

t.test(
  "a dead channel says so only once while the internet works, and not at all while it does not",
  async (t) => {
    const { o, of } = withChannels(emptyDir(t), ["mail", "hook"]);
    of("mail").state.fail = unreached;
    o.dies("internet", "names");
    await o.pass(30_000);
    o.down("internet");
    await o.pass(60 * minuteMs);
    t.equal(of("hook").tries.length, 1, "the internet, not the channel");
    o.lives("internet", "names");
    await o.pass(10_000);
    o.up("internet");
    await o.pass(60 * minuteMs);
    t.same(
      of("hook").tries.map(({ summary }) => summary),
      ["Internet does not answer.", "Internet does not answer.", 'Messages by "mail" cannot be sent.'],
    );
    await o.stop();
  },
);
