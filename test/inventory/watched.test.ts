import t from "tap";
import { thingsOf } from "../../appliance/inventory/things.ts";
import { createWatched } from "../../appliance/inventory/watched.ts";
import type { Discovered, Evidence, Sighting } from "../../appliance/model/discovery.ts";
import { type Device, deviceId } from "../../appliance/model/site.ts";

const brother = "008077000031";
const dell = "001422000001";
const other = "001422000002";

const seen = (address: string, mac?: string, more: Partial<Evidence> = {}): Evidence => ({
  finder: "sweep",
  words: "answers ping",
  isPresent: true,
  address,
  ...(mac ? { mac } : {}),
  ...more,
});

function device(id: string, address: string, more: Partial<Device> = {}): Device {
  return {
    id: deviceId(id),
    name: id,
    kind: "printer",
    group: "Printers",
    address,
    identity: {},
    ports: [],
    sensors: [],
    collectors: ["ping"],
    source: "file",
    approved: true,
    firstSeenMs: 0,
    ...more,
  };
}

/** Watched devices over a keeper in memory; each `scan` is one more look through the network. */
function watching(devices: readonly Device[]) {
  const kept = new Map<string, Sighting>();
  const told: Discovered[] = [];
  const learned: string[] = [];
  let moves = 0;
  const keeper = {
    together: (run: () => void) => run(),
    load: () => [],
    save() {},
    remove() {},
    sightings: () => [...kept.values()],
    saveSighting: (one: Sighting) => void kept.set(one.device, one),
    removeSighting: (id: string) => void kept.delete(id),
    changes: () => [],
    addChange() {},
    lastMs: () => undefined,
    tried() {},
    prune() {},
  };
  const make = () =>
    createWatched({
      keeper,
      devices: () => devices,
      writtenAddress: (id) => devices.find((one) => one.id === id)?.address,
      addressOf: ({ address }) => address,
      onChange: (change) => told.push(change),
      learn: (id, mac) => void learned.push(`${id} ${mac}`),
      onMoved: () => {
        moves++;
      },
    });
  let watched = make();
  let nowMs = 0;
  return {
    told,
    learned,
    restart() {
      watched = make();
    },
    moved: () => Object.fromEntries(watched.moves()),
    moveCalls: () => moves,
    kinds: () => told.map(({ kind, text }) => `${kind} ${text}`),
    scan(...evidence: Evidence[]) {
      nowMs += 60_000;
      return watched.recognise(thingsOf(evidence), nowMs).map(({ keys }) => keys.join(" "));
    },
  };
}

t.test(
  "a device that was pinged only is known by its MAC from its first sight on, and followed",
  async (t) => {
    const w = watching([device("printer", "10.0.0.31")]);
    t.strictSame(w.scan(seen("10.0.0.31", brother)), []);
    t.strictSame(w.learned, [`printer ${brother}`]);
    t.strictSame(
      w.scan(seen("10.0.0.77", brother), seen("10.0.0.31", dell)),
      [`port:${dell} address:10.0.0.31`],
      "somebody new has its old address",
    );
    t.strictSame(w.moved(), { printer: "10.0.0.77" });
    t.strictSame(w.kinds(), ["address 10.0.0.31 → 10.0.0.77"]);
    w.restart();
    t.strictSame(w.moved(), { printer: "10.0.0.77" }, "also after a restart");
    w.scan(seen("10.0.0.77", brother));
    t.equal(w.told.length, 1, "said once");
    w.scan(seen("10.0.0.31", brother));
    t.strictSame(w.moved(), {});
    t.strictSame(w.kinds().slice(1), ["address 10.0.0.77 → 10.0.0.31"]);
    t.equal(w.moveCalls(), 2);
  },
);

t.test("other hardware at its address is the same device, replaced", async (t) => {
  const w = watching([device("printer", "10.0.0.31")]);
  w.scan(seen("10.0.0.31", brother));
  t.strictSame(w.scan(seen("10.0.0.31", dell)), []);
  t.strictSame(w.kinds(), [`replaced ${brother} → ${dell}`]);
});

t.test("nobody is another device by saying so", async (t) => {
  const known = device("switch", "10.0.0.2", { identity: { vendor: "Acme", serial: "SN-4711", mac: dell } });
  const claims = {
    finder: "snmp",
    trust: "answer",
    chassis: dell,
    identity: { vendor: "Acme", serial: "SN-4711" },
  } as const;
  const w = watching([known]);
  t.equal(
    w.scan(seen("10.0.0.66", other), seen("10.0.0.66", undefined, claims)).length,
    1,
    "a claim in clear text",
  );
  t.strictSame(w.moved(), {});
  t.strictSame(
    w.scan(seen("10.0.0.66", other), seen("10.0.0.66", undefined, { ...claims, isSigned: true })),
    [],
    "signed",
  );
  t.strictSame(w.moved(), { switch: "10.0.0.66" });
});

t.test("behind a router, where no MAC is seen, a serial number tells who it is", async (t) => {
  const known = device("ups", "10.9.0.3", { identity: { vendor: "Acme", serial: "SN-4711" } });
  const w = watching([known]);
  const answer = {
    finder: "snmp",
    trust: "answer",
    identity: { vendor: "Acme", serial: "SN-4711" },
  } as const;
  t.strictSame(w.scan(seen("10.9.0.8", undefined, answer)), []);
  t.strictSame(w.moved(), { ups: "10.9.0.8" });
});

t.test("a random MAC is never followed and never called a replacement", async (t) => {
  const w = watching([device("phone", "10.0.0.87")]);
  w.scan(seen("10.0.0.87", "daa119770057"));
  t.equal(w.scan(seen("10.0.0.90", "daa119770057")).length, 1);
  t.strictSame(w.scan(seen("10.0.0.87", "daa119770099")), []);
  t.strictSame(w.kinds(), []);
  t.strictSame(w.learned, []);
});

t.test("a device with two addresses has not moved", async (t) => {
  const w = watching([device("router", "10.0.0.1")]);
  w.scan(seen("10.0.0.1", dell));
  t.strictSame(w.scan(seen("10.0.0.254", dell), seen("10.0.0.1", dell)), []);
  t.strictSame(w.moved(), {});
  t.strictSame(w.kinds(), []);
});
