import { createHash } from "node:crypto";
import type { CollectorDeps, Target } from "../model/contracts.ts";
import type {
  Availability,
  AvailabilityReason,
  Description,
  Observation,
  Readings,
} from "../model/observation.ts";
import { type Access, type Connection, connect } from "./connect.ts";
import {
  type Character,
  channelsOf,
  characterOf,
  describe,
  portDescription,
  portsNow,
} from "./description.ts";
import type { Exchange } from "./exchange.ts";
import { makePlan } from "./make-plan.ts";
import type { Plan } from "./plan.ts";
import { CommunityPoll, type PollResult } from "./poll.ts";
import { ReaderPoll } from "./poll-reader.ts";
import type { ProfileShelf } from "./profile-shelf.ts";
import { literalAddress, type Patience, type Reader, SnmpFailure } from "./reader.ts";
import { type Survey, survey } from "./survey.ts";
import type { PolledEngine } from "./usm-engine.ts";

const surveyEveryMs = 30 * 60_000;
/** An agent that has just started fills its tables step by step: net-snmp has its processors after a minute. */
const youngTicks = 10 * 60 * 100;
const surveyYoungEveryMs = 2 * 60_000;
/** Rows that come and go all the time are no reason to look at everything each minute. */
const surveyAtMostEveryMs = 5 * 60_000;
/** Misses after which a device costs one packet a cycle. */
const patientMisses = 3;
/** With 30 % loss each way two tries find 74 % of the answers, nine 99.8 %. */
const extraTries = 7;
/** Of a device that takes its time a question must not take minutes. */
const extraTriesOfSlow = 3;
/** A device whose answers usually come at once is asked again soon, then less and less. */
const leastPaceMs = 250;
const pacePerAnswer = 4;
const via = "snmp";

export interface WatchDeps extends CollectorDeps {
  readonly exchange: Exchange;
  /** Where the engines of devices asked by SNMPv3 are noted, so that their traps are known. */
  readonly engines?: Map<string, PolledEngine> | undefined;
  readonly profiles: Pick<ProfileShelf, "library" | "version">;
}

/** One target over its life: looked over at first and now and then, polled cheaply in between. */
export class WatchedDevice {
  readonly #deps: WatchDeps;
  readonly #target: Target;
  readonly #access: Access;
  readonly #retries: number;
  #connection: Connection | undefined;
  #character: Character | undefined;
  #plan: Plan | undefined;
  #community: CommunityPoll | undefined;
  #throughReader: ReaderPoll | undefined;
  #surveyedMs = Number.NEGATIVE_INFINITY;
  #wantsSurvey = true;
  #profile: string | undefined;
  #hasOtherProfile = false;
  /** The version of the profiles it was looked over with. */
  #surveyedBy = 0;
  #polling: Promise<Observation[]> | undefined;
  #misses = 0;
  /** How long the first answer of a poll usually takes; undefined while it never answered. */
  #answerMs: number | undefined;
  #uptimeTicks: number | undefined;
  #described = "";

  constructor(deps: WatchDeps, target: Target, access: Access, retries: number) {
    this.#deps = deps;
    this.#target = target;
    this.#access = access;
    this.#retries = retries;
  }

  /** How many requests a poll takes. */
  get requests(): number {
    return this.#community?.requests ?? this.#plan?.requests.length ?? 1;
  }

  get target(): Target {
    return this.#target;
  }

  /**
   * One poll: everything it found, or why there was nothing. Empty when it was cancelled. Never two at once: whoever asks
   * while one runs gets that one.
   */
  poll(signal: AbortSignal): Promise<Observation[]> {
    this.#polling ??= this.#poll(signal);
    return this.#polling;
  }

  async #poll(signal: AbortSignal): Promise<Observation[]> {
    const startMs = this.#deps.clock.monotonicMs();
    try {
      const observations = await this.#measure(signal);
      this.#misses = 0;
      const { engine } = this.#connection ?? {};
      if (engine) this.#deps.engines?.set(engine.id.toString("hex"), { device: this.#target.device, engine });
      observations.push(...this.#state(startMs, { state: "online" }));
      return observations;
    } catch (error) {
      if (!(error instanceof SnmpFailure)) throw error;
      if (error.reason === "cancelled") return [];
      this.#misses++;
      // Its name may stand for another address next time.
      if (error.reason === "names") this.#connection = undefined;
      const reason: AvailabilityReason = error.reason === "status" ? "protocol" : error.reason;
      return this.#state(startMs, { state: "offline", reason, detail: error.message });
    } finally {
      this.#polling = undefined;
    }
  }

  close(): void {
    this.#community?.cancel();
    this.#connection = undefined;
  }

  #state(startMs: number, said: Pick<Availability, "state" | "reason" | "detail">): Observation[] {
    const { clock } = this.#deps;
    const { device } = this.#target;
    const timeMs = clock.nowMs();
    const durationMs = Math.round((clock.monotonicMs() - startMs) * 10) / 10;
    return [
      { record: "sample", device, metric: "poll_up", channel: via, value: said.state === "online", timeMs },
      { record: "sample", device, metric: "poll_duration", channel: via, value: durationMs, timeMs },
      { record: "availability", device, via, ...said, timeMs },
    ];
  }

  /** How often a question is sent, and how soon again: less for the dead, more for those that answered just now. */
  #patience(): Patience {
    const { timeoutMs } = this.#target;
    if (this.#misses >= patientMisses) return { timeoutMs, tries: 1 };
    const tries = 1 + this.#retries;
    if (this.#answerMs === undefined) return { timeoutMs, tries };
    const paceMs = Math.min(timeoutMs, Math.max(leastPaceMs, this.#answerMs * pacePerAnswer));
    if (paceMs > timeoutMs / 2) return { timeoutMs, tries: tries + extraTriesOfSlow, paceMs };
    // No answer takes much longer than they usually do, and one that comes late is taken all the same.
    return { timeoutMs: timeoutMs / 2, tries: tries + extraTries, paceMs };
  }

  /** Learns how long answers take; what came only after a repetition says nothing of that. */
  #learnPace(tookMs: number, paceMs: number): void {
    if (this.#answerMs !== undefined && tookMs >= paceMs) return;
    const known = this.#answerMs ?? tookMs;
    // Down quickly: the first answers come while the box itself is busy with its start.
    this.#answerMs = known + (tookMs < known ? 0.5 : 0.25) * (tookMs - known);
  }

  async #measure(signal: AbortSignal): Promise<Observation[]> {
    const nowMs = this.#deps.clock.monotonicMs();
    const isYoung = this.#uptimeTicks !== undefined && this.#uptimeTicks < youngTicks;
    const everyMs = isYoung ? surveyYoungEveryMs : surveyEveryMs;
    const isOutdated = this.#surveyedBy !== this.#deps.profiles.version;
    const due = this.#wantsSurvey || isOutdated || nowMs - this.#surveyedMs >= everyMs;
    if (!this.#plan || (due && this.#misses === 0)) await this.#lookOver(signal);
    let result = await this.#pollPlan(signal, this.#plan as Plan);
    if (result === "rebooted" || (result.moved && this.#maySurvey())) {
      // Rows may have other numbers now: what was read by the old ones belongs to nobody.
      await this.#lookOver(signal);
      result = await this.#pollPlan(signal, this.#plan as Plan, true);
    }
    if (result === "rebooted") return this.#readings(this.#plan as Plan);
    if (result.moved) this.#wantsSurvey = this.#maySurvey();
    // The rows are not those of the plan: better no values than those of another port.
    if ((this.#plan as Plan).cells.watchedChanged) return [];
    return this.#readings(this.#plan as Plan);
  }

  #maySurvey(): boolean {
    return this.#deps.clock.monotonicMs() - this.#surveyedMs >= surveyAtMostEveryMs;
  }

  async #pollPlan(signal: AbortSignal, plan: Plan, rebootKnown = false): Promise<PollResult | "rebooted"> {
    let rebooted = false;
    const onFirst = () => {
      const ticks = plan.cells.number(plan.uptimeCell);
      // RFC 3418: the wrap after 497 days looks the same here; one look over the device more does no harm.
      rebooted = !rebootKnown && this.#uptimeTicks !== undefined && ticks < this.#uptimeTicks;
      this.#uptimeTicks = Number.isNaN(ticks) ? undefined : ticks;
      return !rebooted;
    };
    const result = await this.#run(signal, onFirst);
    if (result.silence) throw new SnmpFailure(result.silence, "no answer");
    return rebooted ? "rebooted" : result;
  }

  async #run(signal: AbortSignal, onFirst: () => boolean): Promise<PollResult> {
    const patience = this.#patience();
    const startMs = this.#deps.clock.monotonicMs();
    const first = () => {
      this.#learnPace(this.#deps.clock.monotonicMs() - startMs, patience.paceMs ?? patience.timeoutMs);
      return onFirst();
    };
    if (this.#throughReader && this.#connection)
      return this.#throughReader.run(this.#connection.reader(patience, signal), first);
    const poll = this.#community as CommunityPoll;
    if (signal.aborted) throw new SnmpFailure("cancelled", "ended before it answered");
    return poll.run(patience, signal, first);
  }

  async #lookOver(signal: AbortSignal): Promise<void> {
    const { clock, counters, profiles, exchange } = this.#deps;
    const isUser = this.#access.version === "3";
    // What a user has learned of the device's engine is kept.
    if (!isUser) this.#connection = undefined;
    this.#connection ??= await connect(this.#target.address, this.#access, exchange);
    const reader = this.#connection.reader(this.#patience(), signal);
    const found = await survey(reader, {
      library: await profiles.library(),
      clock,
      counters,
      neighbours: false,
    });
    this.#surveyedMs = clock.monotonicMs();
    this.#surveyedBy = profiles.version;
    this.#wantsSurvey = false;
    await this.#adopt(found, isUser ? reader : undefined);
  }

  async #adopt(found: Survey, reader: Reader | undefined): Promise<void> {
    const { device, address, timeoutMs } = this.#target;
    // By another profile the same things have other names: what the old one read is of nobody any more.
    if (this.#profile !== undefined && this.#profile !== found.profile.name) this.#hasOtherProfile = true;
    this.#profile = found.profile.name;
    const portIds = this.#deps.portIds(device, found.ports.map(portDescription));
    const channelled = channelsOf(found, portIds);
    this.#character = characterOf(found, channelled);
    const seriesOf = (metric: string, channel: string | undefined) =>
      this.#deps.series.of(device, metric, channel);
    const plan = makePlan({ survey: found, seriesOf, bulk: this.#access.version !== "1" }, channelled);
    this.#plan = plan;
    if (reader) {
      this.#throughReader = new ReaderPoll(reader, plan, found.repetitions);
      return;
    }
    this.#community = new CommunityPoll(
      {
        exchange: this.#deps.exchange,
        address: await literalAddress(address),
        port: this.#access.port,
        version: this.#access.version as "1" | "2c",
        community: Buffer.from(this.#access.community?.reveal() ?? "public", "utf8"),
        timeoutMs,
        repetitions: found.repetitions < 25 ? found.repetitions : Number.POSITIVE_INFINITY,
      },
      plan,
    );
  }

  #readings(plan: Plan): Observation[] {
    const values = plan.values();
    const { exact } = plan.cells;
    const changed = plan.portsChanged(values);
    const left: Observation[] = this.#hasOtherProfile
      ? [{ record: "forget", device: this.#target.device }]
      : [];
    this.#hasOtherProfile = false;
    const readings: Readings = {
      record: "readings",
      device: this.#target.device,
      timeMs: this.#deps.clock.nowMs(),
      series: plan.series,
      values,
      widths: plan.widths,
      maxRates: plan.maxRates,
      ...(exact.size > 0 ? { exact: new Map(exact) } : {}),
      ...(this.#uptimeTicks === undefined ? {} : { uptimeTicks: this.#uptimeTicks }),
    };
    return [...left, readings, ...(changed ? this.#describe(plan, values) : [])];
  }

  /** What the device is, when that is not what was said last. */
  #describe(plan: Plan, values: Float64Array): Description[] {
    const character = this.#character as Character;
    const ports = portsNow(character.ports, plan.ports, values);
    const description = describe(this.#target.device, character, ports);
    const text = createHash("sha1").update(JSON.stringify(description)).digest("base64");
    if (text === this.#described) return [];
    this.#described = text;
    return [description];
  }
}
