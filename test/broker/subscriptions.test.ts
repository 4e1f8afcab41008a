import { connect as connectTcp } from "node:net";
import t from "tap";
import { memoryOnly } from "../../appliance/broker/memory.ts";
import { maxFilters } from "../../appliance/broker/session.ts";
import { systemClock } from "../../appliance/clock.ts";
import { client, connectPacket, packet, refused, started, text } from "../helpers/mqtt/embedded.ts";

const nobody = async () => undefined;
const filtersOf = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => `site/hall/${from + at}`);
const subscribePacket = (filters: readonly string[]) =>
  packet(0x82, Buffer.from([0, 7]), ...filters.flatMap((one) => [text(one), Buffer.from([1])]));

/** The answers of a SUBACK, by SUBSCRIBE packet. */
async function granted(port: number, filters: readonly string[]): Promise<number[]> {
  const socket = connectTcp({ port, host: "127.0.0.1" });
  socket.write(Buffer.concat([connectPacket("hall"), subscribePacket(filters)]));
  const lengthBytes = filters.length + 2 > 127 ? 2 : 1;
  let got = Buffer.alloc(0);
  for await (const data of socket) {
    got = Buffer.concat([got, data as Buffer]);
    if (got.length >= 4 + 1 + lengthBytes + 2 + filters.length) break;
  }
  socket.destroy();
  return [...got.subarray(4 + 1 + lengthBytes + 2)];
}

t.test("above so many filters a subscription fails with 0x80 and is counted", async (t) => {
  const { port, broker, counters } = await started(t, nobody);
  const answers = await granted(port, filtersOf(maxFilters + 3));
  t.same(answers, [...Array(maxFilters).fill(1), 0x80, 0x80, 0x80]);
  t.same(refused(broker, "hall"), { "too many subscriptions": 3 });
  t.equal(counters.all().get("broker_refused_too_many_subscriptions"), 3);
});

for (const clean of [true, false])
  t.test(`what is given up makes room, what is asked again takes none (clean=${clean})`, async (t) => {
    const { port, broker } = await started(t, nobody);
    const hall = await client(t, port, "hall", { clean });
    await hall.subscribeAsync(filtersOf(maxFilters), { qos: 1 });
    await hall.subscribeAsync(filtersOf(10), { qos: 0 });
    t.same(refused(broker, "hall"), {});
    await t.rejects(hall.subscribeAsync("site/hall/more", { qos: 1 }));
    await hall.unsubscribeAsync(filtersOf(2));
    await hall.subscribeAsync(["site/hall/more", "site/hall/other"], { qos: 1 });
    await t.rejects(hall.subscribeAsync("site/hall/third", { qos: 1 }));
    t.same(refused(broker, "hall"), { "too many subscriptions": 2 });
    const attic = await client(t, port, "attic");
    await attic.subscribeAsync("site/attic/#", { qos: 1 });
  });

t.test("what was refused is not stored with the session, and what was granted comes back", async (t) => {
  const memory = memoryOnly(systemClock);
  const { port, broker } = await started(t, nobody, {}, memory);
  const settings = { clean: false, clientId: "one" };
  const hall = await client(t, port, "hall", settings);
  await t.rejects(hall.subscribeAsync(["site/attic/#", ...filtersOf(maxFilters + 100)], { qos: 1 }));
  await hall.endAsync();
  const stored = await memory.persistence.subscriptionsByClient({ id: "hall/one" });
  t.same(
    stored.map(({ topic }) => topic),
    filtersOf(maxFilters),
  );
  const again = await client(t, port, "hall", settings);
  await t.rejects(again.subscribeAsync("site/hall/more", { qos: 1 }));
  t.same(refused(broker, "hall"), { "subscription not allowed": 1, "too many subscriptions": 101 });
});
