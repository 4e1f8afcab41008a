/** Longest topic taken, in bytes of UTF-8. */
export const maxTopicBytes = 512;

/**
 * Whether a topic matches a filter (MQTT 3.1.1 §4.7). Topics that begin with `$` are not matched by a filter that begins
 * with a wildcard.
 */
export function topicMatches(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && !filter.startsWith("$")) return false;
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [i, part] of wanted.entries()) {
    if (part === "#") return true;
    if (i >= levels.length) return false;
    if (part !== "+" && part !== levels[i]) return false;
  }
  return wanted.length === levels.length;
}

/** Whether every topic that `inner` can match is also matched by `outer`. */
export function filterCovers(outer: string, inner: string): boolean {
  if (inner.startsWith("$") !== outer.startsWith("$")) return false;
  const wide = outer.split("/");
  const narrow = inner.split("/");
  for (const [i, part] of wide.entries()) {
    if (part === "#") return true;
    const other = narrow[i];
    if (other === undefined || other === "#") return false;
    if (part !== "+" && part !== other) return false;
  }
  return wide.length === narrow.length;
}
