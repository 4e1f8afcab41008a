import type { DeviceId } from "../model/site.ts";
import type { Neighbours } from "../model/topology.ts";
import { type Forwarding, groupOf } from "./forwarding.ts";
import type { GraphBuilder } from "./graph.ts";
import type { Heard } from "./heard.ts";

export interface BoxSideParts {
  readonly tables: ReadonlyMap<DeviceId, Neighbours>;
  readonly heard: readonly Heard[];
  readonly forwarding: Forwarding;
  /** Nodes that pass frames on. */
  readonly bridgeNodes: ReadonlySet<string>;
  readonly graph: GraphBuilder;
}

/** Where the way from this box into the network begins. */
export class BoxSide {
  readonly #parts: BoxSideParts;

  constructor(parts: BoxSideParts) {
    this.#parts = parts;
  }

  /**
   * Joins the first bridges of the way to where it begins. Where such a bridge hears others on that side, which tell of
   * no addresses themselves, any of them may be the first: it is joined to all of them, so that none is taken to be
   * behind another.
   */
  join(start: string, bridges: readonly DeviceId[]): void {
    for (const id of bridges) {
      const there = this.announced(id);
      const knowing = there.filter((node) => this.#parts.forwarding.seesBox(node));
      const isBeside = (node: string) =>
        this.#parts.forwarding.portAt(node as DeviceId, id) === this.#parts.forwarding.portToBox(node);
      // One that knows where the box is, and has this one elsewhere, stands before it: they are joined already.
      if (!knowing.every(isBeside)) continue;
      const silent = this.#silentAmong(id, there);
      // Several on one switch that nobody knows hear each other.
      if (silent.length === 0 || knowing.length > 0) this.#parts.graph.join(start, id);
      for (const first of silent) this.#parts.graph.join(start, first);
    }
  }

  /** Bridges that announce themselves on the side of this box. */
  announced(bridge: DeviceId): string[] {
    const group = groupOf(this.#parts.tables.get(bridge));
    const toBox = this.#parts.forwarding.portToBox(bridge);
    return this.#parts.heard
      .filter(({ device, port }) => device === bridge && port && group(port.ifIndex) === toBox)
      .map(({ node }) => node)
      .filter((node) => this.#parts.bridgeNodes.has(node));
  }

  /** Of these, and of what hangs on them, those that tell of no addresses. */
  #silentAmong(bridge: DeviceId, there: readonly string[]): string[] {
    const found = new Set(there.filter((node) => !this.#parts.forwarding.seesBox(node)));
    for (const node of found)
      for (const next of this.#parts.graph.graph.get(node) ?? [])
        if (next !== bridge && this.#parts.bridgeNodes.has(next) && !this.#parts.forwarding.seesBox(next))
          found.add(next);
    return [...found];
  }
}
