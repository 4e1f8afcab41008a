import t from "tap";
import { damageMany } from "../helpers/damage-storage.ts";

t.test("100 damaged files: every start works", { timeout: 1_200_000 }, async (t) => {
  await damageMany(t, 25);
});
