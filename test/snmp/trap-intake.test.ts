import t from "tap";
import { Secret } from "../../appliance/model/secret.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { integerTlv, oidBytes, parseOid, tag, tlv } from "../../appliance/snmp/ber.ts";
import { TrapIntake } from "../../appliance/snmp/trap-intake.ts";
import { SenderBook } from "../../appliance/snmp/trap-senders.ts";
import { KnownEngine } from "../../appliance/snmp/usm-engine.ts";
import { UsmUser } from "../../appliance/snmp/usm-keys.ts";
import { encodeSecured, flag } from "../../appliance/snmp/usm-message.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { counters } from "../helpers/snmp/deps.ts";
import { encoded } from "../helpers/snmp/malformed.ts";
import { sendingTarget } from "../helpers/snmp/traps.ts";

const switchId = deviceId("switch-1");
const engineId = Buffer.from("80001f888011223344", "hex");
const auth = { protocol: "sha256", key: new Secret("authkey-123") } as const;
const user = new UsmUser({ user: "watcher", auth });
const thief = new UsmUser({ user: "watcher", auth: { ...auth, key: new Secret("another-key") } });
const own = "192.0.2.7";
const elsewhere = "192.0.2.99";

async function intake(t: { teardown(run: () => unknown): unknown }) {
  const clock = fakeClock();
  const counts = counters();
  const target = sendingTarget(own, { version: "3", user: "watcher", auth }, switchId);
  const engine = new KnownEngine(engineId, { boots: 1, seconds: 100 }, clock.monotonicMs());
  const senders = new SenderBook(
    () => [target],
    new Map([[engineId.toString("hex"), { device: switchId, engine }]]),
  );
  await senders.refresh();
  const made = new TrapIntake({
    clock,
    counters: counts,
    senders,
    own: { id: Buffer.from("8000000005aabbccdd", "hex"), timeAt: () => ({ boots: 1, seconds: 0 }) },
    device: () => undefined,
    names: () => new Map(),
    tell: () => undefined,
    poll: () => undefined,
    rate: 1,
    burst: 2,
  });
  t.teardown(() => made.stop());
  return {
    clock,
    take: (bytes: Buffer, address: string) => void made.take(bytes, address),
    count: (name: string) => counts.all().get(name) ?? 0,
  };
}

const trap = encoded({
  oid: "1.3.6.1.6.3.1.1.4.1.0",
  value: tlv(tag.oid, oidBytes(parseOid("1.3.6.1.6.3.1.1.5.3"))),
});
const uptime = encoded({ oid: "1.3.6.1.2.1.1.3.0", value: tlv(tag.timeTicks, Buffer.of(1)) });
const signed = (as: UsmUser, engine = engineId) =>
  encodeSecured({
    msgId: 1,
    flags: flag.auth,
    engineId: engine,
    time: { boots: 1, seconds: 100 },
    user: as.name,
    context: as.context,
    pdu: tlv(tag.trap, ...[integerTlv(7), integerTlv(0), integerTlv(0)], tlv(tag.sequence, uptime, trap)),
    keys: as.keys(engine),
  });

t.test("whoever names a known engine uses up a budget before a signature is looked at", async (t) => {
  const { take, count, clock } = await intake(t);
  for (let k = 0; k < 10; k++) take(signed(thief), `198.51.100.${k}`);
  t.equal(count("traps_refused_digest"), 2, "two are looked at");
  t.equal(count("traps_refused_rate"), 8);
  take(signed(user), elsewhere);
  t.equal(count("traps_taken"), 0, "also the true device, from an address that is not its own");
  take(signed(user), own);
  t.equal(count("traps_taken"), 1, "its own address has a budget of its own");
  await clock.advance(1_000);
  take(signed(user), elsewhere);
  t.equal(count("traps_taken"), 2, "and a second later one more");
});

t.test("who names no known engine costs no budget", async (t) => {
  const { take, count } = await intake(t);
  for (let k = 0; k < 10; k++) take(signed(thief, Buffer.from("80001f8880ffffffff", "hex")), elsewhere);
  t.equal(count("traps_refused_address"), 10);
  take(signed(user), elsewhere);
  t.equal(count("traps_taken"), 1);
});
