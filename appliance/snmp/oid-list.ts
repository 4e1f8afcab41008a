import { oidBytes, oidText, parseOid, tag } from "./ber.ts";

/** Many OIDs in the form they have on the wire, one behind the other: a device's poll compares hundreds of them. */
export class OidList {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #offsets: Uint32Array;

  constructor(oids: readonly string[]) {
    const encoded = oids.map((oid) => oidBytes(parseOid(oid)));
    this.length = encoded.length;
    this.#offsets = new Uint32Array(encoded.length + 1);
    encoded.forEach((bytes, at) => {
      this.#offsets[at + 1] = (this.#offsets[at] as number) + bytes.length;
    });
    this.#bytes = new Uint8Array(this.#offsets[encoded.length] as number);
    encoded.forEach((bytes, at) => {
      this.#bytes.set(bytes, this.#offsets[at]);
    });
  }

  /** Whether the bytes are the OID at this place. Looks from the end: neighbours differ there first. */
  isAt(place: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (place >= this.length) return false;
    const start = this.#offsets[place] as number;
    let k = (this.#offsets[place + 1] as number) - start;
    if (to - from !== k) return false;
    const own = this.#bytes;
    while (--k >= 0) if (bytes[from + k] !== own[start + k]) return false;
    return true;
  }

  /**
   * Where the value stands when the bytes at `at` are a variable with the OID at this place and every length of it is
   * short and fits; 0 for anything else, exceptions included.
   */
  valueAt(place: number, bytes: Uint8Array, at: number, limit: number): number {
    if (place >= this.length || at + 6 > limit || bytes[at] !== tag.sequence) return 0;
    const start = this.#offsets[place] as number;
    const length = (this.#offsets[place + 1] as number) - start;
    const inside = bytes[at + 1] as number;
    const end = at + 2 + inside;
    const value = at + 4 + length;
    if (
      inside >= 0x80 ||
      end > limit ||
      bytes[at + 2] !== tag.oid ||
      bytes[at + 3] !== length ||
      value + 2 > end
    )
      return 0;
    // A type of 0x80 or more is no value; a content of 0x80 or more has a long length.
    if ((bytes[value] as number) >= 0x80 || value + 2 + (bytes[value + 1] as number) !== end) return 0;
    const own = this.#bytes;
    for (let k = length - 1; k >= 0; k--) if (bytes[at + 4 + k] !== own[start + k]) return 0;
    return value;
  }

  text(place: number): string {
    return oidText(this.#bytes, this.#offsets[place], this.#offsets[place + 1]) ?? "";
  }
}
