import { metricOf } from "../model/metric.ts";
import type { SensorLimits } from "../model/site.ts";
import { numberOf } from "./decode.ts";
import type { Expression } from "./expression.ts";
import { addPool, addSupply } from "./pools.ts";
import { bind, type Findings, fill, holds, type Reading, type ReadingList } from "./reading.ts";
import type { Readout, Row } from "./readout.ts";
import type { ResolvedGroup, ResolvedProfile, ResolvedSensor } from "./resolve.ts";
import { plain, round, sensorWords, stateOf, unknownNumbers } from "./value.ts";

/** Evaluates every scalar and every row of every table. */
export function evaluateAll(profile: ResolvedProfile, readout: Readout): Findings {
  const findings: Findings = { readings: [], pools: [], supplies: [] };
  for (const group of [profile.scalars, ...profile.tables])
    for (const index of readout.rowsOf(group)) {
      const row = readout.row(group, index);
      if (group.when && !holds(group.when, row)) continue;
      evaluateRow(group, row, findings);
    }
  return findings;
}

function evaluateRow(group: ResolvedGroup, row: Row, findings: Findings): void {
  const list = group.role === "ports" ? "ports" : "sensors";
  for (const sensor of group.sensors) add(findings, sensorReading(list, group, row, sensor));
  for (const sensor of group.processors) add(findings, sensorReading("processors", group, row, sensor));
  for (const sensor of group.wireless) add(findings, sensorReading("wireless", group, row, sensor));
  for (const pool of group.memory) addPool(findings, "memory", group, row, pool);
  for (const pool of group.storage) addPool(findings, "storage", group, row, pool);
  for (const supply of group.supplies) addSupply(findings, group, row, supply);
}

function add(findings: Findings, reading: Reading | undefined): void {
  if (reading) findings.readings.push(reading);
}

function sensorReading(
  list: ReadingList,
  group: ResolvedGroup,
  row: Row,
  sensor: ResolvedSensor,
): Reading | undefined {
  if (sensor.when && !holds(sensor.when, row)) return undefined;
  const expression = usable(sensor.value, row);
  if (!expression) return undefined;
  const cell = expression.evaluate(row);
  const isState = metricOf(sensor.metric)?.kind === "state";
  const said = isState ? stateOf(cell, sensor.words) : plain(sensor.metric, cell, expression, row);
  if (!said) return undefined;
  const name = expression.names[0];
  return {
    list,
    metric: sensor.metric,
    channel: fill(sensor.channel ?? group.channel, row),
    description: fill(sensor.description, row) ?? (row.index === "" ? sensor.metric : row.index),
    ...said,
    ...(sensor.words ? { words: sensorWords(sensor.words) } : {}),
    limits: limitsOf(sensor, row),
    class: sensor.class,
    oid: name === undefined ? undefined : row.oid(name),
    binding: bind(expression, row, isState ? sensor.words : undefined),
    group: group.name,
    index: row.index,
  };
}

/** The first expression whose columns the row has and that gives a value. */
function usable(expressions: readonly Expression[], row: Row): Expression | undefined {
  return expressions.find(
    (expression) =>
      expression.names.every((name) => row.cell(name) !== undefined) &&
      expression.evaluate(row) !== undefined,
  );
}

function limitsOf(sensor: ResolvedSensor, row: Row): SensorLimits | undefined {
  if (!sensor.limits) return undefined;
  const entries = Object.entries(sensor.limits).flatMap(([key, expression]) => {
    const value = expression ? numberOf(expression.evaluate(row)) : undefined;
    const unset = expression?.names.some((name) => unknownNumbers.has(numberOf(row.cell(name)) ?? 0));
    return value === undefined || unset ? [] : [[key, round(value)]];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
