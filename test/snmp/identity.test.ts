import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { systemClock } from "../../appliance/clock.ts";
import { Secret } from "../../appliance/model/secret.ts";
import { connect } from "../../appliance/snmp/connect.ts";
import { Exchange } from "../../appliance/snmp/exchange.ts";
import { loadProfiles } from "../../appliance/snmp/profiles.ts";
import { survey } from "../../appliance/snmp/survey.ts";
import { shippedProfiles } from "../helpers/snmp/deps.ts";
import { parseRecording, replayAgent } from "../helpers/snmp/replay.ts";

const folder = join(import.meta.dirname, "../fixtures/profiles");
const fields = ["kind", "vendor", "model", "version", "serial"] as const;
type Told = Partial<Record<(typeof fields)[number], string>>;

t.test("a look at the identity alone tells the same as a whole one, with few requests", async (t) => {
  const { library } = await loadProfiles([shippedProfiles]);
  const counters = { add() {}, all: () => new Map<string, number>() };
  const exchange = new Exchange({ clock: systemClock, counters });
  t.teardown(() => exchange.close());
  const files = readdirSync(folder).sort();
  const fixtures = files.map((file) => {
    const { walk, expect } = parse(readFileSync(join(folder, file), "utf8")) as {
      walk: string;
      expect: { identity?: Told };
    };
    return { file, walk, identity: expect.identity };
  });
  const recordings = new Map(fixtures.map(({ file, walk }) => [file, parseRecording(walk)]));
  const agent = await replayAgent({ recordings });
  t.teardown(() => agent.close());
  let requests = 0;
  for (const { file, identity } of fixtures) {
    if (!identity) continue;
    const access = { version: "2c", port: agent.port, community: new Secret(file) } as const;
    const reader = (await connect(agent.address, access, exchange)).reader({ timeoutMs: 5_000, tries: 2 });
    const found = await survey(reader, {
      library,
      clock: systemClock,
      counters,
      neighbours: false,
      depth: "identity",
    });
    requests += reader.requests;
    const told: Told = { ...found.identity, ...(found.kind ? { kind: found.kind } : {}) };
    t.strictSame(
      Object.fromEntries(fields.map((field) => [field, told[field]])),
      Object.fromEntries(fields.map((field) => [field, identity[field]])),
      file,
    );
  }
  t.comment(`${(requests / fixtures.length).toFixed(1)} requests a device`);
});
