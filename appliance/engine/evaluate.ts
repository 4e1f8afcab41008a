import type { Alert, Rule } from "../model/alert.ts";
import type {
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
import { watchClock } from "./clock-watch.ts";
import type { LatestTable } from "./latest.ts";
import { type Prepared, prepare } from "./prepared.ts";
import { createRecent } from "./recent.ts";

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
  /** Judges by these rules from now on; alerts of a rule that is gone or changed its targets are over. */
  configure(rules: readonly Rule[]): void;
  /** Every alert that is pending or firing. */
  alerts(): readonly Alert[];
  stop(): void;
}

/** After the start, so long for every device to have been read. */
const settleMs = 600_000;

interface Held {
  alert: Alert;
  judgement: Judgement;
  /** Monotonic: since when it is broken. */
  brokenMs: number;
}

/** Runs the rules: pending, firing, resolved. A steady state is silent. */
class RuleRunner implements Evaluate {
  readonly #options: EvaluateOptions;
  readonly #held = new Map<string, Held>();
  #prepared: readonly Prepared[];
  readonly #recent = createRecent();
  readonly #intervalMs: number;
  readonly #startedMs: number;
  #timer: Timer | undefined;
  readonly #clockWatch: () => void;
  #stopWatching: (() => void) | undefined;

  constructor(options: EvaluateOptions) {
    this.#options = options;
    this.#prepared = options.rules.flatMap((rule) => prepare(rule, options));
    this.#intervalMs = this.#options.intervalMs ?? 5_000;
    this.#startedMs = this.#options.clock.monotonicMs();
    this.#clockWatch = watchClock(this.#options);
    for (const alert of this.#options.open ?? [])
      if (alert.state === "firing")
        this.#held.set(alert.key, {
          alert,
          judgement: {
            broken: true,
            summary: alert.summary,
            evidence: alert.evidence,
          },
          brokenMs:
            this.#options.clock.monotonicMs() - Math.max(0, this.#options.clock.nowMs() - alert.startedMs),
        });
  }

  /** Looks at series that came since the last time. */
  #refresh(one: Prepared): void {
    const all = this.#options.series.all();
    for (; one.seen < all.length; one.seen++) {
      const series = all[one.seen];
      if (!series || !this.#isAbout(one, series)) continue;
      one.series.push(series);
      if (one.plugin.windowMs > 0) this.#recent.watch(series, one.plugin.windowMs);
    }
  }

  #isAbout(one: Prepared, series: Series): boolean {
    if (one.rule.metric !== undefined && one.rule.metric !== series.metric) return false;
    const device = this.#options.inventory.device(series.device);
    return (
      device !== undefined &&
      one.matches.channel(series.channel) &&
      one.matches.device(device) &&
      (one.plugin.wants?.(device, series) ?? true)
    );
  }

  /** @returns what the check says; undefined when it could not be asked */
  #judge(one: Prepared, device: Device, series?: Series): Judgement | undefined {
    if (!device.approved) return undefined;
    const key = `${one.rule.id}/${device.id}${series ? `/${series.id}` : ""}`;
    const known = this.#held.get(key);
    const judgement = this.#guarded(one, device, series, known?.judgement);
    if (!judgement || judgement.unknown) return judgement;
    if (judgement.broken) this.#broken(one, device, series, key, judgement, known);
    else if (known) this.#resolve(key, known);
    return judgement;
  }

  /** What it is heard through is away: nothing can be said of it. */
  #isBlind(device: Device): boolean {
    const { behind } = device;
    const isCut =
      device.source === "mqtt" && behind !== undefined && this.#options.answers.of(behind).said === "offline";
    return isCut || (this.#options.isBlind?.(device) ?? false);
  }

  #guarded(
    one: Prepared,
    device: Device,
    series: Series | undefined,
    previous: Judgement | undefined,
  ): Judgement | undefined {
    if (this.#isBlind(device)) return undefined;
    const columns = series ? this.#recent.columns(series, this.#options.latest) : none;
    const input: CheckInput = {
      device,
      ...(series ? { series } : {}),
      columns,
      answers: this.#options.answers.of(device.id),
    };
    try {
      return one.check.judge(input, one.rule.settings, {
        nowMs: this.#options.clock.nowMs(),
        ...(previous ? { previous } : {}),
      });
    } catch (error) {
      const name = `check_errors_${one.rule.id}`;
      this.#options.counters.add(name);
      if (this.#options.counters.all().get(name) === 1)
        this.#options.log.error("A check failed by a mistake of ours", {
          rule: one.rule.id,
          device: device.id,
          error: error instanceof Error ? error.message : String(error),
        });
      return undefined;
    }
  }

  #broken(
    one: Prepared,
    device: Device,
    series: Series | undefined,
    key: string,
    judgement: Judgement,
    known: Held | undefined,
  ): void {
    const { rule } = one;
    const nowMs = this.#options.clock.nowMs();
    const monotonicMs = this.#options.clock.monotonicMs();
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
    this.#held.set(key, { alert, judgement, brokenMs });
    if (isNews) this.#options.onAlert(alert);
  }

  #resolve(key: string, { alert }: Held): void {
    this.#held.delete(key);
    this.#options.onAlert({ ...alert, state: "resolved", endedMs: this.#options.clock.nowMs() });
  }

  #judgeDevice(one: Prepared, device: Device): void {
    if (one.matches.device(device)) this.#judge(one, device);
  }

  #judgeAll(): void {
    for (const one of this.#prepared) {
      if (one.plugin.about === "device") {
        for (const device of this.#options.inventory.devices()) this.#judgeDevice(one, device);
        continue;
      }
      this.#refresh(one);
      for (let at = 0; at < one.series.length; at++) this.#judgeNews(one, at);
    }
    this.#dropOrphans();
  }

  /** Asks the check about a series with a new value; again and again only while it is broken. */
  #judgeNews(one: Prepared, at: number): void {
    const series = one.series[at] as Series;
    const timeMs = this.#options.latest.timeMs(series);
    if (Number.isNaN(timeMs) || timeMs === one.judgedMs[at]) return;
    const device = this.#options.inventory.device(series.device);
    const judgement = device && this.#judge(one, device, series);
    one.judgedMs[at] = judgement && !judgement.broken ? timeMs : Number.NaN;
  }

  /** Whether the value that an alert is about was forgotten: right after the start it may only not be read yet. */
  #isForgotten({ series: id }: Alert): boolean {
    const series = id === undefined ? undefined : this.#options.series.find(id);
    if (!series || this.#options.clock.monotonicMs() - this.#startedMs < settleMs) return false;
    return Number.isNaN(this.#options.latest.timeMs(series));
  }

  /** Alerts whose rule, device or value is gone, or whose device no longer matches, are over. */
  #dropOrphans(): void {
    for (const [key, one] of this.#held) {
      const rule = this.#prepared.find(({ rule: { id } }) => id === one.alert.rule);
      const device = this.#options.inventory.device(one.alert.device);
      if (!rule || !device?.approved || !rule.matches.device(device) || this.#isForgotten(one.alert))
        this.#resolve(key, one);
    }
  }

  #tick(): void {
    this.#timer = this.#options.clock.timer(() => this.#tick(), this.#intervalMs);
    this.#clockWatch();
    this.#judgeAll();
  }

  start(): void {
    this.#timer ??= this.#options.clock.timer(() => this.#tick(), this.#intervalMs);
    // A device that changed its kind, room or sensors may match other rules than before.
    this.#stopWatching ??= this.#options.inventory.onChange(() => {
      for (const one of this.#prepared) {
        one.series = [];
        one.judgedMs = [];
        one.seen = 0;
      }
    });
  }

  configure(rules: readonly Rule[]): void {
    this.#prepared = rules.flatMap((rule) => prepare(rule, this.#options));
  }

  changed(id: DeviceId): void {
    const device = this.#options.inventory.device(id);
    if (!device) return;
    this.#recent.note(id, this.#options.latest);
    for (const one of this.#prepared) if (one.plugin.about === "device") this.#judgeDevice(one, device);
  }

  alerts(): readonly Alert[] {
    return [...this.#held.values()].map(({ alert }) => alert);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }
}

export function createEvaluate(options: EvaluateOptions): Evaluate {
  return new RuleRunner(options);
}

const none = { timesMs: [], values: [] };
