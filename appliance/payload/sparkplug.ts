/** A metric of a Sparkplug B payload, as it travelled. */
export interface SparkplugMetric {
  readonly name?: string;
  readonly alias?: string;
  readonly timeMs?: number;
  readonly datatype?: number;
  readonly isHistorical: boolean;
  readonly isNull: boolean;
  readonly unit?: string;
  /** Integers as unsigned; undefined for bytes, datasets and templates. */
  readonly value?: bigint | number | boolean | string;
}

export interface SparkplugPayload {
  readonly timeMs?: number;
  readonly metrics: readonly SparkplugMetric[];
  readonly seq?: number;
}

interface Field {
  readonly number: number;
  readonly wire: number;
  readonly int: bigint;
  readonly bytes: Uint8Array;
}

const maxMetrics = 512;
const nothing = new Uint8Array(0);

class Malformed extends Error {}

/** Reads Protobuf fields one after the other. Source: protobuf.dev/programming-guides/encoding. */
function* fieldsOf(data: Uint8Array): Generator<Field> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = data[at++];
      if (byte === undefined) throw new Malformed();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Malformed();
  };
  const take = (length: number): Uint8Array => {
    if (length > data.length - at) throw new Malformed();
    at += length;
    return data.subarray(at - length, at);
  };
  while (at < data.length) {
    const tag = Number(varint());
    const number = Math.floor(tag / 8);
    const wire = tag & 7;
    if (number === 0) throw new Malformed();
    if (wire === 0) yield { number, wire, int: varint(), bytes: nothing };
    else if (wire === 1) {
      const bytes = take(8);
      yield { number, wire, int: view.getBigUint64(at - 8, true), bytes };
    } else if (wire === 2) yield { number, wire, int: 0n, bytes: take(Number(varint())) };
    else if (wire === 5) {
      const bytes = take(4);
      yield { number, wire, int: BigInt(view.getUint32(at - 4, true)), bytes };
    } else throw new Malformed();
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function floatOf({ bytes }: Field): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.byteLength === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
}

/**
 * Reads a Sparkplug B payload.
 *
 * @returns undefined when the bytes are malformed
 * Source: eclipse-sparkplug/sparkplug specification chapter 6 (sparkplug_b.proto).
 */
export function parseSparkplug(data: Uint8Array): SparkplugPayload | undefined {
  try {
    return payloadOf(data);
  } catch {
    // Malformed Protobuf or text that is not UTF-8: the caller counts it.
    return undefined;
  }
}

function payloadOf(data: Uint8Array): SparkplugPayload {
  const metrics: SparkplugMetric[] = [];
  const rest: { timeMs?: number; seq?: number } = {};
  for (const { number, wire, int, bytes } of fieldsOf(data)) {
    if (number === 1 && wire === 0) rest.timeMs = Number(int);
    else if (number === 3 && wire === 0) rest.seq = Number(int);
    else if (number === 2 && wire === 2 && metrics.length < maxMetrics) metrics.push(metricOf(bytes));
  }
  return { metrics, ...rest };
}

type Draft = Partial<SparkplugMetric>;

// What each field adds to a metric.
const readers = new Map<number, (field: Field) => Draft>([
  [1, ({ bytes }) => ({ name: textOf(bytes) })],
  [2, ({ int }) => ({ alias: `${int}` })],
  [3, ({ int }) => ({ timeMs: Number(int) })],
  [4, ({ int }) => ({ datatype: Number(int) })],
  [5, ({ int }) => ({ isHistorical: int !== 0n })],
  [7, ({ int }) => ({ isNull: int !== 0n })],
  [9, ({ bytes }) => unitOf(bytes)],
  [10, ({ int }) => ({ value: int })],
  [11, ({ int }) => ({ value: int })],
  [12, (field) => ({ value: floatOf(field) })],
  [13, (field) => ({ value: floatOf(field) })],
  [14, ({ int }) => ({ value: int !== 0n })],
  [15, ({ bytes }) => ({ value: textOf(bytes) })],
]);
const wires = new Map([
  [1, 2],
  [2, 0],
  [3, 0],
  [4, 0],
  [5, 0],
  [7, 0],
  [9, 2],
  [10, 0],
  [11, 0],
  [12, 5],
  [13, 1],
  [14, 0],
  [15, 2],
]);

function metricOf(data: Uint8Array): SparkplugMetric {
  const metric = { isHistorical: false, isNull: false };
  for (const field of fieldsOf(data))
    if (wires.get(field.number) === field.wire) Object.assign(metric, readers.get(field.number)?.(field));
  return metric;
}

/** A property set holds keys and values in two lists of the same order; `engUnit` is the unit. */
function unitOf(data: Uint8Array): Draft {
  const keys: string[] = [];
  const values: (string | undefined)[] = [];
  for (const { number, wire, bytes } of fieldsOf(data)) {
    if (number === 1 && wire === 2) keys.push(textOf(bytes));
    else if (number === 2 && wire === 2) values.push(propertyText(bytes));
  }
  const unit = values[keys.findIndex((key) => key.toLowerCase() === "engunit")];
  return unit === undefined ? {} : { unit };
}

function propertyText(data: Uint8Array): string | undefined {
  for (const { number, wire, bytes } of fieldsOf(data)) if (number === 8 && wire === 2) return textOf(bytes);
  return undefined;
}

const signedBits = new Map([
  [1, 8],
  [2, 16],
  [3, 32],
  [4, 64],
]);
const unsignedBits = new Map([
  [5, 8],
  [6, 16],
  [7, 32],
  [8, 64],
]);

/**
 * The value by its datatype. Signed integers travel as two's complement in an unsigned field: they are cut to their
 * width and extended by sign.
 *
 * @returns undefined for dates, bytes, datasets, templates and arrays
 */
export function sparkplugValue(
  value: SparkplugMetric["value"],
  datatype: number | undefined,
): number | boolean | string | undefined {
  if (typeof value === "bigint") return integerValue(value, datatype);
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  const isText = datatype === undefined || datatype === 12 || datatype === 14;
  return typeof value === "string" && !isText ? undefined : value;
}

function integerValue(value: bigint, datatype = 9): number | boolean | undefined {
  const signed = signedBits.get(datatype);
  if (signed !== undefined) return Number(BigInt.asIntN(signed, value));
  const unsigned = unsignedBits.get(datatype);
  if (unsigned !== undefined) return Number(BigInt.asUintN(unsigned, value));
  if (datatype === 11) return value !== 0n;
  return datatype === 9 || datatype === 10 ? Number(value) : undefined;
}

/** Body of the NCMD that asks an edge node for its births: `Node Control/Rebirth` = true. Specification §6.4.7. */
export function rebirthCommand(atMs: number): Uint8Array {
  const name = Buffer.from("Node Control/Rebirth");
  const time = varintOf(BigInt(Math.round(atMs)));
  const metric = Buffer.concat([
    ...[Buffer.from([0x0a, name.length]), name],
    ...[Buffer.from([0x18]), time],
    // Datatype 11, Boolean; value true.
    Buffer.from([0x20, 11, 0x70, 1]),
  ]);
  return Buffer.concat([Buffer.from([0x08]), time, Buffer.from([0x12, metric.length]), metric]);
}

function varintOf(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  bytes.push(Number(left));
  return Buffer.from(bytes);
}
