import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { parseMib } from "../../appliance/snmp/mib-file.ts";
import { loadMibs } from "../../appliance/snmp/mib-names.ts";

const fixtures = fileURLToPath(new URL("../fixtures/mibs", import.meta.url));
const good = ["ACME-DOOR-MIB.mib", "ACME-SMI.txt"];
const systemMibs = "/usr/share/snmp/mibs";

function folderOf(t: { teardown(run: () => void): unknown }, files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(path.join(tmpdir(), "porchlight-mibs-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of good) copyFileSync(path.join(fixtures, name), path.join(folder, name));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  return folder;
}

const doors = {
  "1.3.6.1.4.1.99999.1.7.2.1": "acmeDoorOpened",
  "1.3.6.1.4.1.99999.1.7.0.3": "acmeDoorForced",
  "1.3.6.1.6.3.1.1.5.3": "acmeLinkLost",
};

t.test("notifications of both versions are named, over the files of a folder", async (t) => {
  const { traps, problems } = await loadMibs(folderOf(t, {}));
  t.same(Object.fromEntries(traps), doors);
  t.same(problems, []);
  t.same([...(await loadMibs("/nowhere/at/all")).traps], [], "a folder that does not exist holds none");
});

const wrap = (body: string) => `BAD-MIB DEFINITIONS ::= BEGIN\n${body}\nEND\n`;
const bad: Readonly<Record<string, [text: string, line: number, what: RegExp]>> = {
  "empty.mib": ["", 1, /no module/],
  "prose.mib": ["This is a letter.\n", 1, /expected DEFINITIONS, got "is"/],
  "string.mib": [wrap('x OBJECT-TYPE\n DESCRIPTION "no end\n ::= { iso 1 }'), 3, /a string begins here/],
  "binary.mib": ["BAD\0\0\0", 1, /no text/],
  "end.mib": ["BAD-MIB DEFINITIONS ::= BEGIN\nx OBJECT IDENTIFIER ::= { iso", 2, /ends in the middle/],
  "noend.mib": [
    "BAD-MIB DEFINITIONS ::= BEGIN\nx OBJECT IDENTIFIER ::= { iso 1 }\n",
    2,
    /ends in the middle/,
  ],
  "word.mib": [wrap("x OBJECT IDENTIFIER ::= { iso one two }"), 2, /expected a number, got "one"/],
  "large.mib": [wrap("x OBJECT IDENTIFIER ::= { iso 99999999999 }"), 2, /expected a number/],
  "brace.mib": [wrap("\nx NOTIFICATION-TYPE STATUS current ::= 7"), 3, /expected \{, got "7"/],
  "deep.mib": [wrap(`x OBJECT IDENTIFIER ::= { iso ${"1 ".repeat(200)}}`), 2, /at most 128/],
  "trap.mib": [wrap("x TRAP-TYPE VARIABLES { y } ::= 1"), 2, /expected ENTERPRISE/],
  "many.mib": [wrap("a ".repeat(1_100_000)), 2, /too long/],
  "huge.mib": ["x".repeat(5 * 1024 * 1024), 1, /larger than 4 MiB/],
};

t.test("a bad file is refused alone, with its line", async (t) => {
  for (const [name, [text, line, what]] of Object.entries(bad)) {
    const folder = folderOf(t, { [name]: text });
    const { traps, problems } = await loadMibs(folder);
    t.same(Object.fromEntries(traps), doors, `${name}: the others are read`);
    t.equal(problems.length, 1, name);
    t.ok(problems[0]?.startsWith(`${path.join(folder, name)}:${line}: `), problems[0]?.slice(-200) ?? name);
    t.match(problems[0] ?? "", what);
  }
});

t.test("a trap whose parents no file defines is left out alone", async (t) => {
  const lost = wrap(
    "one NOTIFICATION-TYPE STATUS current ::= { enterprises 5 }\n\ntwo NOTIFICATION-TYPE ::= { nowhere 1 }",
  );
  const circle = wrap(
    "a OBJECT IDENTIFIER ::= { b 1 }\nb OBJECT IDENTIFIER ::= { a 1 }\nc NOTIFICATION-TYPE ::= { a 1 }",
  );
  const { traps, problems } = await loadMibs(
    folderOf(t, { "lost.mib": lost, "circle.my": circle.replace("BAD", "ROUND") }),
  );
  t.equal(traps.get("1.3.6.1.4.1.5"), "one");
  t.match(problems, [/circle\.my:4: c hangs on [ab] \(a circle\)/, /lost\.mib:4: two hangs on nowhere/]);
});

t.test(
  "the modules that come with net-snmp are read",
  { skip: !existsSync(systemMibs) && "not installed" },
  async (t) => {
    const names = readdirSync(systemMibs).filter((name) => name.endsWith("-MIB.txt"));
    t.ok(names.length > 3);
    for (const name of names)
      t.doesNotThrow(() => parseMib(readFileSync(path.join(systemMibs, name), "utf8")), name);
    const agent = parseMib(readFileSync(path.join(systemMibs, "NET-SNMP-AGENT-MIB.txt"), "utf8"));
    t.ok(agent[0]?.traps.some(({ name }) => name === "nsNotifyShutdown"));
  },
);
