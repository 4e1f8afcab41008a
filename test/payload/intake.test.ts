import t from "tap";
import { dialect as generic } from "../../appliance/dialects/generic.ts";
import { createCounters } from "../../appliance/engine/counters.ts";
import type { Message } from "../../appliance/model/contracts.ts";
import { createDialects, createIntake } from "../../appliance/payload/intake.ts";

function said(topic: string, from?: string): Message {
  const payload = Buffer.from('{"temperature":-18}');
  return { topic, payload, retained: false, receivedAtMs: 0, ...(from === undefined ? {} : { from }) };
}

function intakeOf(behind?: string) {
  return createIntake(createDialects(new Map([["generic", generic]]), {}), createCounters(), behind);
}

t.test("who speaks under a credential of its own is invited, and that is said once", async (t) => {
  const intake = intakeOf();
  const first = intake.take(said("site/freezer/climate", "freezer"));
  t.match(
    first.find(({ record }) => record === "describe"),
    { device: "json:site/freezer/climate", isInvited: true },
  );
  const again = intake.take(said("site/freezer/climate", "freezer"));
  t.equal(again.length, 1, "the sample alone");
});

t.test("nobody else is invited", async (t) => {
  const isInvited = (intake: ReturnType<typeof intakeOf>, message: Message) =>
    intake.take(message).some((one) => one.record === "describe" && one.isInvited);
  t.notOk(isInvited(intakeOf(), said("site/attic/climate", "bridge")), "a bridge speaks for it");
  t.notOk(isInvited(intakeOf(), said("site/attic/climate")), "replayed: by whom is not known");
  t.notOk(isInvited(intakeOf("mqtt-broker:far"), said("site/attic/climate", "attic")), "a foreign broker");
});

t.test("what a box of ours publishes is nobody's", async (t) => {
  const counters = createCounters();
  const intake = createIntake(createDialects(new Map([["generic", generic]]), {}), counters);
  for (const topic of [
    "porchlight/berlin/devices/nas/state",
    "homeassistant/device/porchlight_berlin_nas/config",
  ])
    t.same(intake.take(said(topic)), []);
  t.equal(counters.all().get("mqtt_own_messages"), 2);
});
