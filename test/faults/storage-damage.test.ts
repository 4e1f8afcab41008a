import t from "tap";
import { damageMany } from "../helpers/damage-storage.ts";

t.test(
  "a damaged series.db never stops the start; what can be read is kept",
  { timeout: 120_000 },
  async (t) => {
    await damageMany(t, 2);
  },
);
