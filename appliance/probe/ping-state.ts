import type { SeriesTable, Target } from "../model/contracts.ts";
import type { Readings } from "../model/observation.ts";
import type { Series } from "../model/series.ts";
import type { EchoResult } from "./fping.ts";
import { spreadOf } from "./statistics.ts";

const metrics = [
  "ping_loss",
  "ping_rtt",
  "ping_rtt_min",
  "ping_rtt_max",
  "ping_jitter",
  "ping_rtt_p10",
  "ping_rtt_p25",
  "ping_rtt_p50",
  "ping_rtt_p75",
  "ping_rtt_p90",
] as const;

export interface EchoRound {
  readonly count: number;
  readonly periodMs: number;
}

/** At 51 % loss a request 23 lost ones in a row are no accident; two such rounds follow the first. */
const confirming: EchoRound = { count: 10, periodMs: 200 };
const usualPeriodMs = 500;
/** What has missed so many rounds costs one packet a round. */
const deadAfter = 3;

/** How the next round asks: as set, closely to confirm a miss, or with one packet once it is known to be dead. */
export function roundFor(misses: number, probes: number): EchoRound {
  if (misses === 0) return { count: probes, periodMs: usualPeriodMs };
  return misses < deadAfter ? confirming : { count: 1, periodMs: usualPeriodMs };
}

/** What is remembered of one pinged target between two stored results. */
export interface PingState {
  readonly series: readonly Series[];
  readonly widths: Uint8Array;
  rttsMs: number[];
  sent: number;
  /** Rounds without any answer in a row. */
  misses: number;
  /** Monotonic; undefined before the first. */
  storedMs?: number;
}

export function newPingState(target: Target, channel: string | undefined, series: SeriesTable): PingState {
  return {
    series: metrics.map((metric) => series.of(target.device, metric, channel)),
    widths: new Uint8Array(metrics.length),
    rttsMs: [],
    sent: 0,
    misses: 0,
  };
}

export function takeEchoes(state: PingState, { rttsMs, sent }: EchoResult): void {
  state.rttsMs.push(...rttsMs);
  state.sent += sent;
  state.misses = rttsMs.length > 0 ? 0 : state.misses + 1;
}

/** The readings since the last ones; what was gathered begins anew. Times are NaN when every request was lost. */
export function readingsOf(state: PingState, target: Target, timeMs: number): Readings {
  const spread = spreadOf(state.rttsMs);
  const lossPercent = 100 * (1 - state.rttsMs.length / Math.max(1, state.sent));
  const values = Float64Array.of(
    lossPercent,
    ...(spread
      ? [spread.avg, spread.min, spread.max, spread.deviation, ...[10, 25, 50, 75, 90].map(spread.percentile)]
      : new Array<number>(metrics.length - 1).fill(Number.NaN)),
  );
  state.rttsMs = [];
  state.sent = 0;
  return {
    record: "readings",
    device: target.device,
    timeMs,
    series: state.series,
    values,
    widths: state.widths,
  };
}
