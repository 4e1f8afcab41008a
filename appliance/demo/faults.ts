/** What is broken in the demo office at this moment. */
export interface Faults {
  /** Device ids whose address is gone. */
  readonly dead: Set<string>;
  /** UPS ids that run on battery, with since when. */
  readonly onBattery: Map<string, number>;
  /** Printer ids with an empty black cartridge. */
  readonly noToner: Set<string>;
  /** NAS ids with a full volume. */
  readonly full: Set<string>;
  /** Rooms that are too hot. */
  readonly hot: Set<string>;
  /** Names of IoT sensors that are silent. */
  readonly silent: Set<string>;
  internetCut: boolean;
}

export function noFaults(): Faults {
  return {
    dead: new Set(),
    onBattery: new Map(),
    noToner: new Set(),
    full: new Set(),
    hot: new Set(),
    silent: new Set(),
    internetCut: false,
  };
}
