import t from "tap";
import { compareOids, integerTlv } from "../../appliance/snmp/ber.ts";
import { encoded, rawResponse } from "../helpers/snmp/malformed.ts";
import { type Question, readRecording, replayAgent, response } from "../helpers/snmp/replay.ts";
import { scriptedAgent } from "../helpers/snmp/scripted.ts";
import { availabilityOf, readingsOf, switchFile, valueAt } from "../helpers/snmp/small-switch.ts";
import { loopback, watching } from "../helpers/snmp/watching.ts";

const { signal } = new AbortController();

t.test(
  "in a poll a malformed answer is refused, nothing of it is kept, and the good one after it counts",
  async (t) => {
    const recording = readRecording(switchFile);
    const values = new Map(recording.map(({ oid, value }) => [oid, value]));
    let lying = false;
    let lies = 0;
    const honest = await replayAgent({ recordings: new Map([["public", recording]]) });
    t.teardown(() => honest.close());
    const agent = await scriptedAgent((question, send) => {
      const column = question.oids.at(-1) as string;
      if (lying && question.type === 0xa5) {
        const rows = [1, 2, 3].map((index) => ({ oid: `${column}.${index}`, value: Buffer.of(2, 1, 99) }));
        // Three believable rows, and a tail that breaks off.
        send(rawResponse(question, [...rows.map(encoded), Buffer.of(0x30, 9, 6)]));
        lies++;
      }
      const list = recording.filter(({ oid }) => oid.startsWith(`${column}.`));
      if (question.type === 0xa5)
        send(
          rawResponse(question, [...list.map(encoded), encoded({ oid: "1.3.7", value: Buffer.of(5, 0) })]),
        );
      else if (question.type === 0xa0)
        send(
          rawResponse(
            question,
            question.oids.map((oid) => encoded({ oid, value: values.get(oid) ?? Buffer.of(0x81, 0) })),
          ),
        );
      else
        send(
          rawResponse(
            question,
            question.oids.map((oid) =>
              encoded(
                recording.find((one) => compareOids(one.oid, oid) > 0) ?? { oid, value: Buffer.of(0x82, 0) },
              ),
            ),
          ),
        );
    });
    t.teardown(() => agent.close());
    const { made, deps } = watching(t);
    const one = loopback(agent.port);
    await made.poll([one], { signal });
    lying = true;
    const readings = readingsOf(await made.poll([one], { signal }));
    t.ok(lies > 0);
    t.equal(deps.counters.all().get("snmp_refused_malformed"), lies);
    t.equal(valueAt(readings, "if_in_octets:p1"), 1001);
    t.notOk([...(readings?.values ?? [])].includes(99));
  },
);

/** An honest agent for the small switch that may bend one answer. */
function bending(bend: (question: Question, honest: Buffer) => Buffer) {
  const recording = readRecording(switchFile);
  const values = new Map(recording.map(({ oid, value }) => [oid, value]));
  const honest = (question: Question): Buffer => {
    const next = (oid: string) => recording.findIndex((one) => compareOids(one.oid, oid) > 0);
    if (question.type === 0xa0)
      return response(
        question,
        question.oids.map((oid) => ({ oid, value: values.get(oid) ?? Buffer.of(0x81, 0) })),
      );
    if (question.type === 0xa1)
      return response(
        question,
        question.oids.map((oid) => recording[next(oid)] ?? { oid, value: Buffer.of(0x82, 0) }),
      );
    const from = next(question.oids.at(-1) as string);
    const rows = from < 0 ? [] : recording.slice(from, from + question.third);
    return response(question, [
      ...rows,
      ...(rows.length < question.third ? [{ oid: "1.3.7", value: Buffer.of(0x82, 0) }] : []),
    ]);
  };
  return scriptedAgent((question, send) => send(bend(question, honest(question))));
}

t.test("a device that gives few rows at once is asked on, and all rows arrive", async (t) => {
  let short = false;
  const agent = await bending((question, honest) => {
    if (!short || question.type !== 0xa5) return honest;
    const column = question.oids.at(-1) as string;
    const rows = readRecording(switchFile).filter(({ oid }) => compareOids(oid, column) > 0);
    return response(question, rows.slice(0, 2));
  });
  t.teardown(() => agent.close());
  const { made } = watching(t);
  const one = loopback(agent.port);
  await made.poll([one], { signal });
  short = true;
  const readings = readingsOf(await made.poll([one], { signal }));
  t.equal(valueAt(readings, "if_in_octets:p5"), 1005);
  t.notOk([...(readings?.values ?? [Number.NaN])].some(Number.isNaN));
});

t.test("too big is answered by asking for half, and that is kept", async (t) => {
  let limit = Number.POSITIVE_INFINITY;
  const agent = await bending((question, honest) =>
    question.type === 0xa5 && question.third > limit ? response(question, [], 1, 0) : honest,
  );
  t.teardown(() => agent.close());
  const { made } = watching(t);
  const one = loopback(agent.port);
  await made.poll([one], { signal });
  limit = 3;
  const readings = readingsOf(await made.poll([one], { signal }));
  t.notOk([...(readings?.values ?? [Number.NaN])].some(Number.isNaN));
  const before = agent.asked();
  await made.poll([one], { signal });
  // Seven columns in three requests each, and one GET.
  t.ok(agent.asked() - before <= 22, `${agent.asked() - before} requests`);
});

t.test("values of a wrong type are gaps, not numbers", async (t) => {
  let lying = false;
  const agent = await bending((question, honest) => {
    const column = question.oids.at(-1) as string;
    if (!lying || question.type !== 0xa5 || !column.endsWith("31.1.1.1.6")) return honest;
    const texts = [1, 2, 3, 4, 5, 6].map((index) => ({
      oid: `${column}.${index}`,
      value: Buffer.from([4, 2, 0x34, 0x32]),
    }));
    const negative = { oid: `${column}.1`, value: integerTlv(-1) };
    return response(question, [negative, ...texts.slice(1), { oid: "1.3.7", value: Buffer.of(0x82, 0) }]);
  });
  t.teardown(() => agent.close());
  const { made } = watching(t);
  const one = loopback(agent.port);
  await made.poll([one], { signal });
  lying = true;
  const list = await made.poll([one], { signal });
  const readings = readingsOf(list);
  for (const port of ["p1", "p2", "uplink"])
    t.ok(Number.isNaN(valueAt(readings, `if_in_octets:${port}`)), port);
  t.equal(valueAt(readings, "if_speed:p1"), 1e9, "the other columns count");
  t.equal(availabilityOf(list)?.state, "online");
});
