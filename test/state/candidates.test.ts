import t from "tap";
import type { Discovered, StoredCandidate } from "../../appliance/model/discovery.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { createCandidateKeeper } from "../../appliance/state/candidates.ts";
import { openState } from "../../appliance/state/database.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { emptyDir, keptLog } from "../helpers/state.ts";

const candidate: StoredCandidate = {
  id: deviceId("abcd1234"),
  state: "new",
  firstSeenMs: 1,
  seenMs: 2,
  evidence: [{ finder: "sweep", words: `quotes ' and "`, isPresent: true, address: "10.0.0.31", seenMs: 2 }],
};
const change = (atMs: number): Discovered => ({ kind: "new", atMs, name: "Printer", text: "10.0.0.31" });

/** A keeper over one folder; `again` opens it anew, as a restart does. */
function keeping(test: { teardown(run: () => void): void }) {
  const dir = emptyDir(test);
  const open = () => openState({ dir, clock: fakeClock(), log: keptLog() });
  let state = open();
  test.teardown(() => state.close());
  return {
    db: () => state.db,
    keeper: () => createCandidateKeeper(state),
    again() {
      state.close();
      state = open();
      return createCandidateKeeper(state);
    },
  };
}

t.test("candidates, sightings and changes are there after a restart", async (t) => {
  const k = keeping(t);
  const keeper = k.keeper();
  keeper.save(candidate);
  keeper.save({ ...candidate, state: "ignored", ignoredBy: "Anna" });
  keeper.saveSighting({ device: deviceId("nas"), seenMs: 5, keys: ["port:001422000001"] });
  keeper.addChange(change(10));
  keeper.addChange(change(20));
  const again = k.again();
  t.strictSame(again.load(), [{ ...candidate, state: "ignored", ignoredBy: "Anna" }]);
  t.match(again.sightings(), [{ device: "nas", keys: ["port:001422000001"] }]);
  t.strictSame(
    again.changes(0).map(({ atMs }) => atMs),
    [20, 10],
    "newest first",
  );
  again.prune(15);
  again.remove(candidate.id);
  again.removeSighting(deviceId("nas"));
  t.strictSame([again.load(), again.sightings(), again.changes(0).length], [[], [], 1]);
});

t.test("a try counts at once, and after a restart when its scan has ended", async (t) => {
  const k = keeping(t);
  const keeper = k.keeper();
  keeper.tried("10.0.0.31", "office", 7);
  t.equal(keeper.lastMs("10.0.0.31", "office"), 7);
  t.equal(keeper.lastMs("10.0.0.31", "other"), undefined);
  keeper.together(() => keeper.save(candidate));
  const again = k.again();
  t.equal(again.lastMs("10.0.0.31", "office"), 7);
  again.prune(8);
  t.equal(again.lastMs("10.0.0.31", "office"), undefined);
});

t.test("what is saved together is there whole or not at all", async (t) => {
  const k = keeping(t);
  const keeper = k.keeper();
  keeper.tried("10.0.0.31", "office", 7);
  t.throws(() =>
    keeper.together(() => {
      keeper.save(candidate);
      throw new Error("the disk is full");
    }),
  );
  t.strictSame(keeper.load(), []);
  t.equal(keeper.lastMs("10.0.0.31", "office"), 7, "the try is not forgotten for that");
});

t.test("a row that a worn card has damaged is left out", async (t) => {
  const k = keeping(t);
  const keeper = k.keeper();
  keeper.save(candidate);
  k.db().exec("INSERT INTO candidates (id, body) VALUES ('zz', '{\"id\": 4}'), ('zy', 'rubbish')");
  t.strictSame(
    keeper.load().map(({ id }) => id),
    ["abcd1234"],
  );
});
