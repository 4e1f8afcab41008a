import t from "tap";
import { killManyTimes } from "../helpers/kill-storage.ts";
import { emptyDir } from "../helpers/state.ts";

t.test(
  "kill -9 of a writing process, 200 times, loses no committed round",
  { timeout: 1_200_000 },
  async (t) => {
    const { rounds, lost, twice, integrityOk } = await killManyTimes(emptyDir(t), 200);
    t.comment(
      `200 kills, ${rounds} rounds of 50 samples: lost ${lost}, twice ${twice}, integrity ok ${integrityOk}/200`,
    );
    t.same({ lost, twice, integrityOk }, { lost: 0, twice: 0, integrityOk: 200 });
  },
);
