/** Which nodes are joined, without direction. Nodes are texts. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

export class GraphBuilder {
  readonly #edges = new Map<string, Set<string>>();

  get graph(): Graph {
    return this.#edges;
  }

  join(a: string, b: string): void {
    if (a === b) return;
    this.#of(a).add(b);
    this.#of(b).add(a);
  }

  #of(node: string): Set<string> {
    const known = this.#edges.get(node);
    if (known) return known;
    const made = new Set<string>();
    this.#edges.set(node, made);
    return made;
  }
}

/** Whether frames go through a node; to one that only sends and receives a way may lead, none goes on from there. */
export type Passes = (node: string) => boolean;

/** Nodes that hang together with `start`, nearest first, and the one through which each was reached. */
export function reached(graph: Graph, start: string, passes: Passes = () => true): Map<string, string> {
  const from = new Map<string, string>([[start, start]]);
  for (const node of from.keys())
    if (node === start || passes(node))
      for (const next of [...(graph.get(node) ?? [])].sort()) if (!from.has(next)) from.set(next, node);
  return from;
}

/**
 * The node through which every way from `root` to a node goes, the nearest one to it: its immediate dominator. Where two
 * ways lead to a node, what is on one of them alone is not among them. Nodes that cannot be reached are left out.
 *
 * Source: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm" (2001).
 */
function dominators(graph: Graph, root: string, passes: Passes): Map<string, string> {
  const goesOn = (node: string) => node === root || passes(node);
  const order = postorder(graph, root, goesOn);
  const number = new Map(order.map((node, at) => [node, at]));
  const found = new Map<string, string>([[root, root]]);
  const place = (node: string) => number.get(node) ?? -1;
  const common = (one: string, other: string): string => {
    let a = one;
    let b = other;
    while (a !== b) {
      while (place(a) < place(b)) a = found.get(a) ?? root;
      while (place(b) < place(a)) b = found.get(b) ?? root;
    }
    return a;
  };
  for (let isNew = true; isNew; ) {
    isNew = false;
    for (const node of order.toReversed().slice(1)) {
      const ways = [...(graph.get(node) ?? [])].filter((way) => goesOn(way) && found.has(way));
      const next = ways.reduce<string | undefined>(
        (known, way) => (known === undefined ? way : common(way, known)),
        undefined,
      );
      if (next === undefined || found.get(node) === next) continue;
      found.set(node, next);
      isNew = true;
    }
  }
  found.delete(root);
  return found;
}

function postorder(graph: Graph, root: string, goesOn: Passes): string[] {
  const order: string[] = [];
  const seen = new Set([root]);
  const stack = [{ node: root, next: [...(graph.get(root) ?? [])] }];
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const child = top.next.pop();
    if (child === undefined) {
      order.push(top.node);
      stack.pop();
    } else if (!seen.has(child)) {
      seen.add(child);
      stack.push({ node: child, next: goesOn(child) ? [...(graph.get(child) ?? [])] : [] });
    }
  }
  return order;
}

/** Numbers the parts of a graph that hang together. */
export function components(graph: Graph): Map<string, string> {
  const part = new Map<string, string>();
  for (const node of graph.keys())
    if (!part.has(node)) for (const member of reached(graph, node).keys()) part.set(member, node);
  return part;
}

/**
 * For each known node that can be reached the nearest known one that every way from `root` to it goes through;
 * undefined where nothing but `root` is in front of it.
 */
export function nearestAbove(
  graph: Graph,
  root: string,
  passes: Passes,
  isKnown: (node: string) => boolean,
): Map<string, string | undefined> {
  const above = dominators(graph, root, passes);
  const found = new Map<string, string | undefined>();
  for (const node of above.keys()) {
    if (!isKnown(node)) continue;
    let next = above.get(node);
    while (next !== undefined && next !== root && !isKnown(next)) next = above.get(next);
    found.set(node, next === root ? undefined : next);
  }
  return found;
}
