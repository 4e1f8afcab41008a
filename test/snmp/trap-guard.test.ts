import t from "tap";
import { Secret } from "../../appliance/model/secret.ts";
import { integerTlv, oidBytes, parseOid, tag, tlv } from "../../appliance/snmp/ber.ts";
import { AnswerHead } from "../../appliance/snmp/codec.ts";
import { TrapGuard } from "../../appliance/snmp/trap-guard.ts";
import type { EngineTime } from "../../appliance/snmp/usm-cipher.ts";
import { firstOid, KnownEngine } from "../../appliance/snmp/usm-engine.ts";
import { UsmUser } from "../../appliance/snmp/usm-keys.ts";
import {
  encodeSecured,
  flag,
  openScoped,
  openSecured,
  reportKind,
  SecuredHead,
} from "../../appliance/snmp/usm-message.ts";
import { damaged, encoded } from "../helpers/snmp/malformed.ts";

const known = "192.0.2.7";
const community = Buffer.from("office");
const linkDown = "1.3.6.1.6.3.1.1.5.3";
const auth = { protocol: "sha256", key: new Secret("authkey-123") } as const;
const priv = { protocol: "aes", key: new Secret("privkey-123") } as const;
const user = new UsmUser({ user: "watcher", auth, priv });
const ownId = Buffer.from("8000000005aabbccdd", "hex");
const remoteId = Buffer.from("80001f888011223344", "hex");

function guard(timeOf: (engineId: string, nowMs: number) => EngineTime | undefined = () => undefined) {
  let nowMs = 0;
  const senders = [
    { device: "switch-1", community },
    { device: "switch-1", user },
  ];
  const made = new TrapGuard({
    senders: { at: (address) => (address === known ? senders : []), ofEngine: () => [], timeOf },
    own: { id: ownId, timeAt: (ms) => ({ boots: 3, seconds: Math.floor(ms / 1_000) }) },
    monotonicMs: () => nowMs,
    mayClaim: () => true,
  });
  return {
    take: (bytes: Buffer, address = known) => made.take(bytes, address),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const oid = (text: string) => tlv(tag.oid, oidBytes(parseOid(text)));
const varbinds = (trap = linkDown) =>
  tlv(
    tag.sequence,
    encoded({ oid: "1.3.6.1.2.1.1.3.0", value: tlv(tag.timeTicks, Buffer.of(1, 2)) }),
    encoded({ oid: "1.3.6.1.6.3.1.1.4.1.0", value: oid(trap) }),
    encoded({ oid: "1.3.6.1.2.1.2.2.1.1.127", value: integerTlv(127) }),
    encoded({ oid: "1.3.6.1.2.1.2.2.1.2.127", value: tlv(tag.octets, Buffer.from("gi2")) }),
  );
const pduOf = (type: number, list = varbinds()) =>
  tlv(type, integerTlv(77), integerTlv(0), integerTlv(0), list);
const message = (version: number, pdu: Buffer, name: Uint8Array = community) =>
  tlv(tag.sequence, integerTlv(version), tlv(tag.octets, name), pdu);
const v1 = (generic = 2, specific = 0) =>
  message(
    0,
    tlv(
      tag.trapV1,
      oid("1.3.6.1.4.1.99999"),
      tlv(tag.ipAddress, Buffer.of(192, 0, 2, 7)),
      integerTlv(generic),
      integerTlv(specific),
      tlv(tag.timeTicks, Buffer.of(9)),
      tlv(tag.sequence, encoded({ oid: "1.3.6.1.2.1.2.2.1.1.127", value: integerTlv(127) })),
    ),
  );
const plain = {
  "a v1 trap": v1(),
  "a v2c trap": message(1, pduOf(tag.trap)),
  "a v2c inform": message(1, pduOf(tag.inform)),
};

interface Secured {
  readonly engineId?: Buffer;
  readonly time?: { readonly boots: number; readonly seconds: number };
  readonly flags?: number;
  readonly type?: number;
  readonly as?: UsmUser;
  readonly name?: string;
}
const secured = ({ engineId = remoteId, time, flags, type, as = user, name }: Secured = {}) =>
  encodeSecured({
    msgId: 12_345,
    flags: flags ?? flag.auth | flag.priv,
    engineId,
    time: time ?? { boots: 1, seconds: 100 },
    user: Buffer.from(name ?? "watcher"),
    context: Buffer.alloc(0),
    pdu: pduOf(type ?? tag.trap),
    keys: as.keys(engineId),
  });

t.test("every malformed trap and inform is refused without an answer", async (t) => {
  let cases = 0;
  for (const [name, bytes] of Object.entries(plain)) {
    const { take } = guard();
    t.ok(take(bytes).taken, `${name} itself is taken`);
    const wrong: string[] = [];
    for (const { name: damage, bytes: bad } of damaged(bytes)) {
      cases++;
      const { taken, refused, reply } = take(Buffer.from(bad));
      if (taken || !refused || reply) wrong.push(damage);
    }
    t.same(wrong, [], name);
  }
  const { take } = guard();
  t.ok(take(secured()).taken, "a v3 trap itself is taken");
  const wrong: string[] = [];
  for (const { name, bytes } of damaged(secured())) {
    cases++;
    const { taken, refused, reply } = take(Buffer.from(bytes));
    if (taken || !refused || reply) wrong.push(name);
  }
  t.same(wrong, [], "a v3 trap");
  t.ok(cases >= 150, `${cases} of ${cases} refused`);
});

t.test("heads and lists that cannot be are refused", async (t) => {
  const cases: [string, Buffer, string][] = [
    ["version 2c with a v1 trap", message(1, v1().subarray(15)), "malformed"],
    ["version 1 with a v2 trap", message(0, pduOf(tag.trap)), "pdu"],
    ["version 4", message(4, pduOf(tag.trap)), "version"],
    ["a response", message(1, pduOf(tag.response)), "pdu"],
    ["a GET", message(1, pduOf(tag.get)), "pdu"],
    ["a SET", message(1, pduOf(0xa3)), "pdu"],
    ["a report", message(1, pduOf(tag.report)), "pdu"],
    ["generic number 7", v1(7), "malformed"],
    ["generic number -1", v1(-1), "malformed"],
    ["specific number -1", v1(6, -1), "malformed"],
    ["no variables", message(1, pduOf(tag.trap, tlv(tag.sequence))), "malformed"],
    [
      "a name that is no OID",
      message(
        1,
        pduOf(
          tag.trap,
          tlv(
            tag.sequence,
            encoded({ oid: "1.3.6.1.6.3.1.1.4.1.0", value: tlv(tag.octets, Buffer.from("x")) }),
          ),
        ),
      ),
      "malformed",
    ],
    [
      "three hundred variables",
      message(
        1,
        pduOf(
          tag.trap,
          tlv(
            tag.sequence,
            varbinds().subarray(2),
            ...new Array(300).fill(encoded({ oid: "1.3.6", value: integerTlv(1) })),
          ),
        ),
      ),
      "malformed",
    ],
    ["another community", message(1, pduOf(tag.trap), Buffer.from("Office")), "community"],
    ["an empty community", message(1, pduOf(tag.inform), Buffer.alloc(0)), "community"],
  ];
  for (const [name, bytes, reason] of cases) {
    const { taken, refused, reply } = guard().take(bytes);
    t.same([taken, refused, reply], [undefined, reason, undefined], name);
  }
});

t.test("an inform gets its own message back as a response", async (t) => {
  const { reply } = guard().take(plain["a v2c inform"]);
  t.same(reply, message(1, pduOf(tag.response)));
  t.equal(guard().take(plain["a v2c inform"], "192.0.2.8").reply, undefined);
});

t.test("v3 traps that are downgraded, forged or old are refused", async (t) => {
  const thief = new UsmUser({ user: "watcher", auth: { ...auth, key: new Secret("another-key") }, priv });
  const halfThief = new UsmUser({ user: "watcher", auth, priv: { ...priv, key: new Secret("another-key") } });
  const cases: [string, Secured, string][] = [
    ["plain", { flags: 0 }, "level"],
    ["signed only", { flags: flag.auth }, "level"],
    ["another user", { name: "admin" }, "user"],
    ["another authentication key", { as: thief }, "digest"],
    ["another privacy key", { as: halfThief }, "cipher"],
    ["an inform for an engine that is not ours", { type: tag.inform }, "pdu"],
    ["a trap in the name of our engine", { engineId: ownId, time: { boots: 3, seconds: 0 } }, "pdu"],
    ["a response", { type: tag.response }, "pdu"],
    ["an older start", { time: { boots: 0, seconds: 900 } }, "window"],
    ["200 s back", { time: { boots: 1, seconds: 800 } }, "window"],
  ];
  for (const [name, how, reason] of cases) {
    const { take } = guard();
    take(secured({ time: { boots: 1, seconds: 1_000 } }));
    const { taken, refused, reply } = take(secured({ time: { boots: 1, seconds: 1_000 }, ...how }));
    t.same([taken, refused, reply], [undefined, reason, undefined], name);
  }
  const { take, pass } = guard();
  t.ok(take(secured()).taken);
  pass(60_000);
  t.ok(take(secured({ time: { boots: 1, seconds: 160 } })).taken);
  t.ok(take(secured({ time: { boots: 2, seconds: 1 } })).taken, "after a restart of the device");
});

t.test("an agent that forgets its starts is taken at the time that its answers tell", async (t) => {
  const polled = new KnownEngine(remoteId, { boots: 1, seconds: 90_000 }, 0);
  const { take, pass } = guard((engineId, nowMs) =>
    engineId === remoteId.toString("hex") ? polled.timeAt(nowMs) : undefined,
  );
  const at = (seconds: number, boots = 1) => take(secured({ time: { boots, seconds } }));
  t.ok(at(90_000).taken);
  pass(1_000);
  t.equal(at(5).refused, "window", "no poll has seen the restart yet");
  polled.set({ boots: 1, seconds: 20 }, 1_000);
  pass(10_000);
  t.ok(at(30).taken, "a trap of now");
  t.equal(at(30 + 151).refused, "window", "further on than its answers");
  t.equal(at(30, 0).refused, "window", "of another start");
  t.equal(at(89_000).refused, "window", "one from before the restart, again");
  pass(600_000);
  t.equal(at(30).refused, "window", "the same one later");
  t.ok(at(630).taken);
});

t.test("an inform of a user needs our engine and our time", async (t) => {
  const { take } = guard();
  const who = take(
    encodeSecured({
      msgId: 5,
      flags: flag.reportable,
      engineId: Buffer.alloc(0),
      time: { boots: 0, seconds: 0 },
      user: Buffer.alloc(0),
      context: Buffer.alloc(0),
      pdu: pduOf(tag.inform),
    }),
  );
  t.equal(who.refused, "asked");
  t.same(answerOf(who.reply), { engine: ownId.toString("hex"), flags: 0, kind: "engine" });
  const inform = { engineId: ownId, type: tag.inform, flags: flag.auth | flag.priv | flag.reportable };
  const early = take(secured({ ...inform, time: { boots: 0, seconds: 0 } }));
  t.same(answerOf(early.reply), { engine: ownId.toString("hex"), flags: flag.auth, kind: "window" });
  t.equal(
    take(secured({ ...inform, time: { boots: 0, seconds: 0 }, flags: flag.auth | flag.priv })).reply,
    undefined,
  );
  t.ok(take(secured({ ...inform, time: { boots: 3, seconds: 0 } })).reply);
  t.equal(take(secured({ ...inform, time: { boots: 3, seconds: 0 } }), "192.0.2.8").reply, undefined);
});

function answerOf(reply: Buffer | undefined) {
  if (!reply) return undefined;
  const head = new SecuredHead();
  openSecured(reply, head);
  const pdu = new AnswerHead();
  openScoped(reply, pdu, { ...head.data, pads: false });
  return {
    engine: reply.subarray(head.engine.from, head.engine.to).toString("hex"),
    flags: head.flags,
    kind: reportKind(firstOid(reply, pdu)),
  };
}
