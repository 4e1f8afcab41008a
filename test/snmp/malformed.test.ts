import t from "tap";
import { systemClock } from "../../appliance/clock.ts";
import { integerTlv, tag, tlv } from "../../appliance/snmp/ber.ts";
import { Walker } from "../../appliance/snmp/walk.ts";
import { malformedAnswers } from "../helpers/snmp/malformed.ts";
import { type Question, type Recorded, response } from "../helpers/snmp/replay.ts";
import { asking, scriptedAgent } from "../helpers/snmp/scripted.ts";

const uptime = "1.3.6.1.2.1.1.3.0";
const descr = "1.3.6.1.2.1.1.1.0";
const good: Recorded[] = [
  { oid: uptime, value: tlv(tag.timeTicks, Buffer.of(1, 2, 3)) },
  { oid: descr, value: tlv(tag.octets, Buffer.from("a switch")) },
];
const sample: Question = {
  version: 1,
  community: "public",
  type: tag.get,
  id: 0x01234567,
  second: 0,
  third: 0,
  oids: [uptime, descr],
};

t.test("every malformed answer is refused and counted, and the good one after it is taken", async (t) => {
  const cases = malformedAnswers(sample, good).length;
  t.ok(cases >= 150, `${cases} cases`);
  let current = 0;
  const agent = await scriptedAgent((question, send) => {
    send((malformedAnswers(question, good)[current] as { bytes: Buffer }).bytes);
    send(response(question, good));
  });
  t.teardown(() => agent.close());
  const wrong: string[] = [];
  for (current = 0; current < cases; current++) {
    const { name } = malformedAnswers(sample, good)[current] as { name: string };
    const { reader, refused, close } = asking(agent.port);
    const varbinds = await reader.get([uptime, descr]);
    const [first] = varbinds;
    // A datagram of no bytes reaches some systems' sockets as nothing at all.
    if (refused() !== 1 && name !== "nothing") wrong.push(`${name}: refused ${refused()} times`);
    if (first?.value !== 0x010203) wrong.push(`${name}: read ${String(first?.value)}`);
    close();
  }
  t.same(wrong, [], `${cases} of ${cases} refused`);
});

t.test(
  "an answer from another port, or with the id of a request already answered, is not taken",
  async (t) => {
    const forged = [{ oid: uptime, value: integerTlv(666) }];
    const agent = await scriptedAgent((question, send, port) => {
      agent.fromElsewhere(response(question, forged), port);
      // The forged one must have arrived before the true one leaves.
      setTimeout(() => {
        send(response(question, good.slice(0, 1)));
        send(response(question, forged));
      }, 20);
    });
    t.teardown(() => agent.close());
    const { reader, count, close } = asking(agent.port);
    t.teardown(close);
    const [first] = await reader.get([uptime]);
    t.equal(first?.value, 0x010203);
    t.equal(count("snmp_refused_address"), 1);
    await reader.get([uptime]);
    t.ok(count("snmp_refused_late") >= 1);
  },
);

t.test("values with an impossible size are left out alone", async (t) => {
  const cases: [string, Buffer, unknown][] = [
    ["Counter32 of one byte", tlv(tag.counter32, Buffer.of(7)), 7],
    ["Counter32 of four bytes with a high bit", tlv(tag.counter32, Buffer.alloc(4, 0xff)), 4_294_967_295],
    ["Counter32 of five bytes", tlv(tag.counter32, Buffer.of(0, 255, 255, 255, 255)), 4_294_967_295],
    ["Counter32 of five bytes that is too large", tlv(tag.counter32, Buffer.of(1, 0, 0, 0, 0)), null],
    ["Counter32 of six bytes", tlv(tag.counter32, Buffer.of(0, 0, 0, 0, 0, 1)), null],
    ["Counter32 of no bytes", tlv(tag.counter32), null],
    ["Counter64 above 2^53", tlv(tag.counter64, Buffer.of(0x40, 0, 0, 0, 0, 0, 0, 1)), 4611686018427387905n],
    [
      "Counter64 of nine bytes",
      tlv(tag.counter64, Buffer.of(0, 255, 255, 255, 255, 255, 255, 255, 255)),
      18446744073709551615n,
    ],
    ["Counter64 of ten bytes", tlv(tag.counter64, Buffer.alloc(10, 0)), null],
    ["Counter64 of no bytes", tlv(tag.counter64), null],
    ["INTEGER below zero", tlv(tag.integer, Buffer.of(0xff)), -1],
    ["INTEGER of five bytes", tlv(tag.integer, Buffer.alloc(5, 1)), null],
    ["INTEGER of no bytes", tlv(tag.integer), null],
    ["IpAddress of four bytes", tlv(tag.ipAddress, Buffer.of(10, 0, 0, 1)), "10.0.0.1"],
    ["IpAddress of five bytes", tlv(tag.ipAddress, Buffer.of(10, 0, 0, 1, 2)), null],
    ["OID that is broken", tlv(tag.oid, Buffer.of(0x2b, 0x86)), null],
  ];
  for (const [name, value, expected] of cases) {
    const agent = await scriptedAgent((question, send) =>
      send(response(question, [{ oid: uptime, value }, ...good.slice(1)])),
    );
    const { reader, close } = asking(agent.port);
    const [odd, other] = await reader.get([uptime, descr]);
    t.equal(odd?.value, expected, name);
    t.same(other?.value, Buffer.from("a switch"), `${name}: its neighbour`);
    close();
    await agent.close();
  }
});

t.test("walks of agents that lie end, and keep what was honest", async (t) => {
  const column = "1.3.6.1.2.1.2.2.1.10";
  const row = (index: number): Recorded => ({ oid: `${column}.${index}`, value: integerTlv(index) });
  const cases: [
    string,
    (question: Question, asked: number) => Recorded[],
    { rows: number; cut: string | undefined; most: number },
  ][] = [
    ["the same row for ever", () => [row(1)], { rows: 1, cut: "order", most: 2 }],
    ["two rows in turn", (_question, asked) => [row(2 - (asked % 2))], { rows: 2, cut: "order", most: 4 }],
    ["backwards", (_question, asked) => [row(100 - asked)], { rows: 1, cut: "order", most: 3 }],
    [
      "out of the column backwards",
      () => [row(1), { oid: "1.3.6.1.2.1.1.1.0", value: integerTlv(1) }],
      { rows: 1, cut: "order", most: 1 },
    ],
    ["nothing at all", () => [], { rows: 0, cut: undefined, most: 1 }],
  ];
  for (const [name, rows, expected] of cases) {
    let asked = 0;
    const agent = await scriptedAgent((question, send) => send(response(question, rows(question, ++asked))));
    const { reader, close } = asking(agent.port);
    const found = await new Walker(reader, systemClock).column(column);
    t.equal(found.rows.size, expected.rows, `${name}: rows`);
    t.equal(found.cut, expected.cut, `${name}: cut`);
    t.ok(asked <= expected.most, `${name}: ${asked} requests`);
    close();
    await agent.close();
  }
});

t.test("a table without end stops at 20,000 rows", async (t) => {
  const column = "1.3.6.1.2.1.2.2.1.10";
  let next = 0;
  const agent = await scriptedAgent((question, send) => {
    const rows = Array.from({ length: 60 }, () => ({ oid: `${column}.${++next}`, value: integerTlv(1) }));
    send(response(question, rows.slice(0, question.third)));
    next -= 60 - Math.min(60, question.third);
  });
  t.teardown(() => agent.close());
  const { reader, close } = asking(agent.port);
  t.teardown(close);
  const { rows, cut } = await new Walker(reader, systemClock).column(column);
  t.equal(rows.size, 20_000);
  t.equal(cut, "rows");
});

t.test("an answer with more than twice the rows asked for is refused", async (t) => {
  const column = "1.3.6.1.2.1.2.2.1.10";
  const many = Array.from({ length: 500 }, (_, index) => ({
    oid: `${column}.${index + 1}`,
    value: integerTlv(1),
  }));
  let asked = 0;
  const agent = await scriptedAgent((question, send) =>
    send(response(question, asked++ === 0 ? many : many.slice(0, 10))),
  );
  t.teardown(() => agent.close());
  const { reader, refused, close } = asking(agent.port, "2c", { timeoutMs: 100, tries: 2 });
  t.teardown(close);
  const varbinds = await reader.bulk(column, 10);
  t.equal(varbinds.length, 10);
  t.equal(refused(), 1);
});

t.test("too big an answer is asked for in halves", async (t) => {
  const column = "1.3.6.1.2.1.2.2.1.10";
  const agent = await scriptedAgent((question, send) => {
    const from = Number(question.oids[0]?.slice(column.length + 1) || 0);
    if (question.third > 4) return send(response(question, [], 1, 0));
    const rows = Array.from({ length: question.third }, (_, k) => from + 1 + k).filter(
      (index) => index <= 10,
    );
    const end = { oid: "1.3.6.1.2.1.2.2.1.11.1", value: integerTlv(0) };
    send(
      response(question, [
        ...rows.map((index) => ({ oid: `${column}.${index}`, value: integerTlv(index) })),
        ...(rows.length < question.third ? [end] : []),
      ]),
    );
  });
  t.teardown(() => agent.close());
  const { reader, close } = asking(agent.port);
  t.teardown(close);
  const { rows, cut } = await new Walker(reader, systemClock).column(column);
  t.equal(rows.size, 10);
  t.equal(cut, undefined);
});
