// A program: the devices of a simulated network, in a namespace of their own. First argument: the plan, as JSON.
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { parseRecording, replayAgent } from "../snmp/replay.ts";
import { mdnsAnswer } from "./dns-answer.ts";
import { community, type Simulated, user } from "./plan.ts";

const plan = JSON.parse(process.argv[2] ?? "[]") as readonly Simulated[];
const fixtures = process.argv[3] ?? "test/fixtures/profiles";
const ip = (...words: string[]) => execFileSync("ip", words, { stdio: ["ignore", "ignore", "inherit"] });

/** Each device has an interface with its own MAC on the one cable. */
function addInterfaces(): void {
  const lines = plan.flatMap(({ address, mac }, at) => [
    `link add link cable name d${at} address ${mac} type macvlan mode bridge`,
    `address add ${address}/24 dev d${at}`,
    `link set d${at} up`,
  ]);
  // Each answers for its own address only.
  for (const [name, value] of [
    ["arp_ignore", "1"],
    ["arp_announce", "2"],
  ] as const)
    writeFileSync(`/proc/sys/net/ipv4/conf/all/${name}`, value);
  ip("link", "set", "lo", "up");
  ip("link", "set", "cable", "up");
  execFileSync("ip", ["-batch", "-"], { input: lines.join("\n"), stdio: ["pipe", "ignore", "inherit"] });
}

function serveMdns(): void {
  const speakers = plan.filter(({ mdns }) => mdns);
  if (speakers.length === 0) return;
  const ears = createSocket({ type: "udp4", reuseAddr: true });
  ears.bind(5353, () => {
    for (const { address } of speakers) ears.addMembership("224.0.0.251", address);
  });
  const mouths = new Map(
    speakers.map(({ address }) => [address, createSocket({ type: "udp4", reuseAddr: true })]),
  );
  for (const [address, mouth] of mouths) mouth.bind(5353, address);
  let last = "";
  ears.on("message", (query, from) => {
    // One copy arrives for each interface.
    const mark = `${from.port} ${query.toString("hex")}`;
    if (mark === last) return;
    last = mark;
    setTimeout(() => {
      last = "";
    }, 20);
    for (const { address, mdns } of speakers) {
      const reply = mdns && mdnsAnswer(query, mdns, `host-${address.replaceAll(".", "-")}`);
      if (reply)
        setTimeout(() => mouths.get(address)?.send(reply, from.port, from.address), Math.random() * 100);
    }
  });
}

function description({ type, name, maker, model }: NonNullable<Simulated["upnp"]>): string {
  const text = (raw: string) => raw.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device>
<deviceType>urn:schemas-upnp-org:device:${type}:1</deviceType><friendlyName>${text(name)}</friendlyName>
<manufacturer>${maker}</manufacturer><modelName>${model}</modelName></device></root>`;
}

/** HTTP requests that nobody should have sent. */
let strays = 0;

function serveUpnp(): void {
  const speakers = plan.filter(({ upnp }) => upnp);
  if (speakers.length === 0) return;
  const stray = createServer((_request, response) => {
    strays++;
    response.end();
  });
  if (plan.some(({ address }) => address === "10.77.0.30")) stray.listen(8888, "10.77.0.30");
  for (const { address, upnp } of speakers)
    createServer((_request, response) => {
      if (upnp?.elsewhere) strays++;
      response.end(upnp ? description(upnp) : "");
    }).listen(49_152, address);
  const ears = createSocket({ type: "udp4", reuseAddr: true });
  ears.bind(1900, () => {
    for (const { address } of speakers) ears.addMembership("239.255.255.250", address);
  });
  let lastPort = 0;
  ears.on("message", (_query, from) => {
    if (from.port === lastPort) return;
    lastPort = from.port;
    for (const { address, upnp } of speakers) {
      const mouth = createSocket("udp4");
      const location = upnp?.elsewhere ?? `http://${address}:49152/d.xml`;
      const reply = `HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nLOCATION: ${location}\r\nUSN: uuid:1\r\n\r\n`;
      mouth.bind(0, address, () =>
        setTimeout(
          () => mouth.send(reply, from.port, from.address, () => mouth.close()),
          Math.random() * 1_500,
        ),
      );
    }
  });
}

async function serveSnmp(): Promise<void> {
  for (const { address, walk } of plan) {
    if (walk === undefined) continue;
    const { walk: text } = parse(readFileSync(join(fixtures, `${walk}.yaml`), "utf8")) as { walk: string };
    await replayAgent({ recordings: new Map([[community, parseRecording(text)]]), address, port: 161 });
  }
  for (const { address, hasUser } of plan) if (hasUser) await realAgent(address);
}

async function realAgent(address: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "snmpd-"));
  const { name, auth, priv } = user;
  const lines = [
    "sysName file-server",
    "sysLocation attic",
    `createUser ${name} ${auth.protocol} "${auth.key}" ${priv.protocol} "${priv.key}"`,
    `rouser ${name} priv`,
  ];
  const file = join(folder, "snmpd.conf");
  writeFileSync(file, `${lines.join("\n")}\n`);
  const child = spawn(
    "/usr/sbin/snmpd",
    ["-f", "-Lo", "-C", "-c", file, "-I", "-smux", `udp:${address}:161`],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: "/usr/sbin:/usr/bin:/bin", SNMP_PERSISTENT_DIR: folder, MIBS: "" },
    },
  );
  process.on("exit", () => child.kill("SIGKILL"));
  await once(child.stdout, "data");
}

/** Some keep silent to pings: they live in a namespace that ignores them. */
function hush(): void {
  const quiet = plan.flatMap((device, at) => (device.isQuiet ? [{ ...device, name: `d${at}` }] : []));
  if (quiet.length === 0) return;
  const room = spawn("unshare", ["--net", "sleep", "infinity"], { stdio: "ignore" });
  process.on("exit", () => room.kill("SIGKILL"));
  const inside = (...words: string[]) =>
    execFileSync("nsenter", ["-t", String(room.pid), "-n", ...words], {
      stdio: ["ignore", "ignore", "inherit"],
    });
  execFileSync("sleep", ["0.3"]);
  for (const { name, address } of quiet) {
    ip("link", "set", name, "netns", String(room.pid));
    inside("ip", "address", "add", `${address}/24`, "dev", name);
    inside("ip", "link", "set", name, "up");
  }
  inside(
    "sh",
    "-c",
    "echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all; echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore",
  );
}

process.on("SIGTERM", () => process.exit(0));
interface Move {
  readonly move: string;
  readonly to: string;
}

/** A device takes another address, as DHCP would give it one. */
function move({ move: from, to }: Move): void {
  const name = `d${plan.findIndex(({ address }) => address === from)}`;
  ip("address", "flush", "dev", name, "scope", "global");
  ip("address", "add", `${to}/24`, "dev", name);
  process.send?.("moved");
}

/** An address behind the devices, as behind a router. */
function addBehind(address: string): void {
  ip("address", "add", `${address}/32`, "dev", "lo");
  process.send?.("added");
}

process.on("message", (words: string | Move | { readonly behind: string }) => {
  if (typeof words === "object") {
    if ("move" in words) move(words);
    else addBehind(words.behind);
  }
  if (words === "strays?") process.send?.({ strays });
  if (words === "begin")
    void (async () => {
      addInterfaces();
      hush();
      serveMdns();
      serveUpnp();
      await serveSnmp();
      process.send?.("ready");
    })();
});
process.on("disconnect", () => process.exit(0));
process.send?.("here");
