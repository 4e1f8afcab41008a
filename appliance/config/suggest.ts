/** Edits (insert, delete, replace, swap neighbours) that turn `a` into `b`: optimal string alignment distance. */
function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  const at = (i: number, j: number) => rows[i]?.[j] ?? (i < 0 ? Number.POSITIVE_INFINITY : j);
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : replaced;
      rows[i]?.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped));
    }
  return at(a.length, b.length);
}

/** The known word that `text` most likely was meant to be; undefined when none is near. */
export function nearest(text: string, known: Iterable<string>): string | undefined {
  const typed = text.toLowerCase().slice(0, 64);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(typed.length / 3)) + 0.5;
  for (const word of known) {
    const edits = distance(typed, word.toLowerCase());
    if (edits < bestDistance) {
      best = word;
      bestDistance = edits;
    }
  }
  return best;
}

/** `; did you mean "x"?` or nothing. */
export function didYouMean(text: string, known: Iterable<string>): string {
  const word = nearest(text, known);
  return word === undefined ? "" : `; did you mean "${word}"?`;
}
