import type { Alert, Rule } from "../model/alert.ts";
import type {
  Check,
  CheckInput,
  CheckPlugin,
  Counters,
  Inventory,
  Judgement,
  Log,
  SeriesTable,
} from "../model/contracts.ts";
import type { Series } from "../model/series.ts";
import type { Device, DeviceId } from "../model/site.ts";
import type { Clock, Timer } from "../model/time.ts";
import type { Answers } from "./answers.ts";
import type { LatestTable } from "./latest.ts";
import { createRecent } from "./recent.ts";
import { matcher } from "./where.ts";

export interface EvaluateOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly rules: readonly Rule[];
  /** By type. */
  readonly checks: ReadonlyMap<string, CheckPlugin>;
  readonly inventory: Inventory;
  readonly series: SeriesTable;
  readonly latest: LatestTable;
  readonly answers: Answers;
  /** Alerts that were firing when the box stopped. */
  readonly open?: readonly Alert[];
  /** Something between us and the device is away (a broker, our own network): nothing can be said of it. */
  readonly isBlind?: (device: Device) => boolean;
  /**
   * Called at each change of state: `pending`, `firing`, `resolved`. A pending alert that goes away before it fires
   * is `resolved` without `firedMs`; nobody was told of it.
   */
  readonly onAlert: (alert: Alert) => void;
  /** The wall clock was set by this much. */
  readonly onClockJump?: (byMs: number) => void;
  readonly intervalMs?: number;
}

export interface Evaluate {
  start(): void;
  /** Judges the device's own rules at once: it answered, or did not. */
  changed(device: DeviceId): void;
  /** Every alert that is pending or firing. */
  alerts(): readonly Alert[];
  stop(): void;
}

/** Wall and monotonic clock apart by more than this since the last look: somebody set the clock. */
const jumpMs = 30_000;

/** A rule made ready: its check, its matcher, and the series it is about. */
interface Prepared {
  readonly rule: Rule;
  readonly plugin: CheckPlugin;
  readonly check: Check;
  readonly matches: ReturnType<typeof matcher>;
  /** Series that match, as far as `seen` in the table. */
  series: Series[];
  seen: number;
}

interface Held {
  alert: Alert;
  judgement: Judgement;
  /** Monotonic: since when it is broken. */
  brokenMs: number;
}

/** Runs the rules: pending, firing, resolved. A steady state is silent. */
export function createEvaluate(options: EvaluateOptions): Evaluate {
  const { clock, log, counters, inventory, latest, answers } = options;
  const held = new Map<string, Held>();
  const prepared = options.rules.flatMap(prepare);
  const recent = createRecent();
  const intervalMs = options.intervalMs ?? 5_000;
  let timer: Timer | undefined;
  let offsetMs = clock.nowMs() - clock.monotonicMs();
  let stopWatching: (() => void) | undefined;

  function prepare(rule: Rule): Prepared[] {
    const plugin = options.checks.get(rule.check);
    if (!plugin) {
      log.warn("A rule asks for a check that is not there", { rule: rule.id });
      return [];
    }
    return [
      {
        rule,
        plugin,
        check: plugin.create(),
        matches: matcher(rule.where),
        series: [],
        seen: 0,
      },
    ];
  }

  /** Looks at series that came since the last time. */
  function refresh(one: Prepared): void {
    const all = options.series.all();
    for (; one.seen < all.length; one.seen++) {
      const series = all[one.seen];
      if (!series || !isAbout(one, series)) continue;
      one.series.push(series);
      if (one.plugin.windowMs > 0) recent.watch(series, one.plugin.windowMs);
    }
  }

  function isAbout(one: Prepared, series: Series): boolean {
    if (one.rule.metric !== undefined && one.rule.metric !== series.metric) return false;
    const device = inventory.device(series.device);
    return (
      device !== undefined &&
      one.matches.channel(series.channel) &&
      one.matches.device(device) &&
      (one.plugin.wants?.(device, series) ?? true)
    );
  }

  function judge(one: Prepared, device: Device, series?: Series): void {
    if (!device.approved) return;
    const key = `${one.rule.id}/${device.id}${series ? `/${series.id}` : ""}`;
    const known = held.get(key);
    const judgement = guarded(one, device, series, known?.judgement);
    if (!judgement || judgement.unknown) return;
    if (judgement.broken) broken(one, device, series, key, judgement, known);
    else if (known) resolve(key, known);
  }

  function guarded(
    one: Prepared,
    device: Device,
    series: Series | undefined,
    previous: Judgement | undefined,
  ): Judgement | undefined {
    if (options.isBlind?.(device)) return undefined;
    const columns = series ? recent.columns(series, latest) : none;
    const input: CheckInput = {
      device,
      ...(series ? { series } : {}),
      columns,
      answers: answers.of(device.id),
    };
    try {
      return one.check.judge(input, one.rule.settings, {
        nowMs: clock.nowMs(),
        ...(previous ? { previous } : {}),
      });
    } catch (error) {
      const name = `check_errors_${one.rule.id}`;
      counters.add(name);
      if (counters.all().get(name) === 1)
        log.error("A check failed by a mistake of ours", {
          rule: one.rule.id,
          device: device.id,
          error: error instanceof Error ? error.message : String(error),
        });
      return undefined;
    }
  }

  function broken(
    one: Prepared,
    device: Device,
    series: Series | undefined,
    key: string,
    judgement: Judgement,
    known: Held | undefined,
  ): void {
    const { rule } = one;
    const nowMs = clock.nowMs();
    const monotonicMs = clock.monotonicMs();
    const startedMs = known?.alert.startedMs ?? Math.min(judgement.sinceMs ?? nowMs, nowMs);
    const brokenMs = known?.brokenMs ?? monotonicMs - (nowMs - startedMs);
    const isFiring = known?.alert.state === "firing" || monotonicMs - brokenMs >= rule.forMs;
    const alert: Alert = {
      key,
      rule: rule.id,
      check: rule.check,
      device: device.id,
      ...(series ? { series: series.id } : {}),
      severity: judgement.severity ?? rule.severity,
      state: isFiring ? "firing" : "pending",
      startedMs,
      ...(isFiring ? { firedMs: known?.alert.firedMs ?? nowMs } : {}),
      summary: judgement.summary.replaceAll("{name}", () => device.name),
      evidence: judgement.evidence,
      ...(judgement.value === undefined ? {} : { value: judgement.value }),
      tell: rule.tell,
    };
    const isNews = known?.alert.state !== alert.state || known.alert.severity !== alert.severity;
    held.set(key, { alert, judgement, brokenMs });
    if (isNews) options.onAlert(alert);
  }

  function resolve(key: string, { alert }: Held): void {
    held.delete(key);
    options.onAlert({ ...alert, state: "resolved", endedMs: clock.nowMs() });
  }

  function judgeDevice(one: Prepared, device: Device): void {
    if (one.matches.device(device)) judge(one, device);
  }

  function judgeAll(): void {
    for (const one of prepared) {
      if (one.plugin.about === "device") {
        for (const device of inventory.devices()) judgeDevice(one, device);
        continue;
      }
      refresh(one);
      for (const series of one.series) {
        const device = inventory.device(series.device);
        if (device) judge(one, device, series);
      }
    }
    dropOrphans();
  }

  /** Alerts whose rule or device is gone, or whose device no longer matches, are over. */
  function dropOrphans(): void {
    for (const [key, one] of held) {
      const rule = prepared.find(({ rule: { id } }) => id === one.alert.rule);
      const device = inventory.device(one.alert.device);
      if (!rule || !device?.approved || !rule.matches.device(device)) resolve(key, one);
    }
  }

  function watchClock(): void {
    const nowOffsetMs = clock.nowMs() - clock.monotonicMs();
    const byMs = nowOffsetMs - offsetMs;
    offsetMs = nowOffsetMs;
    if (Math.abs(byMs) < jumpMs) return;
    counters.add("clock_jumps");
    log.warn("The clock was set", { byMs });
    options.onClockJump?.(byMs);
  }

  function tick(): void {
    timer = clock.timer(tick, intervalMs);
    watchClock();
    judgeAll();
  }

  for (const alert of options.open ?? [])
    if (alert.state === "firing")
      held.set(alert.key, {
        alert,
        judgement: {
          broken: true,
          summary: alert.summary,
          evidence: alert.evidence,
        },
        brokenMs: clock.monotonicMs() - Math.max(0, clock.nowMs() - alert.startedMs),
      });

  return {
    start() {
      timer ??= clock.timer(tick, intervalMs);
      // A device that changed its kind, room or sensors may match other rules than before.
      stopWatching ??= inventory.onChange(() => {
        for (const one of prepared) {
          one.series = [];
          one.seen = 0;
        }
      });
    },
    changed(id) {
      const device = inventory.device(id);
      if (!device) return;
      recent.note(id, latest);
      for (const one of prepared) if (one.plugin.about === "device") judgeDevice(one, device);
    },
    alerts: () => [...held.values()].map(({ alert }) => alert),
    stop() {
      timer?.cancel();
      timer = undefined;
      stopWatching?.();
      stopWatching = undefined;
    },
  };
}

const none = { timesMs: [], values: [] };
