/**
 * Reads a stored body. A damaged one (a flipped bit on a worn card passes SQLite's own check) is left out, so that one
 * bad row never keeps the box from starting.
 *
 * @param isWhole - looks at what the reader relies on
 */
export function readBody<T>(body: string, isWhole: (value: Partial<T>) => boolean): T | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && isWhole(value as Partial<T>)
      ? (value as T)
      : undefined;
  } catch {
    return undefined; // Not JSON any more.
  }
}

/** All bodies that can be read, in order. */
export function readBodies<T>(
  rows: readonly { readonly body: string }[],
  isWhole: (value: Partial<T>) => boolean,
): T[] {
  return rows.flatMap(({ body }) => readBody<T>(body, isWhole) ?? []);
}
