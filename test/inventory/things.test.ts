import t from "tap";
import { lookOf } from "../../appliance/inventory/looks.ts";
import { thingsOf } from "../../appliance/inventory/things.ts";
import type { Evidence } from "../../appliance/model/discovery.ts";

const seen = (more: Partial<Evidence>): Evidence => ({
  finder: "sweep",
  words: "answers ping",
  isPresent: true,
  ...more,
});
const brother = "008077000031";
const dell = "001422000001";
const engine = "80001f8804aabbccdd";

const cases: readonly {
  readonly name: string;
  readonly evidence: readonly Evidence[];
  readonly things: number;
}[] = [
  {
    name: "what has one address is one thing",
    evidence: [
      seen({ address: "10.0.0.31", mac: brother }),
      seen({ finder: "mdns", address: "10.0.0.31" }),
      seen({ finder: "names", address: "10.0.0.31", isPresent: false }),
    ],
    things: 1,
  },
  {
    name: "one MAC at two addresses is one thing",
    evidence: [seen({ address: "10.0.0.1", mac: dell }), seen({ address: "10.0.0.2", mac: dell })],
    things: 1,
  },
  {
    name: "a router that answers for many addresses does not make one of them",
    evidence: ["1", "2", "3", "4", "5"].map((last) => seen({ address: `10.0.0.${last}`, mac: dell })),
    things: 5,
  },
  {
    name: "an IPv6 neighbour belongs to the IPv4 address with its MAC",
    evidence: [
      seen({ address: "10.0.0.1", mac: dell }),
      seen({ finder: "arp", address: "fe80::1%eth0", mac: dell }),
    ],
    things: 1,
  },
  {
    name: "a lease of an address that somebody else has now is not his",
    evidence: [
      seen({ address: "10.0.0.31", mac: brother }),
      seen({ finder: "leases", address: "10.0.0.31", mac: dell, isPresent: false, name: "old-owner" }),
    ],
    things: 2,
  },
  {
    name: "a switch heard by LLDP without an address is the one with that MAC",
    evidence: [seen({ address: "10.0.0.1", mac: dell }), seen({ finder: "neighbours", chassis: dell })],
    things: 1,
  },
  {
    name: "two machines of one image have one engine id and names of their own",
    evidence: ["a", "b"].map((sysName, at) =>
      seen({
        finder: "snmp",
        address: `10.1.0.${at}`,
        engineId: engine,
        trust: "answer",
        identity: { sysName },
      }),
    ),
    things: 2,
  },
  {
    name: "one agent at two addresses is one thing by its engine id",
    evidence: ["1", "2"].map((last) =>
      seen({
        finder: "snmp",
        address: `10.1.0.${last}`,
        engineId: engine,
        trust: "answer",
        identity: { sysName: "a" },
      }),
    ),
    things: 1,
  },
  {
    name: "a serial number that is only announced joins nothing",
    evidence: ["1", "2"].map((last) =>
      seen({
        finder: "ssdp",
        address: `10.0.0.${last}`,
        trust: "announcement",
        identity: { vendor: "Acme", serial: "12345678" },
      }),
    ),
    things: 2,
  },
];
for (const { name, evidence, things } of cases)
  t.test(name, async (t) => {
    t.equal(thingsOf(evidence).length, things);
    t.equal(thingsOf([...evidence].reverse()).length, things, "in whatever order it comes");
  });

const makerOf = (mac: string) => (mac === brother ? "Brother industries" : undefined);

t.test("what a device answers itself is sure, and counts more than what a maker suggests", async (t) => {
  const look = lookOf(
    [
      seen({ address: "10.0.0.31", mac: brother }),
      seen({
        finder: "snmp",
        kind: "ups",
        trust: "answer",
        words: "SNMP v2c",
        credential: "office",
        identity: { sysName: "ups-1" },
      }),
    ],
    makerOf,
  );
  t.match(look, { kind: "ups", confidence: "sure", name: "ups-1", maker: "Brother industries" });
  t.equal(look.reasons[0], "SNMP v2c");
  t.strictSame(look.checks, [
    { type: "ping", settings: {} },
    { type: "snmp", settings: { credential: "office" } },
  ]);
});

t.test("an announcement alone is likely, with its maker sure, a maker alone a guess", async (t) => {
  const announced = seen({
    finder: "mdns",
    address: "10.0.0.31",
    kind: "printer",
    trust: "announcement",
    words: "mDNS _ipp._tcp",
    servicePort: 631,
  });
  const alone = lookOf([announced], makerOf);
  t.match(alone, { kind: "printer", confidence: "likely", name: "Printer 31" });
  t.strictSame(alone.checks.at(-1), { type: "tcp", settings: { port: 631 } });
  t.match(lookOf([announced, seen({ address: "10.0.0.31", mac: brother })], makerOf), { confidence: "sure" });
  t.match(lookOf([seen({ address: "10.0.0.31", mac: brother })], makerOf), {
    kind: "printer",
    confidence: "guess",
    name: "Brother industries printer 31",
  });
});

t.test("a random address is called that, and nothing is known of it", async (t) => {
  t.match(lookOf([seen({ address: "10.0.0.87", mac: "daa119770057" })], makerOf), {
    isRandomMac: true,
    kind: "other",
    confidence: "guess",
    identity: {},
  });
});

t.test("IPv4 comes before IPv6", async (t) => {
  const evidence = ["fe80::1%eth0", "2001:db8::1", "10.0.0.1"].map((address) => seen({ address, mac: dell }));
  t.strictSame(lookOf(evidence, makerOf).addresses, ["10.0.0.1", "2001:db8::1", "fe80::1%eth0"]);
});

t.test("what leaves pings unanswered is not proposed to be pinged", async (t) => {
  const mute = seen({ address: "10.0.0.61", mac: brother, isMuteToPing: true });
  t.strictSame(lookOf([mute], makerOf).checks, []);
  t.strictSame(
    lookOf([mute, { ...mute, finder: "snmp", credential: "office" }], makerOf).checks.map(({ type }) => type),
    ["snmp"],
  );
});
