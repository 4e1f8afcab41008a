import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { CheckPlugin } from "../../appliance/model/contracts.ts";
import { at, device, nowMs, seriesOf, silence } from "../helpers/checks.ts";

const folder = new URL("../../appliance/checks/", import.meta.url);
const files = readdirSync(fileURLToPath(folder)).filter((name) => /^[a-z-]+\.js$/.test(name));

/** The least that a rule must say for this check, where it must say something. */
const least: Readonly<Record<string, unknown>> = { threshold: { over: 1 }, service: { via: "http" } };

t.ok(files.length >= 6, "sees the plugins");
for (const file of files) {
  t.test(`check ${file}`, async (t) => {
    const { check } = (await import(new URL(file, folder).href)) as { check: CheckPlugin };
    t.equal(check.type, file.replace(/\.js$/, ""), "its type is its file's name");
    t.ok(check.summary.length > 10, "it says what it does");
    t.throws(() => check.config.parse({ nonsense: 1 }), "an unknown setting is refused");
    const settings = check.config.parse(least[check.type] ?? {});
    const input = {
      device: device(),
      ...(check.about === "series" ? { series: seriesOf("temperature") } : {}),
      columns: at(),
      answers: silence,
    };
    const frozen = Object.freeze(input);
    const first = check.create().judge(frozen, settings, { nowMs });
    t.match(first, { broken: false, unknown: true }, "without data it is neither broken nor repaired");
    t.same(
      check.create().judge(frozen, settings, { nowMs }),
      first,
      "the same input gives the same judgement",
    );
  });
}
