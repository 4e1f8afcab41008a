/** When a rule would have fired, had it been there. */
export interface Rehearsal {
  /** Oldest first; without an end: still going on at the end of the range. */
  readonly firings: readonly { readonly fromMs: number; readonly toMs?: number }[];
  /** Values looked at. */
  readonly values: number;
  /** The oldest of them; undefined when there is none. */
  readonly sinceMs?: number;
}
