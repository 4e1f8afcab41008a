import { compareOids, oidText, TlvReader } from "./ber.ts";
import type { Cells } from "./cells.ts";
import { type AnswerHead, isException, type Refusal } from "./codec.ts";
import { type ColumnRequest, type GetRequest, type Plan, uptimeOid } from "./plan.ts";

/** What of a column was asked. */
export interface AskedColumn {
  readonly request: ColumnRequest;
  readonly repetitions: number;
  /** sysUpTime comes along in front. */
  readonly withUptime: boolean;
}

/**
 * Reads the answers of one poll straight from the datagrams into the plan's cells. An answer that is refused leaves
 * nothing behind.
 */
export class AnswerReader {
  /** Rows came, went or moved since the device was looked over. */
  moved = false;
  /** The next row of the column that is being read. */
  row = 0;
  /** The column was cut by the device: it goes on behind `row`. */
  more = false;
  readonly #cells: Cells;
  readonly #uptimeCell: number;
  readonly #tlv = new TlvReader(new Uint8Array(0));

  constructor(plan: Plan) {
    this.#cells = plan.cells;
    this.#uptimeCell = plan.uptimeCell;
  }

  /** The variables asked for, in the same order, each where it was asked. */
  takeGet(bytes: Buffer, head: AnswerHead, request: GetRequest): Refusal | undefined {
    const tlv = this.#tlv;
    tlv.bytes = bytes;
    const { cells, oidList } = request;
    let at = head.from;
    for (let position = 0; position < cells.length; position++) {
      if (!tlv.openVarbind(at, head.to)) return this.#takeBack(cells, 0, position, "malformed");
      at = tlv.end;
      if (!oidList.isAt(position, bytes, tlv.oidFrom, tlv.oidTo))
        return this.#takeBack(cells, 0, position, "mismatch");
      if (!isException(tlv.type)) this.#put(cells[position] as number);
    }
    return at === head.to ? undefined : this.#takeBack(cells, 0, cells.length, "mismatch");
  }

  /** Rows of a column from `row` on; afterwards `row` and `more` say how far it came. */
  takeColumn(bytes: Buffer, head: AnswerHead, asked: AskedColumn): Refusal | undefined {
    const tlv = this.#tlv;
    tlv.bytes = bytes;
    const { cells, rows } = asked.request;
    const startRow = this.row;
    let at = head.from;
    if (asked.withUptime && startRow === 0) {
      if (!tlv.openVarbind(at, head.to)) return "malformed";
      this.#takeUptime();
      at = tlv.end;
    }
    const outcome = this.#takeRows(at, head.to, asked);
    if (typeof outcome === "string") return this.#takeBack(cells, startRow, this.row, outcome);
    const missing = this.row < rows.length;
    this.more = !outcome && missing && this.row > startRow;
    if (missing && !this.more) this.moved = true;
    return undefined;
  }

  /** Every variable from `from` to `to`. Says whether the column has ended among them. */
  #takeRows(from: number, to: number, { request, repetitions }: AskedColumn): boolean | Refusal {
    const { bytes } = this.#tlv;
    const { rows, cells } = request;
    let left = repetitions * 2;
    let ended = from >= to;
    for (let at = from; at < to; ) {
      if (left-- === 0) return "flood";
      // The usual case first: the next row known, all lengths short.
      const value = ended ? 0 : rows.valueAt(this.row, bytes, at, to);
      if (value > 0) {
        at += 2 + (bytes[at + 1] as number);
        const cell = cells[this.row++] as number;
        if (cell >= 0) this.#cells.put(cell, bytes[value] as number, bytes, value + 2, at);
        continue;
      }
      const outcome = this.#takeOther(at, to, request, ended);
      if (typeof outcome === "string") return outcome;
      ended = outcome;
      at = this.#tlv.end;
    }
    return ended;
  }

  /** A variable that is not plainly the next row. Says whether the column has ended with it. */
  #takeOther(at: number, to: number, request: ColumnRequest, ended: boolean): boolean | Refusal {
    const tlv = this.#tlv;
    if (!tlv.openVarbind(at, to)) return "malformed";
    if (ended || isException(tlv.type)) return true;
    const { bytes, oidFrom, oidTo } = tlv;
    if (!startsWith(bytes, oidFrom, oidTo, request.columnBytes)) return true;
    const { rows, cells } = request;
    for (let row = this.row; row < rows.length; row++) {
      if (!rows.isAt(row, bytes, oidFrom, oidTo)) continue;
      if (row > this.row) this.moved = true;
      this.row = row + 1;
      this.#put(cells[row] as number);
      return false;
    }
    // A row that was not there before; but a column never goes backwards.
    this.moved = true;
    const oid = oidText(bytes, oidFrom, oidTo);
    const last = this.row > 0 ? rows.text(this.row - 1) : request.column;
    return oid === undefined || compareOids(oid, last) <= 0 ? "order" : false;
  }

  #takeUptime(): void {
    const { bytes, oidFrom, oidTo } = this.#tlv;
    if (oidText(bytes, oidFrom, oidTo) === uptimeOid) this.#put(this.#uptimeCell);
  }

  #put(cell: number): void {
    const { type, bytes, at, end } = this.#tlv;
    if (cell >= 0) this.#cells.put(cell, type, bytes, at, end);
  }

  #takeBack(cells: Int32Array, from: number, to: number, refusal: Refusal): Refusal {
    for (let position = from; position < to; position++) {
      const cell = cells[position] as number;
      if (cell >= 0) this.#cells.drop(cell);
    }
    this.row = from;
    return refusal;
  }
}

function startsWith(bytes: Uint8Array, from: number, to: number, prefix: Uint8Array): boolean {
  if (to - from < prefix.length) return false;
  for (let k = 0; k < prefix.length; k++) if (bytes[from + k] !== prefix[k]) return false;
  return true;
}
