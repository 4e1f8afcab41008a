import { execFileSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import { folderFor, startAppliance, until } from "../helpers/appliance.ts";
import { enterNamespace } from "../helpers/namespace.ts";
import { type ReplayAgent, replayAgent } from "../helpers/snmp/replay.ts";
import type { Cabling } from "../helpers/topology/cabling.ts";
import { recordingsOf } from "../helpers/topology/recording.ts";
import { office, officeBehind, recabled } from "../helpers/topology/three-switches.ts";

enterNamespace(import.meta.url);
const { default: t } = await import("tap");
t.setTimeout(115_000);

// The box is found by the address of its own network card.
for (const words of [
  ["link", "add", "office", "type", "veth", "peer", "name", "nowhere"],
  ["address", "add", "10.99.0.1/24", "dev", "office"],
  ["link", "set", "office", "up"],
  ["link", "set", "nowhere", "up"],
])
  execFileSync("ip", words);

const moved = recabled(["printer", 1, "sw3", 6]);

const boxMac = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ internal }) => !internal)
  ?.mac.replaceAll(":", "");

interface Item {
  readonly id: string;
  readonly behind?: string;
}

t.test(
  "three switches: who hangs on whom is found out, a device moves, a switch dies",
  { timeout: 110_000 },
  async (t) => {
    const recordings = (cabling: Cabling, down: readonly string[] = []) =>
      recordingsOf(cabling, { boxMac: boxMac ?? "", down });
    const agents = new Map<string, ReplayAgent>();
    for (const [id, recording] of recordings(office)) {
      if (id === "box") continue;
      const agent = await replayAgent({ recordings: new Map([["public", recording]]) });
      t.teardown(() => agent.close());
      agents.set(id, agent);
    }
    const answerBy = (all: ReturnType<typeof recordings>) => {
      for (const [id, agent] of agents) agent.replace("public", all.get(id) ?? []);
    };
    const devices = [...agents].map(([id, { port, address }]) => ({
      id,
      name: id,
      address,
      kind: office.things.find((thing) => thing.id === id)?.kind,
      ping: "off",
      snmp: { version: "2c", port, community: "public" },
    }));
    const appliance = await startAppliance(t, {
      folder: folderFor(t),
      config: JSON.stringify({
        site: { name: "Test office", anchors: [] },
        collect: { snmp: { interval: "2s", timeout: "300ms", neighbours: "10s" } },
        devices,
      }),
    });
    const ask = async (path: string) => JSON.parse((await appliance.ask(path)).text);
    const hanging = async () => {
      const { items } = (await ask("/api/v1/devices?limit=500")) as { items: Item[] };
      return Object.fromEntries(
        items.filter(({ id, behind }) => agents.has(id) && behind).map(({ id, behind }) => [id, behind]),
      );
    };

    const startMs = performance.now();
    t.ok(boxMac, "the network card has an address");
    const isAll = async () => {
      const found = await hanging();
      return Object.keys(found).length >= Object.keys(officeBehind).length ? found : undefined;
    };
    const found = await until(isAll, 500);
    t.strictSame(found, officeBehind, "nobody wrote it into the file");
    t.comment(`found out after ${((performance.now() - startMs) / 1_000).toFixed(0)} s`);
    const { items: links } = (await ask("/api/v1/links")) as {
      items: { from: { device: string }; to: { device: string }; confidence: string }[];
    };
    const pairs = links.map(({ from, to }) => [from.device, to.device].sort().join(" ")).sort();
    const real = office.cables.map(([a, , b]) => [a, b].sort().join(" ")).sort();
    t.strictSame(pairs, real, `${pairs.length} links of ${real.length}, none that is not there`);
    t.match((await appliance.ask("/map")).text, /8 devices have their place on the map|9 devices/);

    answerBy(recordings(moved));
    const events = async () => (await appliance.ask("/devices/printer/events")).text;
    const said = await until(async () => {
      const text = await events();
      return /moved/.test(text) ? text : undefined;
    }, 500);
    t.match(said, /now port p6 of sw3, before port p2 of sw2/);
    t.strictSame(await hanging(), { ...officeBehind, printer: "sw3" });

    answerBy(recordings(moved, ["sw1/24"]));
    for (const id of ["sw2", "sw3", "printer", "camera", "phone"]) agents.get(id)?.mute(true);
    interface Open {
      readonly id: number;
      readonly device: string;
      readonly affected: readonly string[];
    }
    const open = async () => (await ask("/api/v1/incidents?state=open")) as { items: Open[] };
    const behind = ["camera", "phone", "printer", "sw3"];
    const [incident] = await until(async () => {
      const { items } = await open();
      return items.some(({ affected }) => affected.length >= behind.length) ? items : undefined;
    }, 500);
    t.equal(incident?.device, "sw2", "the switch is the cause");
    t.strictSame([...(incident?.affected ?? [])].sort(), behind, "all behind it belong to it");
    // What waited for word of its cause would speak up by now.
    await new Promise((resolve) => setTimeout(resolve, 25_000));
    const { items } = await open();
    t.strictSame(
      items.map(({ device }) => device),
      ["sw2"],
      "one incident",
    );
    t.match((await appliance.ask(`/incidents/${items[0]?.id}`)).text, /Port p24 of sw1: link down/);
    t.equal(await appliance.stop(), 0);
  },
);
