import { numberOf } from "./decode.ts";
import type { Expression, Scope } from "./expression.ts";
import { bind, type Findings, fill, holds, type Pool } from "./reading.ts";
import type { Row } from "./readout.ts";
import type { ResolvedGroup, ResolvedPool, ResolvedSupply } from "./resolve.ts";
import { round } from "./value.ts";

/** A memory or file system: its size and the share in use. */
export function addPool(
  findings: Findings,
  list: "memory" | "storage",
  group: ResolvedGroup,
  row: Row,
  pool: ResolvedPool,
): void {
  if (pool.when && !holds(pool.when, row)) return;
  const sizes = poolSizes(pool, row);
  if (!sizes) return;
  const description = fill(pool.description, row) ?? (row.index || list);
  const first = (pool.used ?? pool.free ?? pool.percent)?.names[0];
  const oid = first === undefined ? undefined : row.oid(first);
  if (list === "memory" && findings.pools.some((known) => known.list === list && isSameMemory(known, sizes)))
    return;
  findings.pools.push({ list, description, ...sizes, oid });
  const [share, total] = list === "memory" ? ["memory_used", "memory_total"] : ["disk_used", "disk_total"];
  const common = {
    list,
    channel: fill(pool.channel ?? group.channel, row),
    description,
    oid,
    group: group.name,
    index: row.index,
  };
  const percent = percentExpression(pool);
  if (sizes.usedPercent !== undefined)
    findings.readings.push({
      ...common,
      metric: share as string,
      value: sizes.usedPercent,
      binding: bind(percent, row),
    });
  if (sizes.totalBytes !== undefined && pool.total)
    findings.readings.push({
      ...common,
      metric: total as string,
      value: sizes.totalBytes,
      binding: bind(pool.total, row),
    });
}

/** Many agents report the same memory by two MIBs: it is kept once. */
function isSameMemory(known: Pool, sizes: Pick<Pool, "totalBytes" | "usedBytes">): boolean {
  const near = (a = 0, b = 0, share = 0) => Math.abs(a - b) <= share * Math.max(a, b);
  return (
    known.totalBytes !== undefined &&
    near(known.totalBytes, sizes.totalBytes, 0.001) &&
    near(known.usedBytes, sizes.usedBytes, 0.02)
  );
}

function poolSizes(
  pool: ResolvedPool,
  row: Row,
): Pick<Pool, "totalBytes" | "usedBytes" | "usedPercent"> | undefined {
  const read = (expression: Expression | undefined) => expression && numberOf(expression.evaluate(row));
  const free = read(pool.free);
  let used = read(pool.used);
  let total = read(pool.total);
  if (total === undefined && used !== undefined && free !== undefined) total = used + free;
  if (used === undefined && total !== undefined && free !== undefined) used = total - free;
  const percent = read(pool.percent);
  if (total !== undefined && total > 0 && used !== undefined && used >= 0)
    return { totalBytes: round(total), usedBytes: round(used), usedPercent: round((used / total) * 100) };
  if (percent === undefined || percent < 0 || percent > 100) return undefined;
  return total !== undefined && total > 0
    ? { totalBytes: round(total), usedBytes: round((total * percent) / 100), usedPercent: percent }
    : { usedPercent: percent };
}

/** Used over total in percent, from whichever two the profile gives. */
function percentExpression({ total, used, free, percent }: ResolvedPool): Expression {
  const parts = [total, used, free, percent].filter((part) => part !== undefined);
  const number = (part: Expression | undefined, scope: Scope) => part && numberOf(part.evaluate(scope));
  return {
    source: "used / total * 100",
    names: [...new Set(parts.flatMap((part) => part.names))],
    onceNames: [...new Set(parts.flatMap((part) => part.onceNames))],
    evaluate(scope) {
      const [whole, taken, left] = [number(total, scope), number(used, scope), number(free, scope)];
      const size = whole ?? (taken !== undefined && left !== undefined ? taken + left : undefined);
      const usedPart = taken ?? (size !== undefined && left !== undefined ? size - left : undefined);
      if (size !== undefined && usedPart !== undefined && size > 0) return (usedPart / size) * 100;
      return number(percent, scope);
    },
  };
}

/** A consumable and how much is left of it. */
export function addSupply(findings: Findings, group: ResolvedGroup, row: Row, supply: ResolvedSupply): void {
  if (supply.when && !holds(supply.when, row)) return;
  const level = numberOf(supply.level.evaluate(row));
  const capacity = supply.capacity && numberOf(supply.capacity.evaluate(row));
  const percent = supplyPercent(level, capacity);
  const description = fill(supply.description, row) ?? row.index;
  findings.supplies.push({
    description,
    type: fill(supply.type, row),
    unit: fill(supply.unit, row),
    level,
    maxCapacity: capacity,
    percent,
  });
  if (percent === undefined) return;
  const [levelName] = supply.level.names;
  findings.readings.push({
    list: "supplies",
    metric: "supply_level",
    channel: fill(group.channel, row) ?? description,
    description,
    value: percent,
    oid: levelName === undefined ? undefined : row.oid(levelName),
    binding: bind(supplyExpression(supply), row),
    group: group.name,
    index: row.index,
  });
}

/** RFC 3805: a level of -1, -2, -3 is no amount; a capacity of -2 is unknown, and then a level up to 100 is percent. */
function supplyPercent(level: number | undefined, capacity: number | undefined): number | undefined {
  if (level === undefined || level < 0) return undefined;
  if (capacity !== undefined && capacity > 0) return Math.min(100, round((level / capacity) * 100));
  return undefined;
}

function supplyExpression(supply: ResolvedSupply): Expression {
  const names = [...new Set([...supply.level.names, ...(supply.capacity?.names ?? [])])];
  return {
    source: "level / capacity * 100",
    names,
    onceNames: [],
    evaluate: (scope) =>
      supplyPercent(
        numberOf(supply.level.evaluate(scope)),
        supply.capacity && numberOf(supply.capacity.evaluate(scope)),
      ),
  };
}
