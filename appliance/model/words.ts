/** Counts and times as people say them. Every time is in the site's zone. */

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** "1 device", "9 devices". */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** "less than a minute", "12 minutes", "3 hours 5 minutes", "3 days". Negative counts as zero. */
export function durationWords(durationMs: number): string {
  if (!(durationMs >= minuteMs)) return "less than a minute";
  if (durationMs < hourMs) return plural(Math.floor(durationMs / minuteMs), "minute");
  if (durationMs >= 2 * dayMs) return plural(Math.floor(durationMs / dayMs), "day");
  const hours = plural(Math.floor(durationMs / hourMs), "hour");
  const minutes = Math.floor((durationMs % hourMs) / minuteMs);
  return minutes > 0 && durationMs < 6 * hourMs ? `${hours} ${plural(minutes, "minute")}` : hours;
}

/** "just now", "12 minutes ago", "3 days ago". */
export function agoWords(atMs: number, nowMs: number): string {
  return nowMs - atMs < minuteMs ? "just now" : `${durationWords(nowMs - atMs)} ago`;
}

/**
 * A name that a person or device gave, fit for a sentence: no control or direction characters, one line,
 * at most `maxLength` characters with "…" at the end when cut.
 */
export function cleanText(text: string, maxLength = 200): string {
  const line = text
    .slice(0, 4 * maxLength)
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
  const letters = Array.from(line);
  return letters.length <= maxLength
    ? line
    : `${letters
        .slice(0, Math.max(0, maxLength - 1))
        .join("")
        .trimEnd()}…`;
}

/** Moments in words, in one time zone. Made once per site: making the formatters is slow. */
export interface TimeWords {
  readonly timezone: string;
  /** "10:42" today, "yesterday 17:03", "Mon 2 Mar 10:42", with the year when it is another one. */
  moment(atMs: number, nowMs: number): string;
  /** "since 10:42" and so on. */
  since(atMs: number, nowMs: number): string;
  /** "2 Mar 2026 10:42:05 GMT+1", for titles and mails. */
  exact(atMs: number): string;
}

/** @param timezone - IANA name; an unknown one counts as UTC */
export function timeWords(timezone: string): TimeWords {
  const zone = knownZone(timezone);
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  });
  const read = (atMs: number) => {
    const found: Record<string, string> = {};
    for (const { type, value } of parts.formatToParts(atMs)) found[type] = value;
    const part = (name: string) => found[name] ?? "";
    return {
      weekday: part("weekday"),
      // "Sept" is the one month that en-GB writes with four letters.
      date: `${part("day")} ${part("month").slice(0, 3)}`,
      year: part("year"),
      time: `${part("hour")}:${part("minute")}`,
      second: part("second"),
      zone: part("timeZoneName"),
    };
  };
  const sameDay = (a: ReturnType<typeof read>, b: ReturnType<typeof read>): boolean =>
    a.date === b.date && a.year === b.year;
  const moment = (atMs: number, nowMs: number): string => {
    const then = read(atMs);
    const now = read(nowMs);
    if (sameDay(then, now)) return then.time;
    // Noon of today less 24 h is yesterday also where a day has 23 or 25 hours.
    const hoursToday = Number(now.time.slice(0, 2));
    const noonMs = nowMs + (12 - hoursToday) * hourMs;
    if (sameDay(then, read(noonMs - dayMs))) return `yesterday ${then.time}`;
    const year = then.year === now.year ? "" : ` ${then.year}`;
    return `${then.weekday} ${then.date}${year} ${then.time}`;
  };
  return {
    timezone: zone,
    moment,
    since: (atMs, nowMs) => `since ${moment(atMs, nowMs)}`,
    exact(atMs) {
      const at = read(atMs);
      return `${at.date} ${at.year} ${at.time}:${at.second} ${at.zone}`;
    },
  };
}

function knownZone(timezone: string): string {
  try {
    return new Intl.DateTimeFormat("en-GB", {
      timeZone: timezone,
    }).resolvedOptions().timeZone;
  } catch {
    // RangeError: no such zone on this machine. A wrong hour is better than no page.
    return "UTC";
  }
}
