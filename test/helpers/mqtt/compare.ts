/** A line of a corpus of messages with what must come out of them. */
export interface Expectation {
  readonly id: string;
  readonly topic: string;
  readonly payload?: string;
  readonly payload_base64?: string;
  readonly retained?: boolean;
  readonly needs?: readonly string[];
  readonly expect: readonly Readonly<Record<string, unknown>>[];
  readonly must_not?: readonly string[];
}

export interface Printed {
  readonly id: string;
  readonly records: readonly Readonly<Record<string, unknown>>[];
  readonly reason?: string;
}

/** What is wrong with the records of one message; empty when nothing is. */
export function differences(wanted: Expectation, got: Printed): string[] {
  const problems: string[] = [];
  for (const record of wanted.expect)
    if (!got.records.some((found) => fits(record, found))) problems.push(`missing ${JSON.stringify(record)}`);
  if (wanted.expect.length === 0 && got.records.length > 0)
    problems.push(`unwanted ${JSON.stringify(got.records)}`);
  if (got.records.length === 0 && !got.reason) problems.push("nothing came out, and no reason");
  for (const { record, metric } of got.records)
    if (record === "sample" && wanted.must_not?.includes(String(metric)))
      problems.push(`sample of ${metric} must not be`);
  return problems;
}

function fits(wanted: Readonly<Record<string, unknown>>, found: Readonly<Record<string, unknown>>): boolean {
  if (wanted.record === "sample" && wanted.channel === undefined && found.channel !== undefined) return false;
  return Object.entries(wanted).every(([key, value]) => isSame(key, value, found[key]));
}

function isSame(key: string, wanted: unknown, found: unknown): boolean {
  if (typeof wanted === "number" && typeof found === "number")
    return Math.abs(wanted - found) <= 1e-6 * Math.max(1, Math.abs(wanted));
  if (key === "ts") return Date.parse(String(wanted)) === Date.parse(String(found));
  return JSON.stringify(wanted) === JSON.stringify(found);
}
