import t from "tap";
import { createDiscovery, type DiscoverDeps } from "../../appliance/inventory/discover.ts";
import { createPace } from "../../appliance/inventory/pace.ts";
import type { Finder } from "../../appliance/model/contracts.ts";
import type { Approval, Candidate, Discovered, Evidence } from "../../appliance/model/discovery.ts";
import { ApplianceError } from "../../appliance/model/errors.ts";
import { type Device, deviceId } from "../../appliance/model/site.ts";
import { createCandidateKeeper } from "../../appliance/state/candidates.ts";
import { openState } from "../../appliance/state/database.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { emptyDir, keptLog } from "../helpers/state.ts";

const dayMs = 86_400_000;
const brother = "008077000031";

const seen = (address: string, more: Partial<Evidence> = {}): Evidence => ({
  finder: "sweep",
  words: "answers ping",
  isPresent: true,
  address,
  ...more,
});

const quiet = keptLog();

function watchedDevice(id: string, more: Partial<Device> = {}): Device {
  return {
    id: deviceId(id),
    name: id,
    kind: "printer",
    group: "Printers",
    identity: {},
    ports: [],
    sensors: [],
    collectors: ["ping"],
    source: "page",
    approved: true,
    firstSeenMs: 0,
    ...more,
  };
}

/** Discovery with one finder that gives what the test lays in, over a state.db of its own. */
function discovering(test: { teardown(end: () => void): void }, change: Partial<DiscoverDeps> = {}) {
  const clock = fakeClock();
  const state = openState({ dir: emptyDir(test), clock, log: quiet });
  test.teardown(() => state.close());
  const keeper = createCandidateKeeper(state);
  const approved: [Candidate, Approval][] = [];
  const told: Discovered[] = [];
  const devices: Device[] = [];
  let air: readonly Evidence[] = [];
  const finder: Finder = { find: async () => air };
  const deps: DiscoverDeps = {
    clock,
    log: quiet,
    keeper,
    finders: [{ type: "sweep", stage: "search", finder }],
    pace: createPace(clock, 50),
    makerOf: () => undefined,
    networks: () => [{ cidr: "10.0.0.0/24" }],
    interfaces: () => [],
    ownMacs: () => ["0000000000aa"],
    devices: () => devices,
    speakers: () => [],
    prepare: async () => undefined,
    isTaken: () => false,
    writtenAddress: (id) => devices.find((one) => one.id === id)?.address,
    addressOf: ({ address }) => address,
    lastSeenMs: () => undefined,
    placeOf: () => undefined,
    rate: 50,
    clear: () => [],
    judge: () => undefined,
    approve(candidate, approval) {
      approved.push([candidate, approval]);
      const { id, addresses, name } = candidate;
      devices.push(
        watchedDevice(id, { name, ...(addresses[0] === undefined ? {} : { address: addresses[0] }) }),
      );
    },
    learn() {},
    onMoved() {},
    onDiscovered: (one) => void told.push(one),
    ...change,
  };
  const make = () => createDiscovery(deps);
  let discovery = make();
  return {
    clock,
    keeper,
    approved,
    told,
    devices,
    get discovery() {
      return discovery;
    },
    restart() {
      discovery = make();
    },
    async scan(...evidence: Evidence[]) {
      air = evidence;
      discovery.scan();
      await discovery.settled();
      return discovery.candidates();
    },
  };
}

t.test("what is found is a candidate, told once, and is there after a restart", async (t) => {
  const d = discovering(t);
  const [first] = await d.scan(seen("10.0.0.31", { mac: brother }));
  t.match(first, { state: "new", addresses: ["10.0.0.31"], mac: brother });
  await d.scan(seen("10.0.0.77", { mac: brother }));
  t.equal(d.discovery.candidates().length, 1, "at another address it is the same");
  t.strictSame(
    d.told.map(({ kind }) => kind),
    ["new"],
  );
  d.restart();
  t.equal(d.discovery.candidates()[0]?.id, first?.id);
});

t.test("names and leases alone are no sign of life, and the box itself is none of them", async (t) => {
  const d = discovering(t);
  t.strictSame(
    await d.scan(
      seen("10.0.0.5", { finder: "leases", isPresent: false, mac: brother, name: "x" }),
      seen("10.0.0.6", { finder: "names", isPresent: false, name: "y" }),
      seen("10.0.0.7", { mac: "0000000000aa" }),
    ),
    [],
  );
});

t.test("approved it is a device under the same id, and no candidate any more", async (t) => {
  const d = discovering(t);
  const [found] = await d.scan(seen("10.0.0.31", { mac: brother }));
  const id = d.discovery.approve(found?.id ?? "", { by: "Anna", name: "Printer" });
  t.equal(id, found?.id);
  t.match(d.approved, [[{ addresses: ["10.0.0.31"] }, { by: "Anna", name: "Printer" }]]);
  t.strictSame(await d.scan(seen("10.0.0.31", { mac: brother })), [], "seen again it is the device");
  t.strictSame(await d.scan(seen("10.0.0.99", { mac: brother })), [], "elsewhere too");
  t.strictSame(Object.fromEntries(d.discovery.moves()), { [id]: "10.0.0.99" });
  t.throws(() => d.discovery.approve(id, { by: "Anna" }), { code: "NOT_FOUND" });
});

t.test("an approval that is refused leaves the candidate where it is", async (t) => {
  const d = discovering(t, {
    approve() {
      throw new ApplianceError("CONFIG_INVALID", "no such credential");
    },
  });
  const [found] = await d.scan(seen("10.0.0.31", { mac: brother }));
  t.throws(() => d.discovery.approve(found?.id ?? "", { by: "Anna" }), { code: "CONFIG_INVALID" });
  t.equal(d.discovery.candidates().length, 1);
});

t.test("not seen for 30 days it is forgotten; ignored it stays ignored", async (t) => {
  const d = discovering(t);
  await d.scan(seen("10.0.0.31", { mac: brother }), seen("10.0.0.32", { mac: "001422000001" }));
  const [one, two] = d.discovery.candidates();
  d.discovery.ignore(one?.id ?? "", "Anna");
  d.discovery.start();
  t.teardown(() => d.discovery.stop());
  await d.clock.advance(29 * dayMs);
  t.equal(d.discovery.candidates().length, 2);
  await d.clock.advance(2 * dayMs);
  t.strictSame(
    d.discovery.candidates().map(({ id, state, ignoredBy }) => ({ id, state, ignoredBy })),
    [{ id: one?.id, state: "ignored", ignoredBy: "Anna" }],
  );
  t.not(two?.id, undefined);
  await d.scan(seen(one?.addresses[0] ?? "", { mac: one?.mac ?? "" }));
  t.equal(d.discovery.candidates()[0]?.state, "ignored", "seen again it stays so");
  d.discovery.restore(one?.id ?? "");
  t.equal(d.discovery.candidates()[0]?.state, "new");
});

t.test("rules approve and ignore", async (t) => {
  const d = discovering(t, {
    judge: ({ addresses }) =>
      addresses[0] === "10.0.0.31"
        ? { action: "approve", approval: { by: "rule" } }
        : { action: "ignore", approval: { by: "rule" } },
  });
  await d.scan(seen("10.0.0.31", { mac: brother }), seen("10.0.0.32", { mac: "001422000001" }));
  t.equal(d.approved.length, 1);
  t.match(d.discovery.candidates(), [{ addresses: ["10.0.0.32"], state: "ignored", ignoredBy: "rule" }]);
});

t.test("other firmware and another port are told, and a device that is gone for 30 days, once", async (t) => {
  let port = "gi3";
  const d = discovering(t, {
    placeOf: (id) => (id === "nas" ? { device: deviceId("sw"), port } : undefined),
  });
  d.devices.push(watchedDevice("nas", { firstSeenMs: d.clock.nowMs() }));
  const version = (text: string) =>
    seen("10.0.0.31", { mac: brother, trust: "answer", identity: { version: text } });
  await d.scan(version("1.0"));
  await d.scan(version("1.1"));
  d.discovery.start();
  t.teardown(() => d.discovery.stop());
  await d.clock.advance(3_600_000);
  port = "gi7";
  await d.clock.advance(32 * dayMs);
  t.strictSame(
    d.told.map(({ kind, text }) => `${kind} ${text}`),
    ["new 10.0.0.31", "firmware 1.0 → 1.1", "port sw gi3 → sw gi7", "gone "],
  );
  t.match(d.discovery.gone(), [{ device: "nas" }]);
  t.match(
    d.discovery.changes().map(({ kind }) => kind),
    ["gone"],
    "the older ones are a month old",
  );
});

t.test("what speaks by MQTT waits for approval under its own id, and may be ignored", async (t) => {
  const speaker = watchedDevice("climate1", {
    name: "Climate",
    kind: "sensor",
    source: "mqtt",
    approved: false,
  });
  const d = discovering(t, { speakers: () => [speaker] });
  t.match(d.discovery.candidates(), [
    { id: "climate1", state: "new", speaks: "mqtt", confidence: "sure", checks: [] },
  ]);
  d.discovery.ignore("climate1", "Anna");
  d.restart();
  t.match(d.discovery.candidates(), [{ id: "climate1", state: "ignored", ignoredBy: "Anna" }]);
  t.equal(d.discovery.candidates().length, 1);
  d.discovery.restore("climate1");
  t.equal(d.discovery.approve("climate1", { by: "Anna" }), "climate1");
  t.match(d.approved, [[{ id: "climate1", addresses: [] }, { by: "Anna" }]]);
});

t.test("what draws its address by lot is never news", async (t) => {
  const d = discovering(t);
  t.match(await d.scan(seen("10.0.0.87", { mac: "daa119770057" })), [{ isRandomMac: true }]);
  t.strictSame(d.told, []);
});

t.test("a finder that fails does not keep the others from finding", async (t) => {
  const broken: Finder = { find: () => Promise.reject(new ApplianceError("TOOL_MISSING", "Install fping.")) };
  const works: Finder = { find: async () => [seen("10.0.0.31", { mac: brother })] };
  const d = discovering(t, {
    finders: [
      { type: "sweep", stage: "search", finder: broken },
      { type: "arp", stage: "read", finder: works },
    ],
  });
  d.discovery.scan();
  t.throws(() => d.discovery.scan(), { code: "CONFLICT" }, "one at a time");
  t.match(d.discovery.progress(), { endedMs: undefined, networks: ["10.0.0.0/24"] });
  await d.discovery.settled();
  t.equal(d.discovery.candidates().length, 1);
  t.match(d.discovery.progress(), { problems: ["Install fping."], found: 1, endedMs: Number });
});

t.test("without an interval nothing is looked for by itself; with one it is", async (t) => {
  for (const [intervalMs, wanted] of [
    [undefined, 0],
    [3_600_000, 4],
  ] as const) {
    let count = 0;
    const finder: Finder = {
      async find() {
        count++;
        return [];
      },
    };
    const finders = [{ type: "sweep", stage: "search" as const, finder }];
    const d = discovering(t, { finders, ...(intervalMs === undefined ? {} : { intervalMs }) });
    d.discovery.start();
    for (let hour = 0; hour < 4; hour++) {
      await d.clock.advance(3_540_000);
      await d.discovery.settled();
    }
    await d.discovery.stop();
    t.equal(count, wanted);
  }
});
