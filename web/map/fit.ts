import { cut } from "../html.ts";

/** Widths of letters, in parts of the font size; those of the widest usual fonts, as the reader's is not known. */
const widths: readonly (readonly [letters: RegExp, width: number])[] = [
  [/[ijlftrI1.,:;'!|()[\]\- ]/u, 0.4],
  [/[mwMW@%]/u, 0.98],
  [/[A-Z]/u, 0.73],
  [/[\u0020-\u04ff]/u, 0.63],
];
const widest = 1;
const boldMore = 1.1;

const widthOf = (letter: string) => widths.find(([letters]) => letters.test(letter))?.[1] ?? widest;

/** The text as far as it fits, with … where something is missing. `room` and `size` in pixels. */
export function fitting(
  text: string,
  { room, size, isBold = false }: { readonly room: number; readonly size: number; readonly isBold?: boolean },
): string {
  const clean = cut(text, 80);
  const most = room / size / (isBold ? boldMore : 1);
  let used = 0;
  const letters = Array.from(clean);
  const all = letters.reduce((sum, letter) => sum + widthOf(letter), 0);
  if (all <= most) return clean;
  const kept = letters.filter((letter) => {
    used += widthOf(letter);
    return used <= most - widest;
  });
  return `${kept.join("").trimEnd()}…`;
}
