import type { Rule } from "../model/alert.ts";
import { ApplianceError } from "../model/errors.ts";
import { readDocument } from "./document.ts";
import { type Problem, problemLine } from "./problems.ts";
import { type CheckSection, parseRule } from "./rules.ts";
import { readConfigText } from "./text.ts";

/**
 * Reads the rules that come with the program: a file with `rules` alone, or a list of them.
 * Throws CONFIG_INVALID: a mistake there is one of ours.
 */
export function loadShippedRules(file: string, checks: ReadonlyMap<string, CheckSection>): Rule[] {
  const document = readDocument(readConfigText(file).text, file);
  const problems: Problem[] = [...document.problems];
  const { data } = document;
  const inList = Array.isArray(data);
  const entries: unknown = inList ? data : (data as { rules?: unknown } | null | undefined)?.rules;
  const rules: Rule[] = [];
  for (const [at, raw] of (Array.isArray(entries) ? entries : []).entries()) {
    const parsed = parseRule(raw, checks, "shipped", inList ? [at] : ["rules", at]);
    if (!parsed.ok) problems.push(...parsed.findings.map(document.place));
    else if (parsed.value.kind === "rule") rules.push(parsed.value.rule);
  }
  if (problems.length === 0) return rules;
  throw new ApplianceError(
    "CONFIG_INVALID",
    `The shipped rules have mistakes:\n${problems.map(problemLine).join("\n")}`,
  );
}
