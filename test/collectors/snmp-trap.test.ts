import t from "tap";
import { collector } from "../../appliance/collectors/snmp-trap.ts";
import { Secret } from "../../appliance/model/secret.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { KnownEngine } from "../../appliance/snmp/usm-engine.ts";
import { sendingTarget, tool, trapReceiver } from "../helpers/snmp/traps.ts";

const community = new Secret("office");
const linkDown = "1.3.6.1.6.3.1.1.5.3";
const ifIndex = (index: number) => [`1.3.6.1.2.1.2.2.1.1.${index}`, "i", String(index)];
const keys = { auth: "authkey-123", priv: "privkey-123" };
const byUser = sendingTarget("127.0.0.1", {
  version: "3",
  user: "watcher",
  auth: { protocol: "sha256", key: new Secret(keys.auth) },
  priv: { protocol: "aes", key: new Secret(keys.priv) },
});
const userWords = (more: readonly string[] = []) => [
  ...["-v", "3", "-u", "watcher", "-l", "authPriv", "-a", "SHA-256", "-A", keys.auth],
  ...["-x", "AES", "-X", keys.priv, ...more],
];

t.test("a v2c trap is an event with the port's name, and a reason to poll", async (t) => {
  const receiver = await trapReceiver(t, { targets: [sendingTarget("127.0.0.1", { community })] });
  const to = `127.0.0.1:${receiver.port}`;
  await tool("snmptrap", ["-v", "2c", "-c", "office", to, "", linkDown, ...ifIndex(2)]);
  await receiver.reached(1);
  t.match(receiver.events[0], {
    record: "event",
    device: "switch-1",
    metric: "trap",
    channel: "linkDown",
    value: "The link of gi2 went down",
  });
  t.same(receiver.polled, ["switch-1"]);
  t.same(receiver.others, [], "nothing but events: a trap is no measurement and no alert");
});

t.test("a v1 trap is read as its v2 form", async (t) => {
  const receiver = await trapReceiver(t, { targets: [sendingTarget("127.0.0.1", { community })] });
  const to = `127.0.0.1:${receiver.port}`;
  await tool("snmptrap", ["-v", "1", "-c", "office", to, "1.3.6.1.4.1.8072", "10.9.8.7", "0", "0", ""]);
  await receiver.reached(1);
  t.match(receiver.events[0], { channel: "coldStart", value: "It has started anew" });
  const specific = ["-v", "1", "-c", "office", to, "1.3.6.1.4.1.99999.1.7", "10.9.8.7", "6", "3", ""];
  await tool("snmptrap", [...specific, "1.3.6.1.4.1.99999.1.7.1.0", "s", "back door"]);
  await receiver.reached(2);
  t.match(receiver.events[1], { channel: "1.3.6.1.4.1.99999.1.7.0.3", value: "back door" });
});

t.test("traps of makers have the names of the user's MIB files", async (t) => {
  const mibs = ["ACME-SMI.txt", "ACME-DOOR-MIB.mib"];
  const receiver = await trapReceiver(t, { targets: [sendingTarget("127.0.0.1", { community })], mibs });
  const to = `127.0.0.1:${receiver.port}`;
  const door = ["1.3.6.1.4.1.99999.1.7.1.0", "s", "front\ndoor"];
  await tool("snmptrap", ["-v", "2c", "-c", "office", to, "", "1.3.6.1.4.1.99999.1.7.2.1", ...door]);
  await receiver.reached(1);
  t.match(receiver.events[0], { channel: "acmeDoorOpened", value: "front door" });
});

t.test("an inform is acknowledged", async (t) => {
  const receiver = await trapReceiver(t, { targets: [sendingTarget("127.0.0.1", { community })] });
  const to = `127.0.0.1:${receiver.port}`;
  const words = ["-v", "2c", "-c", "office", "-r", "0", "-t", "5", to, "", linkDown, ...ifIndex(1)];
  t.equal((await tool("snmpinform", words)).code, 0);
  await receiver.reached(1);
  t.match(receiver.events[0], { channel: "linkDown" });
});

t.test("v3 traps and informs are taken, signed and encrypted", async (t) => {
  const receiver = await trapReceiver(t, { targets: [byUser] });
  const to = `127.0.0.1:${receiver.port}`;
  const trap = await tool("snmptrap", [...userWords(["-e", "0x80001f8880aabbccdd"]), to, "", linkDown]);
  t.equal(trap.code, 0, trap.said);
  await receiver.reached(1);
  t.match(receiver.events[0], { channel: "linkDown", value: "The link of a port went down" });
  const inform = await tool("snmpinform", [
    ...userWords(["-r", "1", "-t", "5"]),
    to,
    "",
    `${linkDown.slice(0, -1)}4`,
  ]);
  t.equal(inform.code, 0, inform.said);
  await receiver.reached(2);
  t.match(receiver.events[1], { channel: "linkUp" });
  t.ok(receiver.count("traps_engine_asked") >= 1);
});

t.test("whoever is not known gets no answer, and is counted", async (t) => {
  const elsewhere = sendingTarget("127.0.0.9", { community });
  const receiver = await trapReceiver(t, { targets: [elsewhere] });
  const to = `127.0.0.1:${receiver.port}`;
  const inform = ["-v", "2c", "-c", "office", "-r", "0", "-t", "0.3", to, "", linkDown];
  t.not(
    (await tool("snmpinform", inform)).code,
    0,
    "an inform from an unknown address stays without an answer",
  );
  t.equal(receiver.count("traps_refused_address"), 1);
  await tool("snmpinform", [...userWords(["-r", "0", "-t", "0.3"]), to, "", linkDown]);
  t.equal(receiver.count("traps_refused_address"), 2);
  t.same(receiver.events, []);
  t.same(receiver.polled, []);
});

t.test("a wrong community, user, key or level is refused without an answer", async (t) => {
  const receiver = await trapReceiver(t, { targets: [byUser, sendingTarget("127.0.0.1", { community })] });
  const to = `127.0.0.1:${receiver.port}`;
  const engine = ["-e", "0x80001f8880aabbccdd"];
  const wrong = await tool("snmpinform", [
    "-v",
    "2c",
    "-c",
    "public",
    "-r",
    "0",
    "-t",
    "0.3",
    to,
    "",
    linkDown,
  ]);
  t.not(wrong.code, 0);
  t.equal(receiver.count("traps_refused_community"), 1);
  const send = (words: readonly string[]) =>
    tool("snmptrap", ["-v", "3", ...engine, ...words, to, "", linkDown]);
  const signed = ["-l", "authNoPriv", "-a", "SHA-256", "-A", keys.auth];
  await send(["-u", "stranger", ...signed]);
  t.equal(receiver.count("traps_refused_user"), 1);
  await send(["-u", "watcher", "-l", "noAuthNoPriv"]);
  await send(["-u", "watcher", ...signed]);
  t.equal(receiver.count("traps_refused_level"), 2, "a plain or unencrypted trap of a user with privacy");
  const secret = ["-l", "authPriv", "-x", "AES", "-X"];
  await send(["-u", "watcher", ...secret, keys.priv, "-a", "SHA-256", "-A", "another-key"]);
  t.equal(receiver.count("traps_refused_digest"), 1);
  await send(["-u", "watcher", ...secret, "another-key", "-a", "SHA-256", "-A", keys.auth]);
  t.equal(receiver.count("traps_refused_cipher"), 1);
  t.same(receiver.events, []);
  t.same(receiver.polled, []);
});

t.test("a trap by a known engine is taken from another address", async (t) => {
  const receiver = await trapReceiver(t, { targets: [{ ...byUser, address: "127.0.0.9" }] });
  const engine = new KnownEngine(Buffer.from("80001f8880aabbccdd", "hex"), { boots: 1, seconds: 0 }, 0);
  receiver.engines.set("80001f8880aabbccdd", { device: deviceId("switch-1"), engine });
  const to = `127.0.0.1:${receiver.port}`;
  await tool("snmptrap", [...userWords(["-e", "0x80001f8880aabbccdd"]), to, "", linkDown]);
  await receiver.reached(1);
  t.equal(receiver.events[0]?.device, "switch-1");
});

t.test("without an address nothing is opened, and wrong ones are refused", async (t) => {
  t.equal(collector.config.parse(undefined).listen, undefined);
  for (const listen of ["", "162", "host.example:162", "127.0.0.1:99999", "[127.0.0.1"])
    t.throws(() => collector.config.parse({ listen }), listen);
  for (const listen of [":162", "0.0.0.0:1162", "[::1]:0"])
    t.equal(collector.config.parse({ listen }).listen, listen);
});
