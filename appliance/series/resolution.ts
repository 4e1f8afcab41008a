/** The three resolutions of the local store, finest first, and how their chunks are cut and numbered. */

export const hourMs = 3_600_000;
export const dayMs = 86_400_000;
export const fiveMinutesMs = 300_000;

export const resolutions = ["raw", "five", "hour"] as const;
export type Resolution = (typeof resolutions)[number];

/** Room for the number of a series inside a chunk's key; the bucket is in front of it. */
export const keySpan = 2 ** 24;

export function chunkKey(bucket: number, series: number): number {
  return bucket * keySpan + series;
}

/** Months are counted from year 0, so that they are whole numbers that grow. */
function monthOf(timeMs: number): number {
  const date = new Date(timeMs);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** The bucket (hour, day or month, UTC) that holds a moment. */
export function bucketOf(resolution: Resolution, timeMs: number): number {
  if (resolution === "raw") return Math.floor(timeMs / hourMs);
  if (resolution === "five") return Math.floor(timeMs / dayMs);
  return monthOf(timeMs);
}

/** When a bucket begins, Unix milliseconds; the next bucket's start is its end. */
export function bucketStartMs(resolution: Resolution, bucket: number): number {
  if (resolution === "raw") return bucket * hourMs;
  if (resolution === "five") return bucket * dayMs;
  return Date.UTC(Math.floor(bucket / 12), bucket % 12, 1);
}

/** Length of one step of a resolution; raw has none. */
export function stepOf(resolution: "five" | "hour"): number {
  return resolution === "five" ? fiveMinutesMs : hourMs;
}

/** How long after its end an hour stays open for what comes late. */
export const graceMs = 5 * 60_000;

/** Which hours may be packed at `nowMs`: those before `before`, and those from `from` on, which only wrong clocks give. */
export function packable(nowMs: number): { before: number; from: number } {
  return {
    before: Math.floor((nowMs - graceMs) / hourMs),
    from: Math.floor(nowMs / hourMs) + 2,
  };
}
