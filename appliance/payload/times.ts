// Seconds from 2001 to 2286; below, a number is a counter or an uptime, not a moment.
const firstSecond = 1_000_000_000;
const lastSecond = 9_999_999_999;

/**
 * The moment a payload names: epoch seconds, milliseconds, microseconds or nanoseconds, or RFC 3339 with its zone.
 *
 * @returns Unix milliseconds; undefined without a zone, out of range or unreadable
 */
export function momentMs(value: unknown): number | undefined {
  if (typeof value === "number") return epochMs(value);
  if (typeof value !== "string" || value.length > 64) return undefined;
  const text = value.trim();
  if (/^\d{10,19}(?:\.\d+)?$/.test(text)) return epochMs(Number(text));
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)?\s?(Z|z|UTC|[+-]\d\d(?::?\d\d)?)$/.exec(
    text,
  );
  if (!match) return undefined;
  const [, day, clock, fraction = "", zone = "Z"] = match;
  const ms = Date.parse(`${day}T${clock}${fraction.slice(0, 4)}${iso(zone)}`);
  return Number.isFinite(ms) ? ms : undefined;
}

/** Moment of a whole or broken number of seconds since 1970. */
export function secondsMs(value: unknown): number | undefined {
  return typeof value === "number" && value >= firstSecond && value <= lastSecond
    ? Math.round(value * 1_000)
    : undefined;
}

function iso(zone: string): string {
  if (/^[+-]\d\d$/.test(zone)) return `${zone}:00`;
  if (/^[+-]\d{4}$/.test(zone)) return `${zone.slice(0, 3)}:${zone.slice(3)}`;
  return zone.length === 6 ? zone : "Z";
}

function epochMs(value: number): number | undefined {
  for (const divisor of [1, 1e3, 1e6, 1e9]) {
    const seconds = value / divisor;
    if (seconds >= firstSecond && seconds <= lastSecond) return Math.round(seconds * 1_000);
  }
  return undefined;
}
