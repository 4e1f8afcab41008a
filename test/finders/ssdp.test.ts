import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import { systemClock } from "../../appliance/clock.ts";
import { finder as plugin } from "../../appliance/finders/ssdp.ts";
import { createPace } from "../../appliance/inventory/pace.ts";
import type { Evidence, FindRange } from "../../appliance/model/discovery.ts";
import type { Clock } from "../../appliance/model/time.ts";
import { interfacesOf, networksFor } from "../../appliance/probe/networks.ts";
import { simulatedNetwork } from "../helpers/discovery/network.ts";
import { box, type Simulated } from "../helpers/discovery/plan.ts";
import { enterNamespace } from "../helpers/namespace.ts";
import { counters } from "../helpers/snmp/deps.ts";
import { keptLog } from "../helpers/state.ts";

enterNamespace(import.meta.url);
const { default: t } = await import("tap");
t.setTimeout(100_000);

const upnp = { type: "InternetGatewayDevice", name: "Router", maker: "Acme", model: "R1" };
const plan: readonly Simulated[] = [{ address: "10.77.0.36", mac: "00:14:22:00:00:36", upnp }];
await simulatedNetwork(t, plan);
const networks = networksFor(["10.77.0.32/28"]);
const counts = counters();
const pace = createPace(systemClock, 50);

async function find(found: FindRange["found"] = [], clock: Clock = systemClock): Promise<Evidence[]> {
  const made = plugin.create(plugin.config.parse({ wait: "2s" }), {
    clock,
    pace,
    counters: counts,
    log: keptLog(),
    profiles: { library: () => Promise.resolve(undefined) },
    credentials: () => [],
    tries: { lastMs: () => undefined, tried: () => undefined },
    neighbours: () => [],
  });
  const range = { networks, interfaces: interfacesOf(networks), found, isSwept: false };
  return made.find(range, { signal: new AbortController().signal });
}

t.test("who answers and has a MAC is asked for its description", async (t) => {
  t.strictSame(
    (await find()).map(({ address, name }) => `${address} ${name}`),
    ["10.77.0.36 Router"],
  );
});

t.test("who has no MAC and was not found otherwise is not asked for a description", async (t) => {
  // Answers arrive, but the kernel learns nothing of who sent them: as it is when they are forged.
  execFileSync("ip", ["link", "set", "lan", "arp", "off"]);
  t.teardown(() => execFileSync("ip", ["link", "set", "lan", "arp", "on"]));
  const before = pace.taken();
  const bare = { finder: "ssdp", words: "answers UPnP", isPresent: true };
  const found = await find();
  t.strictSame(found, [{ ...bare, address: "10.77.0.36" }]);
  t.equal(counts.all().get("discover_ssdp_unseen"), 1);
  t.equal(pace.taken() - before, 1, "nothing but the question to all");
  await find([{ address: "10.77.0.36" }]);
  t.equal(pace.taken() - before, 12, "what was found before is asked");
  t.equal(counts.all().get("discover_ssdp_unseen"), 1);
});

t.test("the box never asks itself", async (t) => {
  const another = "10.77.0.43";
  execFileSync("ip", ["address", "add", `${another}/24`, "dev", "lan"]);
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    response.end();
  }).listen(49_152, another);
  const ears = createSocket({ type: "udp4", reuseAddr: true });
  const mouth = createSocket("udp4");
  t.teardown(() => {
    server.close();
    ears.close();
    mouth.close();
    execFileSync("ip", ["address", "del", `${another}/24`, "dev", "lan"]);
  });
  mouth.bind(0, another);
  ears.bind(1900, () => ears.addMembership("239.255.255.250", box));
  await Promise.all([mouth, ears, server].map((one) => once(one, "listening")));
  let heard = 0;
  ears.on("message", (_query, from) => {
    heard++;
    const reply = `HTTP/1.1 200 OK\r\nLOCATION: http://${another}:49152/d.xml\r\n\r\n`;
    mouth.send(reply, from.port, from.address);
  });
  const found = await find([{ address: another }]);
  t.equal(heard, 1);
  t.equal(asked, 0);
  t.notOk(found.some(({ address }) => address === another));
});

t.test("when the time for descriptions is up, the others are named without one", async (t) => {
  const hasty: Clock = {
    ...systemClock,
    timer(run, delayMs) {
      if (delayMs !== 60_000) return systemClock.timer(run, delayMs);
      run();
      return { cancel: () => undefined };
    },
  };
  const before = pace.taken();
  const found = await find([], hasty);
  t.strictSame(
    found.map(({ address, words }) => `${address} ${words}`),
    ["10.77.0.36 answers UPnP"],
  );
  t.equal(pace.taken() - before, 1, "nobody is asked for one");
});
