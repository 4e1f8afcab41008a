import t from "tap";
import { filterCovers, topicMatches } from "../../appliance/model/topic.ts";

for (const [filter, topic, expected] of [
  ["site/hall/#", "site/hall", true],
  ["site/hall/#", "site/hall/a/b", true],
  ["site/hall/#", "site/hallway", false],
  ["site/+/t", "site/a/t", true],
  ["site/+/t", "site//t", true],
  ["site/+/t", "site/a/b/t", false],
  ["site/+", "site", false],
  ["+/t", "/t", true],
  ["#", "$SYS/x", false],
  ["+/x", "$SYS/x", false],
  ["$SYS/#", "$SYS/x", true],
  ["a", "A", false],
] as const)
  t.test(`${filter} ${expected ? "matches" : "does not match"} ${topic}`, async (t) =>
    t.equal(topicMatches(filter, topic), expected),
  );

for (const [outer, inner, expected] of [
  ["site/hall/#", "site/hall/+", true],
  ["site/hall/#", "site/hall", true],
  ["site/hall/#", "site/hall/#", true],
  ["site/hall/#", "site/+/t", false],
  ["site/hall/#", "#", false],
  ["site/+/t", "site/#", false],
  ["site/+/t", "site/+/t", true],
  ["site/a/t", "site/+/t", false],
  ["#", "$SYS/#", false],
] as const)
  t.test(`${outer} ${expected ? "covers" : "does not cover"} ${inner}`, async (t) =>
    t.equal(filterCovers(outer, inner), expected),
  );
