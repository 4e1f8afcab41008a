import t from "tap";
import { deviceId, seriesId } from "../../appliance/model/site.ts";
import { office, type Plan, smallOffice as plans } from "../helpers/office.ts";
import { emptyDir } from "../helpers/state.ts";

const minuteMs = 60_000;
const printer = deviceId("printer");

const orders = [
  { name: "the switch first", order: ["switch-2", "printer", "ap"] },
  { name: "the devices behind it first", order: ["printer", "ap", "switch-2"] },
];
for (const { name, order } of orders) {
  t.test(`a dead switch is one incident and one message: ${name}`, async (t) => {
    const o = office({ dir: emptyDir(t), plans });
    o.dies("switch-2", "printer", "ap");
    await o.pass(20_000);
    for (const id of order) {
      o.down(id);
      await o.clock.advance(3_000);
    }
    await o.pass(5 * minuteMs);
    t.same(o.news(), ["opened: Switch 2 does not answer."]);
    t.equal(o.told[0]?.message.headline, "2 devices on Switch 2 cannot be reached since 10:00.");
    t.same(o.incidents.open()[0]?.affected, ["printer", "ap"]);
    t.equal(o.status.device(printer).state, "unreachable");
    t.equal(o.status.device(printer).sentence, "Printer 2nd floor cannot be reached (behind Switch 2).");
    o.lives("switch-2", "printer", "ap");
    await o.pass(10_000);
    for (const id of order) o.up(id);
    await o.pass(5 * minuteMs);
    t.same(o.news(), ["closed: Switch 2 does not answer."]);
    t.equal(o.status.device(printer).state, "ok");
    t.same(o.incidents.lastClosed()?.affected, ["printer", "ap"]);
    await o.stop();
  });
}

t.test("devices that are asked rarely are in the first message already", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  await o.clock.advance(5_000);
  o.poll("switch-2", "nas", "gateway");
  o.dies("switch-2", "printer", "ap");
  await o.clock.advance(10_000);
  o.poll("switch-2", "nas");
  o.down("switch-2");
  t.same(o.incidents.open()[0]?.affected, ["printer", "ap"]);
  await o.stop();
});

t.test("a dead printer behind a switch that answers is told at once", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.dies("printer");
  await o.pass(20_000);
  o.down("printer");
  await o.clock.advance(100);
  t.same(o.news(), ["opened: Printer 2nd floor does not answer."]);
  await o.stop();
});

t.test("an alert waits 20 s for the switch, no longer", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.dies("printer");
  await o.clock.advance(15_000);
  o.poll("printer");
  o.down("printer");
  await o.clock.advance(19_000);
  t.same(o.news(), [], "the switch has not been asked since");
  await o.clock.advance(2_000);
  t.same(o.news(), ["opened: Printer 2nd floor does not answer."]);
  await o.stop();
});

t.test("a switch that is found to be the cause later takes the incident over", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.dies("printer", "ap", "switch-2");
  await o.clock.advance(15_000);
  o.poll("printer", "ap", "nas", "gateway");
  o.down("printer");
  await o.clock.advance(40_000);
  t.same(o.news(), ["opened: Printer 2nd floor does not answer."]);
  await o.pass(20_000);
  o.down("switch-2");
  await o.pass(10_000);
  t.same(o.news(), ["worse: Switch 2 does not answer."]);
  t.equal(o.incidents.open().length, 1);
  t.match(o.incidents.open(), [{ id: 1, device: "switch-2", affected: ["printer", "ap"] }]);
  await o.stop();
});

t.test("what stays dead after its switch is mended becomes a problem of its own", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.dies("switch-2", "printer", "ap");
  await o.pass(20_000);
  for (const id of ["switch-2", "printer", "ap"]) o.down(id);
  await o.pass(minuteMs);
  o.news();
  o.lives("switch-2", "ap");
  await o.pass(10_000);
  o.up("switch-2");
  o.up("ap");
  await o.pass(minuteMs);
  t.same(o.news(), ["closed: Switch 2 does not answer."]);
  t.equal(o.status.device(printer).state, "unreachable", "it has time to answer");
  await o.pass(minuteMs);
  t.same(o.news(), ["opened: Printer 2nd floor does not answer."]);
  t.equal(o.status.device(printer).state, "down");
  await o.stop();
});

t.test("a device that answers although its switch is down is not counted as lost", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.dies("switch-2", "ap");
  await o.clock.advance(15_000);
  o.poll("switch-2", "ap", "gateway", "nas");
  o.down("switch-2");
  t.same(o.incidents.open()[0]?.affected, ["printer", "ap"]);
  await o.pass(2 * minuteMs);
  t.same(o.incidents.open()[0]?.affected, ["ap"]);
  t.equal(o.status.device(printer).state, "ok");
  await o.stop();
});

t.test("the router takes internet and names with it", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.dies("gateway", "internet", "names");
  await o.pass(20_000);
  for (const id of ["names", "internet", "gateway"]) o.down(id);
  await o.pass(minuteMs);
  t.same(o.news(), ["opened: Router does not answer."]);
  t.equal(
    o.told[0]?.message.headline,
    "The internet connection is down since 10:00. Your router does not answer.",
  );
  t.same(
    o.status.verdict().path.map(({ id, state }) => [id, state]),
    [
      ["box", "ok"],
      ["router", "down"],
      ["provider", "unreachable"],
      ["internet", "unreachable"],
      ["names", "unreachable"],
    ],
  );
  await o.stop();
});

t.test("the provider is blamed when the router answers", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.dies("internet", "names");
  await o.pass(30_000);
  for (const id of ["names", "internet"]) o.down(id);
  await o.pass(minuteMs);
  t.same(o.news(), ["opened: Internet does not answer."]);
  t.equal(o.status.verdict().cause.kind, "provider-down");
  await o.stop();
});

const links = [
  { name: "the system says that the link is gone", link: false },
  { name: "nothing says so of the link", link: undefined },
];
for (const { name, link } of links) {
  t.test(`a box that is cut off says so once: ${name}`, async (t) => {
    const o = office({ dir: emptyDir(t), plans });
    o.link = link;
    const all = ["gateway", "internet", "names", ...plans.map(([id]) => id)];
    o.dies(...all);
    await o.pass(20_000);
    for (const id of all) {
      o.down(id);
      await o.clock.advance(200);
    }
    await o.pass(minuteMs);
    t.same(o.news(), ["opened: The box is cut off from the network."]);
    t.equal(o.incidents.open().length, 1);
    t.equal(o.status.verdict().cause.kind, "blind");
    t.equal(o.told[0]?.message.headline, "We cannot tell: the box is cut off from the network since 10:00.");
    t.equal(o.status.device(printer).state, "unreachable");
    o.lives(...all);
    await o.pass(20_000);
    for (const id of all) o.up(id);
    await o.pass(5 * minuteMs);
    t.same(o.news(), ["closed: The box is cut off from the network."]);
    t.equal(o.status.verdict().cause.kind, "good");
    await o.stop();
  });
}

t.test("a dead router is no cut-off box while others answer", async (t) => {
  const o = office({ dir: emptyDir(t), plans });
  o.dies("gateway", "internet", "names");
  await o.pass(20_000);
  o.down("gateway");
  await o.clock.advance(1_000);
  t.same(o.news(), ["opened: Router does not answer."]);
  await o.stop();
});

t.test("150 devices behind one switch die at once: at most two messages, all in it", async (t) => {
  const many = Array.from({ length: 150 }, (_, n): Plan => [`d${n}`, `Device ${n}`, "other", "switch-2"]);
  const o = office({ dir: emptyDir(t), plans: [["switch-2", "Switch 2", "switch"], ["nas"], ...many] });
  o.dies("switch-2", ...many.map(([id]) => id));
  await o.pass(20_000);
  for (const [id] of many.slice(0, 90)) o.down(id);
  await o.clock.advance(4_000);
  o.down("switch-2");
  for (const [id] of many.slice(90)) o.down(id);
  await o.pass(5 * minuteMs);
  const news = o.news();
  t.ok(news.length <= 2, `${news.length} messages`);
  t.same(news, ["opened: Switch 2 does not answer."]);
  t.equal(o.told[0]?.message.incident.affected.length, 150);
  t.equal(o.incidents.list({ limit: 1_000 }).length, 1);
  await o.stop();
});

t.test("the power fails at every UPS: one incident, and each says its own", async (t) => {
  const o = office({
    dir: emptyDir(t),
    plans: [
      ["ups-1", "UPS rack", "ups"],
      ["ups-2", "UPS warehouse", "ups"],
    ],
  });
  const onBattery = (id: string, name: string) => ({
    device: deviceId(id),
    rule: "ups-on-battery",
    check: "threshold",
    series: seriesId(deviceId(id), "ups_source"),
    summary: `${name} runs on battery: the power has failed.`,
  });
  const over = { state: "resolved" as const, endedMs: o.clock.nowMs() + minuteMs };
  o.alert(onBattery("ups-1", "UPS rack"));
  await o.pass(20_000);
  o.alert(onBattery("ups-2", "UPS warehouse"));
  await o.pass(20_000);
  t.same(o.news(), ["opened: UPS rack runs on battery: the power has failed."]);
  t.equal(o.incidents.open().length, 1);
  t.match(o.status.device(deviceId("ups-2")), {
    state: "warning",
    sentence: "UPS warehouse runs on battery: the power has failed.",
  });
  o.alert({ ...onBattery("ups-1", "UPS rack"), ...over });
  await o.pass(10_000);
  t.equal(o.incidents.open().length, 1, "the other one still runs on battery");
  t.equal(o.status.device(deviceId("ups-1")).state, "warning");
  o.dies("ups-2");
  await o.pass(30_000);
  o.down("ups-2");
  await o.pass(30_000);
  t.same(o.news(), ["opened: UPS warehouse does not answer."], "a dead one is a problem of its own");
  o.lives("ups-2");
  await o.pass(10_000);
  o.up("ups-2");
  o.alert({ ...onBattery("ups-2", "UPS warehouse"), ...over });
  await o.pass(minuteMs);
  t.same(o.incidents.open(), []);
  await o.stop();
});
