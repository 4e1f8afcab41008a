import type { MapNode } from "./tree.ts";

/** Sizes in pixels of the drawing. */
export const sizes = {
  card: { width: 204, height: 54 },
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
const leavesInColumn = 16;
/** Cards that would reach further to the right stand in a row of their own, below. */
const widest = 1_240;
/** How far a row below begins to the right of the card that it hangs on. */
const indent = 28;

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
  /** It stands in a row below the others: its line comes down at the left. */
  readonly isBelow: boolean;
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

/**
 * Puts a card at the top left of its area: its leaves below it, the cards that hang on it to the right of them, as far as
 * there is room, then in rows below.
 */
function place(node: MapNode, x: number, y: number, isBelow = false): PlacedNode {
  const { card, gapX, gapY, leafTop, leaf, branch } = sizes;
  const leaves = node.children.filter(({ isHub }) => !isHub);
  const hubs = node.children.filter(({ isHub }) => isHub);
  const top = y + card.height + leafTop;
  const { columns, rows } = leafColumns(leaves.length);
  const ownWidth = leaves.length === 0 ? 0 : Math.max(card.width, 10 + columns * (leaf.width + branch));
  const ownBottom = leaves.length === 0 ? y + card.height : top + rows * leaf.height;
  const children = placeRows(hubs, {
    startX: ownWidth === 0 ? x : x + ownWidth + gapX,
    belowX: x + indent,
    y: y + card.height + gapY,
    bottom: ownBottom,
    isFirst: ownWidth === 0,
  });
  const ends = children.map(({ area }) => area.x + area.width);
  const bottoms = children.map(({ area }) => area.y + area.height);
  return {
    node,
    card: { x, y, ...card },
    area: {
      x,
      y,
      width: Math.max(x + Math.max(card.width, ownWidth), ...ends) - x,
      height: Math.max(ownBottom, ...bottoms) - y,
    },
    leaves: placeLeaves(leaves, x, top),
    children,
    isBelow,
  };
}

interface RowsPlace {
  readonly startX: number;
  readonly belowX: number;
  readonly y: number;
  /** Nothing below may begin above this. */
  readonly bottom: number;
  /** Nothing stands to the left: even what is too wide for the row begins here. */
  readonly isFirst: boolean;
}

/** Whether it had to break into rows for want of room. */
function hasRowsBelow({ children }: PlacedNode): boolean {
  return children.some((child) => child.isBelow || hasRowsBelow(child));
}

function placeRows(hubs: readonly MapNode[], at: RowsPlace): PlacedNode[] {
  const { gapX, gapY } = sizes;
  let right = at.startX;
  let { y, bottom, isFirst: isEmpty } = at;
  let isBelow = false;
  return hubs.map((hub) => {
    let one = place(hub, right, y, isBelow);
    if (!isEmpty && (one.area.x + one.area.width > widest || hasRowsBelow(one))) {
      const below = place(hub, at.belowX, bottom + gapY, true);
      const isFlatter = below.area.height < one.area.height;
      if (isFlatter || one.area.x + one.area.width > widest) {
        y = below.card.y;
        isBelow = true;
        one = below;
      }
    }
    isEmpty = false;
    right = one.area.x + one.area.width + gapX;
    bottom = Math.max(bottom, one.area.y + one.area.height);
    return one;
  });
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
