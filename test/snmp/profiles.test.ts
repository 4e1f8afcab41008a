import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { loadProfiles, parseProfile } from "../../appliance/snmp/profiles.ts";
import { shippedProfiles } from "../helpers/snmp/deps.ts";

const good = `name: maker-box
summary: A box
source: MAKER-MIB
match: 1.3.6.1.4.1.99999.1
scalars: {temperature: 1.3.6.1.4.1.99999.1.1.0}
sensors:
  - {metric: temperature, value: "temperature / 10", description: Board}
`;

t.test("every shipped profile loads, and names its source", async (t) => {
  const { library, problems } = await loadProfiles([shippedProfiles]);
  t.same(problems, []);
  t.ok(library.names.length >= 40, `${library.names.length} profiles`);
  for (const name of library.names) t.ok((library.get(name)?.source.length ?? 0) > 5, name);
});

t.test("the worked example of the guide is a profile", async (t) => {
  const guide = await readFile(path.join(shippedProfiles, "../../../mibs/README.md"), "utf8");
  const example = /```yaml\n([\s\S]*?)```/.exec(guide)?.[1] ?? "";
  t.match(parseProfile(example, "maker-environment.yaml"), { profile: { name: "maker-environment" } });
});

const wrong: [string, string, RegExp][] = [
  ["an unknown member", good.replace("summary:", "sumary:"), /box\.yaml:2:1: .*sumary/],
  [
    "an unknown metric",
    good.replace("temperature, value", "heat, value"),
    /:7:6: sensors\.0\.metric: expected a metric of the catalogue/,
  ],
  ["a broken expression", good.replace("temperature / 10", "temperature /"), /:7:\d+: sensors\.0\.value/],
  ["an OID that is none", good.replace("1.3.6.1.4.1.99999.1\n", "1.3.x\n"), /:4:1: match/],
  [
    "a pattern that could take long",
    good.replace("match: 1.3.6.1.4.1.99999.1", "match: [{sysDescr: '(a+)+'}]"),
    /:4:\d+: match.*repeats a group/,
  ],
  ["a brace without its partner", good.replace("Board}", "'Board {x'}"), /:7:\d+: sensors\.0\.description/],
  ["YAML that is none", `${good}  - [`, /:\d+:\d+: /],
  ["another name than the file", good.replace("maker-box", "other"), /name: expected "maker-box"/],
  ["a kind that does not exist", `${good}identity: {kind: toaster}\n`, /no kind is called "toaster"/],
];
for (const [name, text, message] of wrong)
  t.test(`${name} is told with its place`, async (t) => {
    const result = parseProfile(text, "profiles/maker-box.yaml");
    t.ok("problems" in result);
    if ("problems" in result) t.match(result.problems.join("\n"), message);
  });

t.test("the most special sysObjectID wins, then what asks for more, then the user's", async (t) => {
  const folder = t.testdir({ shipped: {}, own: {} });
  const put = (dir: string, name: string, match: string) =>
    writeFile(
      path.join(folder, dir, `${name}.yaml`),
      `name: ${name}\nsummary: x\nsource: test MIB\nextends: []\nmatch: ${match}\n`,
    );
  await put("shipped", "generic", "[{sysDescr: nothing}]");
  await put("shipped", "maker", "1.3.6.1.4.1.99999");
  await put("shipped", "maker-switch", "1.3.6.1.4.1.99999.2");
  await put("shipped", "maker-poe", "[{sysObjectID: 1.3.6.1.4.1.99999.2, sysDescr: PoE}]");
  await put("shipped", "by-branch", "[{sysObjectID: 1.3.6.1.4.1.99999, has: 1.3.6.1.4.1.88888}]");
  await put("own", "my-maker", "1.3.6.1.4.1.99999");
  const { library, problems } = await loadProfiles([
    path.join(folder, "shipped"),
    path.join(folder, "own"),
    path.join(folder, "missing"),
  ]);
  t.same(problems, []);
  const pick = (sysObjectID: string, sysDescr = "", has: string[] = []) =>
    library.pick({ sysObjectID, sysDescr }, (oid) => has.includes(oid)).name;
  t.equal(pick("1.3.6.1.4.1.99999.2.1"), "maker-switch");
  t.equal(pick("1.3.6.1.4.1.99999.2.1", "24 ports, PoE"), "maker-poe");
  t.equal(pick("1.3.6.1.4.1.99999.3"), "my-maker");
  t.equal(pick("1.3.6.1.4.1.99999.3", "", ["1.3.6.1.4.1.88888"]), "by-branch");
  t.equal(pick("1.3.6.1.4.1.999990.1"), "generic", "a longer number is another maker");
  t.same(library.distinguishing({ sysObjectID: "1.3.6.1.4.1.99999.3" }), ["1.3.6.1.4.1.88888"]);
});

t.test(
  "a user's profile replaces the shipped one of its name, and a bad one is left out alone",
  async (t) => {
    const folder = t.testdir({
      shipped: { "maker-box.yaml": good, "generic.yaml": good.replace("maker-box", "generic") },
      own: {},
    });
    await writeFile(path.join(folder, "own", "maker-box.yaml"), good.replace("A box", "My box"));
    await writeFile(path.join(folder, "own", "broken.yaml"), "name: [");
    await mkdir(path.join(folder, "own", "sub"));
    const { library, problems } = await loadProfiles([
      path.join(folder, "shipped"),
      path.join(folder, "own"),
    ]);
    t.equal(library.get("maker-box")?.summary, "My box");
    t.equal(problems.length, 1);
    t.match(problems[0], /broken\.yaml:1:/);
  },
);

t.test("profiles that extend what does not exist, or themselves, are left out", async (t) => {
  const folder = t.testdir({
    "generic.yaml": good.replace("maker-box", "generic"),
    "a.yaml": good.replace("maker-box", "a").replace("match: 1.3.6.1.4.1.99999.1", "extends: [nothing]"),
    "b.yaml": good.replace("maker-box", "b").replace("match: 1.3.6.1.4.1.99999.1", "extends: [c]"),
    "c.yaml": good.replace("maker-box", "c").replace("match: 1.3.6.1.4.1.99999.1", "extends: [b]"),
  });
  const { library, problems } = await loadProfiles([folder]);
  t.equal(problems.length, 3);
  t.same(library.names, ["generic"]);
});

t.test(
  "a tree that makers give under numbers of their own is read there, in all that is extended",
  async (t) => {
    const tables =
      "tables:\n  fans: {oid: 1.3.6.1.4.1.99999.1.7.1, columns: {state: 3, name: 1.3.6.1.2.1.31.1.1.1.1}}\n";
    const brand = (name: string, match: string, to: string) =>
      `name: ${name}\nsummary: x\nsource: test MIB\nextends: [maker-box]\nmatch: ${match}\nmoved: {from: 1.3.6.1.4.1.99999.1, to: ${to}}\n`;
    const folder = t.testdir({
      "generic.yaml": good.replace("maker-box", "generic").replace("99999.1\nsc", "66666\nsc"),
      "maker-box.yaml": good + tables,
      "brand.yaml": brand("brand", "1.3.6.1.4.1.88888", "1.3.6.1.4.1.88888.5"),
      "models.yaml": brand("models", "1.3.6.1.4.1.77777", "{sysObjectID: 9}"),
    });
    const { library, problems } = await loadProfiles([folder]);
    t.same(problems, []);
    const oids = (sysObjectID: string) => {
      const { scalars, tables } = library.pick({ sysObjectID }, () => false);
      const fans = tables.find(({ name }) => name === "fans");
      return [
        scalars.columns.get("temperature")?.oid,
        ...[...(fans?.columns.values() ?? [])].map(({ oid }) => oid),
      ];
    };
    const name = "1.3.6.1.2.1.31.1.1.1.1";
    t.same(oids("1.3.6.1.4.1.99999.1"), ["1.3.6.1.4.1.99999.1.1.0", "1.3.6.1.4.1.99999.1.7.1.3", name]);
    t.same(oids("1.3.6.1.4.1.88888.1"), ["1.3.6.1.4.1.88888.5.1.0", "1.3.6.1.4.1.88888.5.7.1.3", name]);
    t.same(oids("1.3.6.1.4.1.77777.4.6.8"), [
      "1.3.6.1.4.1.77777.4.6.1.0",
      "1.3.6.1.4.1.77777.4.6.7.1.3",
      name,
    ]);
    t.same(oids("1.3.6.1.4.1.77777.2.6.8"), [
      "1.3.6.1.4.1.77777.2.6.1.0",
      "1.3.6.1.4.1.77777.2.6.7.1.3",
      name,
    ]);
    t.same(
      oids("1.3.6.1.4.1.77777.4"),
      ["1.3.6.1.4.1.99999.1.1.0", "1.3.6.1.4.1.99999.1.7.1.3", name],
      "too short to tell",
    );
  },
);
