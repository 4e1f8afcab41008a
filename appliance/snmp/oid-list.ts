import { indexBytes, oidBytes, oidText, parseOid, tag } from "./ber.ts";

/** Many ends of OIDs in the form they have on the wire, one behind the other. Columns of one table share theirs. */
export class OidEnds {
  readonly length: number;
  readonly bytes: Uint8Array;
  /** Where each begins; one more than there are. */
  readonly offsets: Uint16Array | Uint32Array;

  constructor(ends: readonly Uint8Array[]) {
    this.length = ends.length;
    const size = ends.reduce((sum, end) => sum + end.length, 0);
    this.offsets = size > 0xffff ? new Uint32Array(ends.length + 1) : new Uint16Array(ends.length + 1);
    this.bytes = new Uint8Array(size);
    let at = 0;
    ends.forEach((end, place) => {
      this.offsets[place] = at;
      this.bytes.set(end, at);
      at += end.length;
    });
    this.offsets[ends.length] = at;
  }
}

/** OIDs to compare with: a beginning they share, and their ends. A device's poll compares hundreds of them. */
export class OidList {
  readonly length: number;
  readonly #start: Uint8Array;
  readonly #ends: OidEnds;

  constructor(start: Uint8Array, ends: OidEnds) {
    this.#start = start;
    this.#ends = ends;
    this.length = ends.length;
  }

  /** Whether the bytes are the OID at this place. */
  isAt(place: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (place >= this.length) return false;
    const length = this.#start.length + this.#endLength(place);
    return to - from === length && this.#matches(place, bytes, from);
  }

  /**
   * Where the value stands when the bytes at `at` are a variable with the OID at this place and every length of it is
   * short and fits; 0 for anything else, exceptions included.
   */
  valueAt(place: number, bytes: Uint8Array, at: number, limit: number): number {
    if (place >= this.length || at + 6 > limit || bytes[at] !== tag.sequence) return 0;
    const length = this.#start.length + this.#endLength(place);
    const inside = bytes[at + 1] as number;
    const end = at + 2 + inside;
    const value = at + 4 + length;
    if (inside >= 0x80 || end > limit || value + 2 > end) return 0;
    if (bytes[at + 2] !== tag.oid || bytes[at + 3] !== length) return 0;
    // A type of 0x80 or more is no value; a content of 0x80 or more has a long length.
    if ((bytes[value] as number) >= 0x80 || value + 2 + (bytes[value + 1] as number) !== end) return 0;
    return this.#matches(place, bytes, at + 4) ? value : 0;
  }

  text(place: number): string {
    const { bytes, offsets } = this.#ends;
    const whole = new Uint8Array([...this.#start, ...bytes.subarray(offsets[place], offsets[place + 1])]);
    return oidText(whole) ?? "";
  }

  #endLength(place: number): number {
    const { offsets } = this.#ends;
    return (offsets[place + 1] as number) - (offsets[place] as number);
  }

  /** The ends first: neighbours differ there. */
  #matches(place: number, bytes: Uint8Array, from: number): boolean {
    const start = this.#start;
    const ends = this.#ends;
    const to = ends.offsets[place + 1] as number;
    let at = from + start.length;
    for (let k = ends.offsets[place] as number; k < to; k++) if (bytes[at++] !== ends.bytes[k]) return false;
    for (let k = start.length - 1; k >= 0; k--) if (bytes[from + k] !== start[k]) return false;
    return true;
  }
}

/** OIDs that share nothing. */
export function wholeOids(oids: readonly string[]): OidList {
  return new OidList(new Uint8Array(0), new OidEnds(oids.map((oid) => oidBytes(parseOid(oid)))));
}

/** The rows of a column. */
export function columnOids(column: string, ends: OidEnds): OidList {
  return new OidList(oidBytes(parseOid(column)), ends);
}

export function endsOf(indexes: readonly string[]): OidEnds {
  return new OidEnds(indexes.map((index) => indexBytes(parseOid(index))));
}
