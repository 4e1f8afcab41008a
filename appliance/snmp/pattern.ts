/** How much of a text a pattern of a profile ever sees. */
const textLimit = 400;
const patternLimit = 240;
const mostOpenRepeats = 4;

/**
 * A regular expression from a profile, refused when it could take long: no repeated groups, no back references, no
 * look-around, few open repeats, and only the first 400 characters of a text are looked at. Case does not matter.
 *
 * @throws RangeError that says what is wrong
 */
export function safePattern(source: string): { exec(text: string): RegExpExecArray | null } {
  if (source.length > patternLimit) throw new RangeError(`pattern longer than ${patternLimit} characters`);
  const plain = source.replace(/\\[^1-9k]/g, "_").replace(/\[[^\]]*\]/g, "_");
  if (/\\[1-9k]/.test(plain)) throw new RangeError("pattern with a back reference");
  if (/\(\?(?!:)/.test(plain)) throw new RangeError("pattern with look-around or a named group");
  if (/\)(?:[*+]|\{\d+,)/.test(plain)) throw new RangeError("pattern that repeats a group");
  const open = plain.match(/[*+]|\{\d+,\d*\}/g) ?? [];
  if (open.length > mostOpenRepeats)
    throw new RangeError(`pattern with more than ${mostOpenRepeats} open repeats`);
  let compiled: RegExp;
  try {
    compiled = new RegExp(source, "iu");
  } catch (cause) {
    throw new RangeError(
      `not a pattern: ${cause instanceof Error ? cause.message.slice(0, 120) : "unreadable"}`,
      { cause },
    );
  }
  return { exec: (text) => compiled.exec(text.slice(0, textLimit)) };
}
