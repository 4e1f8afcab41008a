import t from "tap";
import { systemClock } from "../../appliance/clock.ts";
import type { Observation } from "../../appliance/model/observation.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { Exchange } from "../../appliance/snmp/exchange.ts";
import { NeighbourWatches } from "../../appliance/snmp/neighbour-watch.ts";
import { until } from "../helpers/appliance.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { counters, target } from "../helpers/snmp/deps.ts";
import { parseRecording, replayAgent } from "../helpers/snmp/replay.ts";

const device = deviceId("device-1");
const said = (state: "online" | "offline"): Observation => ({
  record: "availability",
  device,
  via: "snmp",
  state,
});
const described: Observation = { record: "describe", device };
const tenMinutes = 600_000;

/** Watches one agent with a forwarding table of one row; the clock of the rhythm is turned by hand. */
async function watching(t: Pick<typeof import("tap").default, "teardown">) {
  const recording = parseRecording(
    ["1.3.6.1.2.1.17.4.3.1.2.10.160.0.0.0.1|2|4", "1.3.6.1.2.1.17.4.3.1.3.10.160.0.0.0.1|2|3"].join("\n"),
  );
  const agent = await replayAgent({ recordings: new Map([["public", recording]]) });
  const exchange = new Exchange({ clock: systemClock, counters: counters() });
  const clock = fakeClock();
  const watches = new NeighbourWatches({ clock, counters: counters(), exchange }, tenMinutes);
  t.teardown(async () => {
    watches.close();
    exchange.close();
    await agent.close();
  });
  const one = target(agent.address, { version: "2c", port: agent.port });
  const after = (...polled: Observation[]) => watches.after(one, polled);
  const isNews = (list: readonly Observation[]) => list.some(({ record }) => record === "neighbours");
  /** Polls without end of waiting until tables come. */
  const tables = () =>
    until(() => {
      const list = after(said("online"));
      return isNews(list) ? list : undefined;
    }, 5);
  const settled = async () => {
    let asked = -1;
    await until(() => {
      const isQuiet = asked === agent.asked();
      asked = agent.asked();
      return isQuiet || undefined;
    }, 50);
    return asked;
  };
  return { agent, clock, watches, one, after, tables, settled, isNews };
}

t.test("tables come with a later poll; no poll waits for them", async (t) => {
  const { after, tables } = await watching(t);
  const first = after(said("online"));
  t.strictSame(first, [said("online")], "what was polled is given back at once");
  const list = await tables();
  t.match(list.at(-1), { record: "neighbours", device, forwarding: [{ ifIndex: 4, mac: "0aa000000001" }] });
});

t.test("they are read again at their own rhythm, sooner after a port changed", async (t) => {
  const { after, tables, settled, clock, agent } = await watching(t);
  await tables();
  const once = await settled();
  after(said("online"));
  t.equal(await settled(), once, "not with the next poll");
  await clock.advance(180_000);
  after(said("online"), described);
  t.equal(await settled(), once, "its tables need a moment to follow");
  await clock.advance(20_000);
  after(said("online"));
  await tables();
  const twice = await settled();
  t.ok(twice > once);
  await clock.advance(tenMinutes);
  after(said("online"));
  await settled();
  t.ok(agent.asked() > twice);
});

t.test("a device that does not answer is not asked for them", async (t) => {
  const { after, settled, agent } = await watching(t);
  after(said("offline"));
  await settled();
  t.equal(agent.asked(), 0);
});

t.test("one that falls silent in between gives none, and the next look is tried at its time", async (t) => {
  const { after, settled, agent, watches, one, isNews } = await watching(t);
  agent.mute(true);
  after(said("online"));
  await settled();
  t.notOk(isNews(after(said("offline"))));
  watches.forget(one.id);
});
