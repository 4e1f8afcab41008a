import { type ColumnForm, columnForms } from "../model/profile.ts";
import { readBigUnsigned, readInteger, readUnsigned, tag } from "./ber.ts";
import type { Varbind } from "./codec.ts";
import { type Cell, leadingNumber, octetsText, opaqueNumber } from "./decode.ts";

const forms: readonly (ColumnForm | undefined)[] = [undefined, ...columnForms];

/** What a cell may hold: anything, or a counter of this width. */
export type CellWidth = 0 | 32 | 64;

/**
 * The raw values of one device's polls, one place for each variable that is asked. Numbers lie in one array; a text is
 * decoded again only when its bytes have changed.
 */
export class Cells {
  /** NaN where the device gave none. */
  readonly numbers: Float64Array;
  /** Counts above 2^53 exactly. */
  readonly exact = new Map<number, bigint>();
  /** A watched text is another one than before. */
  watchedChanged = false;
  /** Values with an impossible type or size. */
  refused = 0;
  readonly #widths: Uint8Array;
  /** Place among the forms; most cells have none. */
  readonly #forms: Uint8Array;
  readonly #watched: Uint8Array;
  /** Where the text of a cell lies; -1 while it never had one. */
  readonly #slots: Int16Array | Int32Array;
  readonly #texts: (string | undefined)[] = [];
  /** The bytes of each text, one character a byte: smaller than an array of their own. */
  readonly #raw: string[] = [];
  readonly #present: Uint8Array;

  constructor(layout: readonly CellLayout[]) {
    const size = layout.length;
    this.numbers = new Float64Array(size).fill(Number.NaN);
    this.#widths = Uint8Array.from(layout, ({ width }) => width);
    this.#forms = Uint8Array.from(layout, ({ form }) => forms.indexOf(form));
    this.#watched = Uint8Array.from(layout, ({ watched }) => (watched ? 1 : 0));
    this.#slots = (size > 0x7fff ? new Int32Array(size) : new Int16Array(size)).fill(-1);
    this.#present = new Uint8Array(size);
  }

  /** Before each poll. Texts are kept to compare with. */
  clear(): void {
    this.numbers.fill(Number.NaN);
    this.#present.fill(0);
    if (this.exact.size > 0) this.exact.clear();
    this.watchedChanged = false;
    this.refused = 0;
  }

  /** Takes back what a datagram gave before it turned out malformed. */
  drop(cell: number): void {
    this.numbers[cell] = Number.NaN;
    this.#present[cell] = 0;
    this.exact.delete(cell);
  }

  /** A value from the wire into its cell. Impossible ones leave it empty. */
  put(cell: number, type: number, bytes: Uint8Array, from: number, to: number): void {
    const width = this.#widths[cell];
    let value: number;
    if (type === tag.counter64) {
      value = width === 32 ? Number.NaN : readUnsigned(bytes, from, to, 64);
      if (value > Number.MAX_SAFE_INTEGER) this.exact.set(cell, readBigUnsigned(bytes, from, to));
    } else if (isUnsigned32(type)) {
      value = width === 64 ? Number.NaN : readUnsigned(bytes, from, to, 32);
    } else if (type === tag.integer) {
      value = readInteger(bytes, from, to);
      if (width !== 0 && (width === 64 || value < 0)) value = Number.NaN;
    } else {
      this.#putOther(cell, type, bytes, from, to);
      return;
    }
    if (Number.isNaN(value)) this.refused++;
    this.numbers[cell] = value;
  }

  #putOther(cell: number, type: number, bytes: Uint8Array, from: number, to: number): void {
    if (type === tag.octets) {
      this.#putText(cell, bytes, from, to);
      return;
    }
    const number = type === tag.opaque ? opaqueNumber(bytes.subarray(from, to)) : undefined;
    if (number === undefined) this.refused++;
    else if (this.#widths[cell] === 0) this.numbers[cell] = number;
  }

  #putText(cell: number, bytes: Uint8Array, from: number, to: number): void {
    let slot = this.#slots[cell] as number;
    const known = slot < 0 ? undefined : this.#raw[slot];
    if (known === undefined || !sameBytes(known, bytes, from, to)) {
      if (known !== undefined && this.#watched[cell]) this.watchedChanged = true;
      if (slot < 0) {
        slot = this.#raw.length;
        this.#slots[cell] = slot;
      }
      this.#raw[slot] = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
      this.#texts[slot] = octetsText(bytes.subarray(from, to), forms[this.#forms[cell] as number]);
    }
    this.#present[cell] = 1;
  }

  /** The same from a variable that was decoded elsewhere (SNMPv3, or when the device was looked over). */
  putVarbind(cell: number, { tag: type, value }: Varbind): void {
    if (value === null) return;
    if (value instanceof Uint8Array) {
      this.put(cell, type, value, 0, value.length);
      return;
    }
    const width = this.#widths[cell];
    const fits = width === 0 || (width === 64) === (type === tag.counter64);
    if (typeof value === "string" || !fits || (width !== 0 && value < 0)) {
      this.refused++;
      return;
    }
    if (typeof value === "bigint") this.exact.set(cell, value);
    this.numbers[cell] = Number(value);
  }

  value(cell: number): Cell {
    if (this.#present[cell]) return this.#textOf(cell);
    const number = this.numbers[cell] as number;
    return Number.isNaN(number) ? undefined : number;
  }

  /** The number a cell stands for: of a text the one it begins with. NaN for none. */
  number(cell: number): number {
    if (!this.#present[cell]) return this.numbers[cell] as number;
    return leadingNumber(this.#textOf(cell) ?? "") ?? Number.NaN;
  }

  /** Something that changes exactly when the cell does: for values that are computed only anew. */
  stamp(cell: number): number | string | undefined {
    return this.#present[cell] ? this.#textOf(cell) : this.numbers[cell];
  }

  #textOf(cell: number): string | undefined {
    return this.#texts[this.#slots[cell] as number];
  }
}

function isUnsigned32(type: number): boolean {
  return type === tag.counter32 || type === tag.gauge32 || type === tag.timeTicks || type === tag.unsigned32;
}

export interface CellLayout {
  readonly width: CellWidth;
  readonly form?: ColumnForm | undefined;
  /** A text that names its row: a change means that rows have moved. */
  readonly watched?: boolean;
}

function sameBytes(known: string, bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  if (known.length !== length) return false;
  for (let k = 0; k < length; k++) if (known.charCodeAt(k) !== bytes[from + k]) return false;
  return true;
}
