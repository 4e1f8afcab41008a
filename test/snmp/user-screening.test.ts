import t from "tap";
import { systemClock } from "../../appliance/clock.ts";
import { Secret } from "../../appliance/model/secret.ts";
import { integerTlv, tag, tlv } from "../../appliance/snmp/ber.ts";
import { connect } from "../../appliance/snmp/connect.ts";
import { Exchange } from "../../appliance/snmp/exchange.ts";
import { SnmpFailure } from "../../appliance/snmp/reader.ts";
import { UsmUser } from "../../appliance/snmp/usm-keys.ts";
import { flag } from "../../appliance/snmp/usm-message.ts";
import { counters } from "../helpers/snmp/deps.ts";
import { response } from "../helpers/snmp/replay.ts";
import { type Bent, reportOf, reports, type UserQuestion, userAgent } from "../helpers/snmp/user-agent.ts";

const uptime = "1.3.6.1.2.1.1.3.0";
const auth = { protocol: "sha256", key: new Secret("authkey-123") } as const;
const priv = { protocol: "aes", key: new Secret("privkey-123") } as const;
const settings = { user: "watcher", auth, priv };
const good = [{ oid: uptime, value: tlv(tag.timeTicks, Buffer.of(1, 2, 3)) }];
const lie = [{ oid: uptime, value: integerTlv(666) }];
const thief = new UsmUser({ user: "watcher", auth: { ...auth, key: new Secret("another-key") }, priv });
const halfThief = new UsmUser({ user: "watcher", auth, priv: { ...priv, key: new Secret("another-key") } });

async function asking(t: { teardown(run: () => unknown): unknown }, port: number, more: object = {}) {
  const counts = counters();
  const exchange = new Exchange({ clock: systemClock, counters: counts });
  t.teardown(() => exchange.close());
  const device = await connect("127.0.0.1", { version: "3", port, ...settings, ...more }, exchange);
  return {
    device,
    reader: device.reader({ timeoutMs: 2_000, tries: 1 }),
    refused: () =>
      [...counts.all()].flatMap(([name, by]) =>
        name.startsWith("snmp_refused_") ? new Array<string>(by).fill(name.slice(13)) : [],
      ),
  };
}

interface Forgery {
  readonly name: string;
  readonly reason: string;
  readonly bytes: (make: (bent?: Bent) => Buffer, question: UserQuestion) => Buffer;
  readonly isElsewhere?: true;
}

const cut = (bytes: Buffer, at: number) => bytes.subarray(0, at);
const bent = (name: string, reason: string, how: Bent): Forgery => ({
  name,
  reason,
  bytes: (make) => make({ varbinds: lie, ...how }),
});

const forgeries: readonly Forgery[] = [
  bent("plain text", "level", { flags: 0 }),
  bent("signed but not encrypted", "level", { flags: flag.auth }),
  bent("encrypted but not signed", "malformed", { flags: flag.priv }),
  bent("another authentication key", "digest", { as: thief }),
  bent("another privacy key", "cipher", { as: halfThief }),
  bent("another user", "user", { user: "admin" }),
  bent("no user", "user", { user: "" }),
  bent("another engine", "engine", { engineId: Buffer.from("80001f8880aaaaaaaaaa", "hex") }),
  bent("no engine", "engine", { engineId: Buffer.alloc(0) }),
  bent("an engine id of 33 octets", "malformed", { engineId: Buffer.alloc(33, 1) }),
  bent("from before the last restart", "window", { boots: 4 }),
  bent("151 seconds old", "window", { seconds: 1_000 - 152 }),
  bent("the id of no question", "late", { msgId: 77 }),
  bent("another id inside", "mismatch", { requestId: 77 }),
  bent("another variable", "mismatch", { varbinds: [{ oid: "1.3.6.1.2.1.1.5.0", value: integerTlv(1) }] }),
  bent("two variables", "malformed", { varbinds: [...lie, ...lie] }),
  bent("a GET", "pdu", { type: tag.get }),
  bent("a trap", "pdu", { type: tag.trap }),
  bent("a report that is none", "report", { type: tag.report }),
  {
    name: "from another port",
    reason: "address",
    isElsewhere: true,
    bytes: (make) => make({ varbinds: lie }),
  },
  ...(["user", "digest", "level", "cipher"] as const).map(
    (kind): Forgery => ({
      name: `a plain report about ${kind}`,
      reason: "report",
      bytes: (make, { msgId }) => make({ flags: 0, pdu: reportOf(msgId, reports[kind]) }),
    }),
  ),
  {
    name: "a plain report about time",
    reason: "level",
    bytes: (make, { msgId }) => make({ flags: 0, pdu: reportOf(msgId, reports.window) }),
  },
  {
    name: "version 2c",
    reason: "level",
    bytes: (_make, { msgId }) =>
      response(
        { version: 1, community: "public", type: tag.get, id: msgId, second: 0, third: 0, oids: [] },
        lie,
      ),
  },
  ...[1, 2, 10, 30, 60, 90].map(
    (at): Forgery => ({
      name: `cut after ${at} bytes`,
      reason: "malformed",
      bytes: (make) => cut(make({ varbinds: lie }), at),
    }),
  ),
  {
    name: "one byte less",
    reason: "malformed",
    bytes: (make) => cut(make({ varbinds: lie }), make({ varbinds: lie }).length - 1),
  },
  {
    name: "one byte more",
    reason: "malformed",
    bytes: (make) => Buffer.concat([make({ varbinds: lie }), Buffer.of(0)]),
  },
  ...[0, 1, 2, 3].map(
    (bit): Forgery => ({
      name: `one bit of the last byte turned (${bit})`,
      reason: "digest",
      bytes: (make) => {
        const bytes = make({ varbinds: lie });
        const last = bytes.length - 1;
        bytes[last] = (bytes[last] as number) ^ (1 << bit);
        return bytes;
      },
    }),
  ),
];

t.test("every forged, downgraded, foreign, late or broken answer is refused and counted", async (t) => {
  let current: Forgery | undefined;
  const agent = await userAgent(settings, (question, make, send) => {
    if (current) {
      const bytes = current.bytes(make, question);
      if (current.isElsewhere) send.elsewhere(bytes);
      else send.here(bytes);
    }
    // What is sent from elsewhere must have arrived before the true answer leaves.
    setTimeout(() => send.here(make({ varbinds: good })), current?.isElsewhere ? 20 : 0);
  });
  t.teardown(() => agent.close());
  const { reader, refused } = await asking(t, agent.port);
  await reader.get([uptime]);
  const wrong: string[] = [];
  for (current of forgeries) {
    const before = refused().length;
    const [first] = await reader.get([uptime]).catch((error: Error) => [{ value: error.message }]);
    if (first?.value !== 0x010203) wrong.push(`${current.name}: read ${String(first?.value)}`);
    const reasons = refused().slice().sort();
    if (reasons.length !== before + 1 || !reasons.includes(current.reason))
      wrong.push(`${current.name}: refused ${reasons.length - before} times, expected ${current.reason}`);
  }
  t.same(wrong, [], `${forgeries.length} of ${forgeries.length} refused`);
});

t.test("an answer that comes twice counts once", async (t) => {
  const agent = await userAgent(settings, (_question, make, send) => {
    send.here(make({ varbinds: good }));
    send.here(make({ varbinds: lie }));
  });
  t.teardown(() => agent.close());
  const { reader, refused } = await asking(t, agent.port);
  await reader.get([uptime]);
  t.equal((await reader.get([uptime]))[0]?.value, 0x010203);
  t.ok(refused().filter((reason) => reason === "late").length >= 1);
});

t.test("a device that has restarted is asked on at once", async (t) => {
  const agent = await userAgent(settings, (_question, make, send) => send.here(make({ varbinds: good })));
  t.teardown(() => agent.close());
  const { reader } = await asking(t, agent.port);
  await reader.get([uptime]);
  t.equal(agent.asked(), 2, "who are you, and the question");
  agent.engine.boots++;
  agent.engine.seconds = 3;
  t.equal((await reader.get([uptime]))[0]?.value, 0x010203);
  t.equal(agent.asked(), 4, "the question, its report of the time, and the question again");
  agent.engine.seconds = 500;
  await reader.get([uptime]);
  agent.engine.seconds = 2;
  t.equal((await reader.get([uptime]))[0]?.value, 0x010203, "also one that forgets to count its starts");
  agent.engine.id = Buffer.from("80001f8880bbbbbbbbbb", "hex");
  t.equal((await reader.get([uptime]))[0]?.value, 0x010203, "also one that was replaced");
});

t.test("only a signed answer says which engine a device is", async (t) => {
  for (const [more, engineId] of [
    [{}, "80001f88801122334455"],
    [{ priv: undefined }, "80001f88801122334455"],
    [{ auth: undefined, priv: undefined }, undefined],
  ] as const) {
    const agent = await userAgent({ ...settings, ...more }, (_question, make, send) =>
      send.here(make({ varbinds: good })),
    );
    t.teardown(() => agent.close());
    const { device, reader } = await asking(t, agent.port, more);
    t.equal(device.engine, undefined, "nothing is known before");
    t.equal((await reader.get([uptime]))[0]?.value, 0x010203);
    t.equal(device.engine?.id.toString("hex"), engineId);
  }
});

t.test("a refused user is told apart from silence", async (t) => {
  const agent = await userAgent(settings, (_question, make, send) => send.here(make({ varbinds: good })));
  t.teardown(() => agent.close());
  for (const [kind, words] of [
    ["user", /refuses the SNMP user: it does not know the name/],
    ["digest", /refuses the SNMP user: the authentication key/],
    ["level", /refuses the SNMP user: it does not allow/],
    ["cipher", /refuses the SNMP user: the privacy key/],
  ] as const) {
    agent.refuse(reports[kind]);
    const { reader } = await asking(t, agent.port);
    await t.rejects(reader.get([uptime]), { reason: "auth", message: words }, kind);
  }
  agent.refuse(undefined);
  const { device } = await asking(t, agent.port);
  await device.reader({ timeoutMs: 2_000, tries: 1 }).get([uptime]);
  agent.refuse(reports.user);
  const impatient = device.reader({ timeoutMs: 60, tries: 1 });
  await t.rejects(
    impatient.get([uptime]),
    { reason: "auth", message: /SNMP user/ },
    "also one that was known before",
  );
});

t.test("a device that answers who it is and then nothing has another privacy key", async (t) => {
  const agent = await userAgent(settings, () => {});
  t.teardown(() => agent.close());
  const { device } = await asking(t, agent.port);
  const reader = device.reader({ timeoutMs: 60, tries: 1 });
  await t.rejects(reader.get([uptime]), { reason: "auth", message: /probably the privacy key/ });
});

t.test("a question ends when its signal does", async (t) => {
  const agent = await userAgent(settings, () => {});
  t.teardown(() => agent.close());
  const { device } = await asking(t, agent.port);
  const leaving = new AbortController();
  const answer = device.reader({ timeoutMs: 60_000, tries: 1 }, leaving.signal).get([uptime]);
  setImmediate(() => leaving.abort());
  const error = await answer.catch((reason: unknown) => reason);
  t.ok(error instanceof SnmpFailure && error.reason === "cancelled");
});

t.test("ids are random: 31 bits that do not repeat or grow", async (t) => {
  const ids: number[] = [];
  const agent = await userAgent(settings, ({ msgId }, make, send) => {
    ids.push(msgId);
    send.here(make({ varbinds: good }));
  });
  t.teardown(() => agent.close());
  const { reader } = await asking(t, agent.port);
  for (let k = 0; k < 64; k++) await reader.get([uptime]);
  t.equal(new Set(ids).size, 64);
  t.ok(Math.max(...ids) > 2 ** 30 && Math.min(...ids) < 2 ** 30);
  t.ok(ids.some((id, at) => at > 0 && id < (ids[at - 1] as number)));
});
