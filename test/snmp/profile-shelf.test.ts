import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t from "tap";
import { systemClock } from "../../appliance/clock.ts";
import { collector } from "../../appliance/collectors/snmp.ts";
import { ProfileShelf } from "../../appliance/snmp/profile-shelf.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { collectorDeps, quietLog, shippedProfiles } from "../helpers/snmp/deps.ts";
import { readRecording, replayAgent } from "../helpers/snmp/replay.ts";
import { describeOf, switchFile } from "../helpers/snmp/small-switch.ts";
import { loopback } from "../helpers/snmp/watching.ts";

const { signal } = new AbortController();
const profile = (model: string) => `name: our-switch
summary: The small switch of the tests
source: written for the tests
extends: [generic]
match: [{ sysDescr: "." , has: 1.3.6.1.2.1.1 }]
identity:
  model: [{ text: "${model}" }]
`;

function userFolder(t: { teardown(run: () => void): unknown }) {
  const folder = mkdtempSync(path.join(tmpdir(), "porchlight-profiles-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const user = path.join(folder, "profiles");
  return {
    user,
    write: (text: string) => {
      mkdirSync(user, { recursive: true });
      writeFileSync(path.join(user, "our-switch.yaml"), text);
    },
  };
}

t.test("files of the user are picked up while the box runs, and a bad one changes nothing", async (t) => {
  const { user, write } = userFolder(t);
  const warnings: string[] = [];
  const shelf = new ProfileShelf([shippedProfiles, user], { clock: fakeClock(), log: quietLog(warnings) });
  const before = await shelf.library();
  t.equal(before.get("our-switch"), undefined);
  await shelf.refresh();
  t.equal(shelf.version, 0, "nothing has changed");
  write(profile("first"));
  await shelf.refresh();
  t.equal(shelf.version, 1);
  t.ok((await shelf.library()).get("our-switch"));
  write(profile("second").replace("extends", "extents"));
  await shelf.refresh();
  t.match(warnings, [/our-switch\.yaml:4:1: extents: there is no such member/]);
  t.match(
    (await shelf.library()).get("our-switch")?.identity?.model,
    [{ text: "first" }],
    "what was good stays",
  );
  t.equal((await shelf.library()).names.length, before.names.length + 1, "and so do all others");
  rmSync(user, { recursive: true });
  await shelf.refresh();
  t.equal((await shelf.library()).get("our-switch"), undefined);
  t.same(shelf.problems, []);
});

t.test("a device is matched again when profiles have changed", async (t) => {
  const { user, write } = userFolder(t);
  const profiles = new ProfileShelf([shippedProfiles, user], { clock: systemClock, log: quietLog() });
  const agent = await replayAgent({ recordings: new Map([["public", readRecording(switchFile)]]) });
  const deps = collectorDeps(systemClock, { parts: { profiles } });
  const made = collector.create(collector.config.parse({ neighbours: "1d" }), deps);
  t.teardown(async () => {
    await made.close();
    await agent.close();
  });
  const one = loopback(agent.port);
  await made.poll([one], { signal });
  write(profile("Model of the user"));
  await profiles.refresh();
  const again = await made.poll([one], { signal });
  t.equal(describeOf(again)?.model, "Model of the user");
  const records = again.map(({ record }) => record);
  t.ok(records.includes("forget"), "what the other profile read is of nobody any more");
  t.ok(records.indexOf("forget") < records.indexOf("readings"));
  t.notOk((await made.poll([one], { signal })).some(({ record }) => record === "forget"));
});
