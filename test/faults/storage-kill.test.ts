import t from "tap";
import { killManyTimes } from "../helpers/kill-storage.ts";
import { emptyDir } from "../helpers/state.ts";

t.test("kill -9 of a writing process loses no committed round", { timeout: 120_000 }, async (t) => {
  const { rounds, lost, twice, integrityOk } = await killManyTimes(emptyDir(t), 20);
  t.comment(
    `20 kills, ${rounds} rounds of 50 samples: lost ${lost}, twice ${twice}, integrity ok ${integrityOk}/20`,
  );
  t.ok(rounds > 100);
  t.same({ lost, twice, integrityOk }, { lost: 0, twice: 0, integrityOk: 20 });
});
