/** Gaps between signs of life, counted in bins that grow by a quarter from 1 s to over a week: the learned rhythm. */
export interface Rhythm {
  /** Counts by bin; halved and more as days pass, so that about the last 7 days weigh. */
  readonly bins: Float64Array;
  /** Monotonic milliseconds of the last ageing. */
  agedMs: number;
  /** Kept until the next gap. */
  summary?: RhythmSummary | undefined;
}

export interface RhythmSummary {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly gaps: number;
}

const binCount = 64;
const growth = Math.log(1.25);
const dayMs = 86_400_000;
/** What one day leaves of the count of the days before: about seven days weigh. */
const dailyShare = 6 / 7;

export function newRhythm(monotonicMs: number, bins: readonly number[] = []): Rhythm {
  const column = new Float64Array(binCount);
  for (const [at, count] of bins.slice(0, binCount).entries())
    if (count >= 0 && Number.isFinite(count)) column[at] = count;
  return { bins: column, agedMs: monotonicMs };
}

/** Takes a gap into account. Gaps under a second are one message in parts, and say nothing. */
export function learn(rhythm: Rhythm, gapMs: number, monotonicMs: number): void {
  if (gapMs < 1_000) return;
  rhythm.summary = undefined;
  while (monotonicMs - rhythm.agedMs >= dayMs) {
    for (let at = 0; at < binCount; at++) rhythm.bins[at] = (rhythm.bins[at] ?? 0) * dailyShare;
    rhythm.agedMs += dayMs;
  }
  const bin = Math.min(binCount - 1, Math.floor(Math.log(gapMs / 1_000) / growth));
  rhythm.bins[bin] = (rhythm.bins[bin] ?? 0) + 1;
}

/** Median and 99th percentile, each as the upper edge of its bin: at most a quarter too long, never too short. */
export function summarise(rhythm: Rhythm): RhythmSummary | undefined {
  if (rhythm.summary) return rhythm.summary;
  const gaps = rhythm.bins.reduce((sum, count) => sum + count, 0);
  if (gaps < 1) return undefined;
  rhythm.summary = {
    medianMs: quantile(rhythm, gaps * 0.5),
    p99Ms: quantile(rhythm, gaps * 0.99),
    gaps: Math.floor(gaps + 1e-9),
  };
  return rhythm.summary;
}

function quantile(rhythm: Rhythm, rank: number): number {
  let seen = 0;
  for (let at = 0; at < binCount; at++) {
    seen += rhythm.bins[at] ?? 0;
    if (seen >= rank) return Math.round(1_000 * Math.exp((at + 1) * growth));
  }
  return Math.round(1_000 * Math.exp(binCount * growth));
}
