import t from "tap";
import { readLeases } from "../../appliance/probe/lease-files.ts";
import { mdnsQuery, readMdns } from "../../appliance/probe/mdns-message.ts";
import { describeServices } from "../../appliance/probe/mdns-services.ts";
import { parseIpNeigh, parseProcArp } from "../../appliance/probe/neighbours.ts";
import { contains4, hosts4, networksFor } from "../../appliance/probe/networks.ts";
import { ownUrl, readDescription, readSsdp } from "../../appliance/probe/upnp-description.ts";
import { mdnsAnswer } from "../helpers/discovery/dns-answer.ts";

const printer = {
  instance: "Brother HL-2.0 [a.b]",
  services: [
    { type: "_ipp._tcp", port: 631, txt: ["ty=Brother HL-L2350DW", "usb_MFG=Brother", "flag"] },
    { type: "_http._tcp", port: 80 },
  ],
};
const asked = mdnsQuery(["_services._dns-sd._udp.local", "_ipp._tcp.local"]);
const answer = mdnsAnswer(asked, printer, "brother") as Buffer;

t.test("an answer of mDNS tells name, kind, maker, model and port", async (t) => {
  const records = readMdns(answer);
  t.match(describeServices(records ?? []), {
    words: "mDNS _ipp._tcp",
    kind: "printer",
    name: "Brother HL-2.0 [a.b]",
    servicePort: 631,
    identity: { vendor: "Brother", model: "Brother HL-L2350DW" },
  });
});

t.test("whatever is no well-formed answer counts for nothing", async (t) => {
  t.equal(readMdns(asked), undefined, "a question");
  t.equal(readMdns(Buffer.alloc(0)), undefined);
  for (let length = 0; length < answer.length; length++)
    t.equal(readMdns(answer.subarray(0, length)), undefined, `cut at ${length}`);
  const loop = Buffer.from(answer);
  // The owner's name of the first answer becomes a pointer to itself, or ahead.
  for (const target of [12, 40, 0x3fff]) {
    loop.writeUInt16BE(0xc000 | target, 12);
    t.equal(readMdns(loop), undefined, `a pointer to ${target}`);
  }
  const many = Buffer.from(answer);
  many.writeUInt16BE(60_000, 6);
  t.equal(readMdns(many), undefined, "more records than bytes");
  t.same(readMdns(Buffer.from("000084000000000000000000", "hex")), [], "an empty answer");
});

t.test("names may point back, and a goodbye is no service", async (t) => {
  const name = Buffer.from("045f697070045f746370056c6f63616c00", "hex");
  const head = (ttl: number, size: number) => {
    const bytes = Buffer.from("000c0001000000000000", "hex");
    bytes.writeUInt32BE(ttl, 4);
    bytes.writeUInt16BE(size, 8);
    return bytes;
  };
  const message = (ttl: number) =>
    Buffer.concat([
      Buffer.from("000084000000000100000000", "hex"),
      name,
      head(ttl, 5),
      Buffer.from("0261620c".replace("0c", "c00c"), "hex"),
    ]);
  t.match(readMdns(message(120)), [{ name: "_ipp._tcp.local", label: "ab", target: "ab._ipp._tcp.local" }]);
  t.same(readMdns(message(0)), []);
});

t.test("leases in force of three servers", async (t) => {
  const nowMs = Date.UTC(2026, 10, 24, 12);
  const seconds = nowMs / 1_000;
  t.same(
    readLeases(
      `${seconds + 60} 00:80:77:00:00:31 10.0.0.31 printer *\n${seconds - 60} 00:80:77:00:00:32 10.0.0.32 gone *\n0 aa 10.0.0.33 * *\nduid 00:01\nrubbish`,
      nowMs,
    ),
    [{ address: "10.0.0.31", mac: "008077000031", name: "printer" }, { address: "10.0.0.33" }],
    "dnsmasq",
  );
  const isc = (address: string, ends: string, state: string) =>
    `lease ${address} {\n  starts 2 2026/11/24 10:00:00;\n  ends ${ends};\n  binding state ${state};\n  hardware ethernet 00:80:77:00:00:31;\n  client-hostname "printer";\n}\n`;
  t.same(
    readLeases(
      isc("10.0.0.31", "2 2026/11/24 11:00:00", "active") +
        isc("10.0.0.31", "2 2026/11/24 13:00:00", "active") +
        isc("10.0.0.32", "never", "free") +
        isc("10.0.0.33", `epoch ${seconds - 5}`, "active"),
      nowMs,
    ),
    [{ address: "10.0.0.31", mac: "008077000031", name: "printer" }],
    "ISC dhcpd",
  );
  t.same(
    readLeases(
      `address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n10.0.0.31,00:80:77:00:00:31,,3600,${seconds + 60},1,0,0,printer.,0,,0\n10.0.0.32,00:80:77:00:00:32,,3600,${seconds + 60},1,0,0,x,2,,0\n`,
      nowMs,
    ),
    [{ address: "10.0.0.31", mac: "008077000031", name: "printer" }],
    "Kea",
  );
});

t.test("a UPnP description: the first device, five entities, nothing else of XML", async (t) => {
  t.same(
    readDescription(
      `<!DOCTYPE x [<!ENTITY boom "x">]><root><device><deviceType>urn:schemas-upnp-org:device:Printer:1</deviceType><friendlyName>A &amp; B &boom; &lt;i&gt;</friendlyName><serialNumber> </serialNumber><device><friendlyName>inner</friendlyName></device></device></root>`,
    ),
    { deviceType: "urn:schemas-upnp-org:device:Printer:1", friendlyName: "A & B &boom; <i>" },
  );
  t.equal(readDescription("<html>no</html>"), undefined);
  t.equal(readSsdp("HTTP/1.1 200 OK\r\nLocation : http://x\r\n")?.get("location"), "http://x");
  t.equal(readSsdp("NOTIFY * HTTP/1.1\r\nLOCATION: http://x\r\n"), undefined);
});

t.test("a description is read from the address that answered and from nowhere else", async (t) => {
  t.equal(ownUrl("http://10.0.0.5:49152/d.xml", "10.0.0.5")?.port, "49152");
  for (const location of [
    "http://10.0.0.6/d.xml",
    "http://127.0.0.1/d.xml",
    "http://router.lan/d.xml",
    "https://10.0.0.5/d.xml",
    "http://user:pass@10.0.0.5/d.xml",
    "file:///etc/passwd",
    "http://10.0.0.5.evil.example/",
    "http://[::1]/",
    "rubbish",
  ])
    t.equal(ownUrl(location, "10.0.0.5"), undefined, location);
});

t.test("neighbours that are there, and when they were heard", async (t) => {
  const entries = [
    {
      dst: "10.0.0.1",
      dev: "eth0",
      lladdr: "00:80:77:00:00:31",
      state: ["REACHABLE"],
      confirmed: 3,
      used: 1,
      updated: 3,
    },
    { dst: "fe80::1", dev: "eth0", lladdr: "00:80:77:00:00:31", router: null, state: ["STALE"] },
    { dst: "10.0.0.2", dev: "eth0", state: ["FAILED"] },
    { dst: "10.0.0.3", dev: "eth0", lladdr: "00:80:77:00:00:33", state: ["INCOMPLETE"] },
    { dst: "not an address", dev: "eth0", lladdr: "00:80:77:00:00:31", state: ["REACHABLE"] },
    null,
  ];
  t.same(parseIpNeigh(JSON.stringify(entries)), [
    { address: "10.0.0.1", mac: "008077000031", interface: "eth0", heardMs: 3_000 },
    { address: "fe80::1", mac: "008077000031", interface: "eth0" },
  ]);
  t.equal(parseIpNeigh("rubbish"), undefined);
  const arp = `IP address       HW type     Flags       HW address            Mask     Device
10.77.0.32       0x1         0x2         00:80:77:11:22:34     *        lan
10.77.0.33       0x1         0x0         00:00:00:00:00:00     *        lan
`;
  t.same(parseProcArp(arp), [{ address: "10.77.0.32", mac: "008077112234", interface: "lan" }]);
});

const one = (address: string, cidr: string, internal = false) =>
  ({ address, netmask: "", family: "IPv4", mac: "", internal, cidr }) as const;

t.test("by default the private networks that the box is in, /20 at most, and no container's", async (t) => {
  const interfaces = {
    lo: [one("127.0.0.1", "127.0.0.1/8", true)],
    eth0: [one("10.1.18.7", "10.1.18.7/16"), one("192.168.1.5", "192.168.1.5/24")],
    eth1: [one("192.168.1.6", "192.168.1.6/24"), one("203.0.113.9", "203.0.113.9/24")],
    ppp0: [one("10.9.9.9", "10.9.9.9/32")],
    docker0: [one("172.17.0.1", "172.17.0.1/16")],
  };
  t.same(
    networksFor([], interfaces).map(({ cidr, own }) => `${cidr} ${own?.interface} ${own?.address}`),
    ["10.1.16.0/20 eth0 10.1.18.7", "192.168.1.0/24 eth0 192.168.1.5"],
  );
  t.same(
    networksFor(["10.1.18.0/24", "10.55.0.0/24"], interfaces).map(
      ({ cidr, own }) => `${cidr} ${own?.interface}`,
    ),
    ["10.1.18.0/24 eth0", "10.55.0.0/24 undefined"],
    "configured ones as they are",
  );
});

t.test("hosts of a network", async (t) => {
  t.same([...hosts4("10.0.0.8/30")], ["10.0.0.9", "10.0.0.10"]);
  t.same([...hosts4("10.0.0.8/32")], ["10.0.0.8"]);
  t.equal([...hosts4("10.0.16.0/20")].length, 4_094);
  t.equal([...hosts4("10.0.0.0/16")].length, 0, "never more than that");
  t.ok(contains4("10.0.16.0/20", "10.0.31.255"));
  t.notOk(contains4("10.0.16.0/20", "10.0.32.0"));
  t.notOk(contains4("10.0.16.0/20", "fe80::1"));
});
