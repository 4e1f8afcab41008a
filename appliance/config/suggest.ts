/** Edits (insert, delete, replace, swap neighbours) that turn `a` into `b`: optimal string alignment distance. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (i > 1 && j > 1 && swapped) best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
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
