import type { Where } from "../model/alert.ts";
import type { Device } from "../model/site.ts";

/** A pattern in which `*` stands for any run of characters, as a test. */
export function glob(pattern: string): (text: string) => boolean {
  if (!pattern.includes("*")) return (text) => text === pattern;
  const parts = pattern.split("*");
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  return (text) => {
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    const end = text.length - last.length;
    for (const part of parts.slice(1, -1)) {
      const found = text.indexOf(part, at);
      if (found < 0 || found + part.length > end) return false;
      at = found + part.length;
    }
    return at <= end;
  };
}

const anyOf = (patterns: readonly string[] | undefined) => {
  if (!patterns) return () => true;
  const tests = patterns.map(glob);
  return (text: string | undefined) => text !== undefined && tests.some((test) => test(text));
};

/** Which devices and channels a rule is about, as two tests. Every member given must match. */
export function matcher(where: Where): {
  readonly device: (device: Device) => boolean;
  readonly channel: (channel: string | undefined) => boolean;
} {
  const isId = anyOf(where.device);
  const isGroup = anyOf(where.group);
  const isRoom = anyOf(where.room);
  const isChannel = where.channel === undefined ? undefined : glob(where.channel);
  return {
    device: (device) =>
      isId(device.id) &&
      (where.kind?.includes(device.kind) ?? true) &&
      isGroup(device.group) &&
      isRoom(device.room),
    channel: (channel) => isChannel?.(channel ?? "") ?? true,
  };
}
