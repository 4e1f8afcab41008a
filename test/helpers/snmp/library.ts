import { tag } from "../../../appliance/snmp/ber.ts";
import { isException, type Varbind, type VarbindValue } from "../../../appliance/snmp/codec.ts";

/** The answer to a request as net-snmp gives it: octets and Counter64 as bytes. */
interface LibraryVarbind {
  readonly oid: string;
  readonly type: number;
  readonly value: unknown;
}

/** net-snmp's form of a variable in ours; what has an impossible value comes as null. */
export function ofLibrary({ oid, type, value }: LibraryVarbind): Varbind {
  return { oid, tag: type, value: libraryValue(type, value) };
}

function libraryValue(type: number, value: unknown): VarbindValue {
  if (isException(type) || type === tag.nothing) return null;
  if (type === tag.counter64) return counter64Of(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "string") return value;
  return value instanceof Uint8Array ? value : null;
}

function counter64Of(value: unknown): VarbindValue {
  if (!(value instanceof Uint8Array) || value.length < 1 || value.length > 9) return null;
  const exact = BigInt(`0x${Buffer.from(value).toString("hex")}`);
  if (exact > 0xffff_ffff_ffff_ffffn) return null;
  return exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : exact;
}
