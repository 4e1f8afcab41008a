import { readFileSync } from "node:fs";
import t from "tap";
import { errorCodes } from "../../appliance/model/errors.ts";

t.test("the reference page lists every error code with its meaning, and no other", async (t) => {
  const page = readFileSync("docs/ERRORS.md", "utf8");
  const listed = [...page.matchAll(/^\| `([A-Z_]+)` \| (.+?) \|/gm)].map(([, code, meaning]) => [
    code,
    meaning,
  ]);
  t.strictSame(Object.fromEntries(listed), errorCodes);
});
