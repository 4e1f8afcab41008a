import type { Clock, Timer } from "../model/time.ts";
import type { TrapWords } from "./trap-names.ts";

const foldMs = 60_000;
/** Types of traps of one device that are told apart within a minute. */
const mostTypes = 20;
const mostPorts = 5;
const otherTypes = "others";

interface Fold {
  count: number;
  readonly ports: Set<string>;
  readonly timer: Timer;
}

/** Told of a trap, or of how many came after it. */
export type Tell<D> = (device: D, words: TrapWords) => void;

/** Equal traps - same device, same type - are told once a minute: the first at once, the number of the others after it. */
export class TrapFold<D extends string> {
  readonly #clock: Clock;
  readonly #tell: Tell<D>;
  readonly #devices = new Map<D, Map<string, Fold>>();

  constructor(clock: Clock, tell: Tell<D>) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** `words` is called only where something is told. */
  take(device: D, type: string, words: () => TrapWords, port: () => string | undefined): void {
    const types = this.#devices.get(device) ?? new Map<string, Fold>();
    this.#devices.set(device, types);
    const key = types.has(type) || types.size < mostTypes ? type : otherTypes;
    const fold = types.get(key);
    if (fold) {
      fold.count++;
      if (fold.ports.size < mostPorts) {
        const named = port();
        if (named !== undefined) fold.ports.add(named);
      }
      return;
    }
    const said = words();
    this.#begin(device, key, said);
    this.#tell(device, said);
  }

  stop(): void {
    for (const types of this.#devices.values()) for (const { timer } of types.values()) timer.cancel();
    this.#devices.clear();
  }

  #begin(device: D, key: string, said: TrapWords): void {
    const timer = this.#clock.timer(() => this.#end(device, key, said), foldMs);
    this.#devices.get(device)?.set(key, { count: 0, ports: new Set(), timer });
  }

  #end(device: D, key: string, said: TrapWords): void {
    const types = this.#devices.get(device);
    const fold = types?.get(key);
    types?.delete(key);
    if (types?.size === 0) this.#devices.delete(device);
    if (!fold || fold.count === 0) return;
    const { count, ports } = fold;
    const where = ports.size > 0 ? ` (${[...ports].join(", ")}${count > ports.size ? ", ..." : ""})` : "";
    // What comes in the next minute is counted on.
    if (!types || types.size === 0) this.#devices.set(device, types ?? new Map());
    this.#begin(device, key, said);
    this.#tell(device, { name: said.name, text: `${count} more within a minute${where}` });
  }
}
