import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { parse } from "yaml";
import { systemClock } from "../../appliance/clock.ts";
import { runInspect } from "../../appliance/inspect.ts";
import { shippedProfiles } from "../helpers/snmp/deps.ts";
import { parseRecording, replayAgent } from "../helpers/snmp/replay.ts";
import { type Told, toldBy } from "../helpers/snmp/told.ts";

/**
 * `test/fixtures/profiles/<profile>[--variant].yaml`: a small walk of our own making, `OID|tag|value` a line, and all
 * that an inspection must tell of it, in the lines of `told.ts`. The values are invented; the meaning is the MIB's.
 */
interface Fixture {
  readonly walk: string;
  readonly expect: Told;
}

const folder = path.join(import.meta.dirname, "../../../test/fixtures/profiles");
const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).sort();
const fixtures = new Map<string, Fixture>();
for (const file of files)
  fixtures.set(
    path.basename(file, ".yaml"),
    parse(await readFile(path.join(folder, file), "utf8")) as Fixture,
  );

t.test("what each profile tells of its fixture", async (t) => {
  const recordings = new Map([...fixtures].map(([name, { walk }]) => [name, parseRecording(walk)]));
  const agent = await replayAgent({ recordings });
  t.teardown(() => agent.close());
  const out = t.testdir();
  const batch = path.join(out, "batch.jsonl");
  const lines = [...fixtures.keys()].map((name) =>
    JSON.stringify({ id: name, host: "127.0.0.1", port: agent.port, community: name }),
  );
  await mkdir(out, { recursive: true });
  await writeFile(batch, lines.join("\n"));
  const errors: string[] = [];
  const io = {
    out: () => {},
    err: (text: string) => void errors.push(text),
    clock: systemClock,
    profileDirs: [shippedProfiles],
  };
  await runInspect(["--batch", batch, "--out", out], io);
  t.same(errors, []);
  for (const [name, { expect }] of fixtures) {
    const inspection = JSON.parse(await readFile(path.join(out, `${name}.json`), "utf8"));
    t.equal(inspection.error, undefined, `${name} answers`);
    if (inspection.error !== undefined) continue;
    t.equal(inspection.identity.profile, name.replace(/--.*$/, ""), `${name} is the profile that applies`);
    const { profile: _, ...identity } = toldBy(inspection).identity;
    t.same({ ...toldBy(inspection), identity }, expect, name);
  }
});

t.test("each profile that chooses devices has a fixture", async (t) => {
  const covered = new Set([...fixtures.keys()].map((name) => name.replace(/--.*$/, "")));
  const bare: string[] = [];
  for (const file of (await readdir(shippedProfiles)).filter((name) => name.endsWith(".yaml"))) {
    const profile = parse(await readFile(path.join(shippedProfiles, file), "utf8")) as {
      name: string;
      match?: unknown;
    };
    if (profile.match !== undefined && !covered.has(profile.name)) bare.push(profile.name);
  }
  t.same(bare, []);
});
