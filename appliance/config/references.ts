import type { Rule } from "../model/alert.ts";
import type { Finding, Path } from "./problems.ts";
import type { DeviceConfig, NotifierConfig } from "./schema.ts";
import { didYouMean } from "./suggest.ts";

/** Entries of a list that share an id with an earlier one. */
export function doubleIds(list: unknown, key: string, path: Path): Finding[] {
  if (!Array.isArray(list)) return [];
  const seen = new Map<string, number>();
  const findings: Finding[] = [];
  for (const [at, entry] of list.entries()) {
    const id: unknown = (entry as Record<string, unknown> | null)?.[key];
    if (typeof id !== "string") continue;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, at);
    else
      findings.push({
        path: [...path, at, key],
        message: `"${id.slice(0, 64)}" is already the ${key} of ${String(path.at(-1))}[${first}]`,
      });
  }
  return findings;
}

interface Placed<T> {
  readonly path: Path;
  readonly value: T;
}

/** `behind` must name another device, and no chain of them may come back to its start. */
export function checkBehind(
  devices: readonly Placed<Pick<DeviceConfig, "id" | "behind">>[],
  knownIds: ReadonlySet<string>,
): Finding[] {
  const behind = new Map(
    devices.map(({ value }) => [value.id as string, value.behind as string | undefined]),
  );
  const findings: Finding[] = [];
  for (const { path, value } of devices) {
    const target = value.behind;
    if (target === undefined) continue;
    if (!knownIds.has(target)) {
      findings.push({
        path: [...path, "behind"],
        message: `there is no device "${target}"${didYouMean(target, knownIds)}`,
      });
      continue;
    }
    const seen = new Set<string>();
    let here: string | undefined = target;
    while (here !== undefined && here !== value.id && !seen.has(here)) {
      seen.add(here);
      here = behind.get(here);
    }
    if (here === value.id)
      findings.push({
        path: [...path, "behind"],
        message: `"${value.id}" would hang on itself`,
      });
  }
  return findings;
}

/** Devices and notifiers that a rule names must exist. */
export function checkRuleReferences(
  rules: readonly Placed<Rule>[],
  knownIds: ReadonlySet<string>,
  notifiers: ReadonlySet<NotifierConfig["id"]>,
): Finding[] {
  return rules.flatMap(({ path, value }) => [
    ...(value.where.device ?? [])
      .filter((id) => !id.includes("*") && !knownIds.has(id))
      .map((id) => ({
        path: [...path, "where", "device"],
        message: `there is no device "${id.slice(0, 64)}"${didYouMean(id, knownIds)}`,
      })),
    ...value.tell
      .filter((id) => !notifiers.has(id))
      .map((id) => ({
        path: [...path, "tell"],
        message: `there is no notifier "${id}" under notify${didYouMean(id, notifiers)}`,
      })),
  ]);
}
