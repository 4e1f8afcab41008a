import type { MapNode } from "./tree.ts";

/** Sizes in pixels of the drawing. */
export const sizes = {
  card: { width: 190, height: 54 },
  leaf: { width: 190, height: 30 },
  /** Between columns, and between a card and the cards below it. */
  gapX: 28,
  gapY: 64,
  /** From a card down to the first leaf. */
  leafTop: 26,
  /** Room for the line that leads to a leaf. */
  branch: 18,
  margin: 12,
} as const;
/** More leaves than this stand in further columns. */
const leavesInColumn = 12;

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedNode {
  readonly node: MapNode;
  readonly card: Box;
  /** The card and everything below it. */
  readonly area: Box;
  readonly leaves: readonly { readonly node: MapNode; readonly box: Box; readonly trunkX: number }[];
  readonly children: readonly PlacedNode[];
}

export interface MapLayout {
  readonly width: number;
  readonly height: number;
  readonly roots: readonly PlacedNode[];
}

function leafColumns(count: number): { columns: number; rows: number } {
  const columns = Math.max(1, Math.ceil(count / leavesInColumn));
  return { columns, rows: Math.ceil(count / columns) };
}

function placeLeaves(leaves: readonly MapNode[], x: number, top: number) {
  const { rows } = leafColumns(leaves.length);
  const step = sizes.leaf.width + sizes.branch;
  return leaves.map((node, at) => {
    const column = Math.floor(at / rows);
    const trunkX = x + 10 + column * step;
    const y = top + (at % rows) * sizes.leaf.height;
    return { node, trunkX, box: { x: trunkX + sizes.branch, y, ...sizes.leaf } };
  });
}

/** Puts a card at the top left of its area: its leaves below it, the cards that hang on it to the right of them. */
function place(node: MapNode, x: number, y: number): PlacedNode {
  const { card, gapX, gapY, leafTop, leaf, branch } = sizes;
  const leaves = node.children.filter(({ isHub }) => !isHub);
  const hubs = node.children.filter(({ isHub }) => isHub);
  const top = y + card.height + leafTop;
  const placed = placeLeaves(leaves, x, top);
  const { columns, rows } = leafColumns(leaves.length);
  const ownWidth = leaves.length === 0 ? 0 : Math.max(card.width, 10 + columns * (leaf.width + branch));
  let right = ownWidth === 0 ? x : x + ownWidth + gapX;
  let bottom = leaves.length === 0 ? y + card.height : top + rows * leaf.height;
  const children = hubs.map((child) => {
    const one = place(child, right, y + card.height + gapY);
    right = one.area.x + one.area.width + gapX;
    bottom = Math.max(bottom, one.area.y + one.area.height);
    return one;
  });
  const end = Math.max(x + Math.max(card.width, ownWidth), children.length > 0 ? right - gapX : 0);
  return {
    node,
    card: { x, y, ...card },
    area: { x, y, width: end - x, height: bottom - y },
    leaves: placed,
    children,
  };
}

/** A place for every node. The same trees give the same places. */
export function layoutMap(roots: readonly MapNode[]): MapLayout {
  const { margin, gapX } = sizes;
  let x: number = margin;
  const placed = roots.map((root) => {
    const one = place(root, x, margin);
    x = one.area.x + one.area.width + gapX;
    return one;
  });
  return {
    width: Math.max(0, x - gapX + margin),
    height: Math.max(0, ...placed.map(({ area }) => area.y + area.height)) + margin,
    roots: placed,
  };
}
