import type { LinkKeeper } from "../../../appliance/model/contracts.ts";
import type { TopologyLink } from "../../../appliance/model/topology.ts";

/** Links in memory, with everything that was written. */
export function linksInMemory(): LinkKeeper & { readonly written: TopologyLink[][] } {
  const rows = new Map<string, TopologyLink>();
  const written: TopologyLink[][] = [];
  return {
    written,
    current: () => [...rows.values()].filter(({ goneMs }) => goneMs === undefined),
    at: (atMs) =>
      [...rows.values()].filter(
        ({ firstMs, goneMs }) => firstMs <= atMs && (goneMs === undefined || goneMs > atMs),
      ),
    save(links) {
      written.push([...links]);
      for (const link of links) rows.set(`${link.id} ${link.firstMs}`, link);
    },
    sinceMs: () => [...rows.values()].map(({ firstMs }) => firstMs).sort((a, b) => a - b)[0],
    prune() {},
  };
}
