import type { CollectorDeps, Target } from "../model/contracts.ts";
import { metricOf } from "../model/metric.ts";
import type {
  Availability,
  AvailabilityReason,
  Description,
  Observation,
  PortDescription,
  Readings,
} from "../model/observation.ts";
import { type PortId, type PortStatus, type Sensor, slug } from "../model/site.ts";
import { type Access, connect } from "./connect.ts";
import type { Exchange } from "./exchange.ts";
import { type Channelled, makePlan, type Plan } from "./plan.ts";
import { CommunityPoll, type PollResult } from "./poll.ts";
import { ReaderPoll } from "./poll-reader.ts";
import type { ProfileLibrary } from "./profiles.ts";
import { literalAddress, type Reader, SnmpFailure } from "./reader.ts";
import { type Survey, survey } from "./survey.ts";

const surveyEveryMs = 30 * 60_000;
/** Rows that come and go all the time are no reason to look at everything each minute. */
const surveyAtMostEveryMs = 5 * 60_000;
/** Misses after which a device costs one packet a cycle. */
const patientMisses = 3;
/** RELIABILITY: with 30 % loss each way two tries find 74 % of the answers, five 97 %. */
const extraTries = 3;
const via = "snmp";

export interface WatchDeps extends CollectorDeps {
  readonly exchange: Exchange;
  readonly library: () => Promise<ProfileLibrary>;
}

/** One target over its life: looked over at first and now and then, polled cheaply in between. */
export class WatchedDevice {
  readonly #deps: WatchDeps;
  readonly #target: Target;
  readonly #access: Access;
  readonly #retries: number;
  #reader: Reader | undefined;
  #survey: Survey | undefined;
  #plan: Plan | undefined;
  #portIds: readonly PortId[] = [];
  #sensors: readonly Sensor[] = [];
  #community: CommunityPoll | undefined;
  #throughReader: ReaderPoll | undefined;
  #surveyedMs = Number.NEGATIVE_INFINITY;
  #wantsSurvey = true;
  #misses = 0;
  #everAnswered = false;
  #uptimeTicks: number | undefined;
  #described = "";
  #portState = "";

  constructor(deps: WatchDeps, target: Target, access: Access, retries: number) {
    this.#deps = deps;
    this.#target = target;
    this.#access = access;
    this.#retries = retries;
  }

  get target(): Target {
    return this.#target;
  }

  /** One poll: everything it found, or why there was nothing. Empty when it was cancelled. */
  async poll(signal: AbortSignal): Promise<Observation[]> {
    const startMs = this.#deps.clock.monotonicMs();
    try {
      const observations = await this.#measure(signal);
      this.#misses = 0;
      this.#everAnswered = true;
      return [...observations, ...this.#state(startMs, { state: "online" })];
    } catch (error) {
      if (!(error instanceof SnmpFailure)) throw error;
      if (error.reason === "cancelled") return [];
      this.#misses++;
      if (error.reason === "names" || error.reason === "auth") this.#disconnect();
      const reason: AvailabilityReason = error.reason === "status" ? "protocol" : error.reason;
      return this.#state(startMs, { state: "offline", reason, detail: error.message });
    }
  }

  close(): void {
    this.#community?.cancel();
    this.#disconnect();
  }

  #disconnect(): void {
    this.#reader?.close();
    this.#reader = undefined;
    this.#throughReader = undefined;
  }

  #state(startMs: number, said: Pick<Availability, "state" | "reason" | "detail">): Observation[] {
    const { clock } = this.#deps;
    const { device } = this.#target;
    const timeMs = clock.nowMs();
    const durationMs = Math.round((clock.monotonicMs() - startMs) * 10) / 10;
    const sample = { record: "sample", device, channel: via, timeMs } as const;
    return [
      { ...sample, metric: "poll_up", value: said.state === "online" },
      { ...sample, metric: "poll_duration", value: durationMs },
      { record: "availability", device, via, ...said, timeMs },
    ];
  }

  /** How often a question is sent: less for the dead, more for those that answered just now. */
  #tries(): number {
    if (this.#misses >= patientMisses) return 1;
    return 1 + this.#retries + (this.#everAnswered ? extraTries : 0);
  }

  async #measure(signal: AbortSignal): Promise<Observation[]> {
    const nowMs = this.#deps.clock.monotonicMs();
    const due = this.#wantsSurvey || nowMs - this.#surveyedMs >= surveyEveryMs;
    if (!this.#plan || (due && this.#misses === 0)) await this.#lookOver(signal);
    let result = await this.#pollPlan(signal, this.#plan as Plan);
    if (result === "rebooted" || (result.moved && this.#maySurvey())) {
      // Rows may have other numbers now: what was read by the old ones belongs to nobody.
      await this.#lookOver(signal);
      result = await this.#pollPlan(signal, this.#plan as Plan, true);
    }
    if (result === "rebooted") return this.#readings(this.#plan as Plan);
    if (result.moved) this.#wantsSurvey = this.#maySurvey();
    if (result.moved && (this.#plan as Plan).cells.watchedChanged) return this.#descriptions();
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
    if (this.#throughReader) return this.#throughReader.run(onFirst);
    const poll = this.#community as CommunityPoll;
    if (signal.aborted) throw new SnmpFailure("cancelled", "ended before it answered");
    const abort = () => poll.cancel();
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await poll.run(this.#tries(), onFirst);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  async #lookOver(signal: AbortSignal): Promise<void> {
    const { clock, counters, library, exchange } = this.#deps;
    const { address, timeoutMs } = this.#target;
    const patience = { timeoutMs, tries: Math.min(this.#tries(), 1 + this.#retries) };
    const isUser = this.#access.version === "3";
    if (!isUser || !this.#reader) {
      this.#disconnect();
      this.#reader = await connect(address, this.#access, patience, { exchange, counters }, signal);
    }
    const found = await survey(this.#reader, {
      library: await library(),
      clock,
      counters,
      neighbours: false,
    });
    this.#surveyedMs = clock.monotonicMs();
    this.#wantsSurvey = false;
    this.#survey = found;
    this.#portIds = this.#deps.portIds(this.#target.device, found.ports.map(portDescription));
    await this.#adopt(found, isUser);
  }

  async #adopt(found: Survey, isUser: boolean): Promise<void> {
    const { device, address, timeoutMs } = this.#target;
    const channelled = channelsOf(found, this.#portIds);
    this.#sensors = channelled.filter(({ reading }) => reading.list !== "ports").map(sensorOf);
    const plan = makePlan(
      {
        survey: found,
        portIds: this.#portIds,
        seriesOf: (metric, channel) => this.#deps.series.of(device, metric, channel),
        bulk: this.#access.version !== "1",
      },
      channelled,
    );
    this.#plan = plan;
    this.#portState = "";
    if (isUser) {
      this.#throughReader = new ReaderPoll(this.#reader as Reader, plan, found.repetitions);
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
    const descriptions = this.#descriptions(values);
    const { exact } = plan.cells;
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
    return [readings, ...descriptions];
  }

  /** What the device is, when that is not what was said last. */
  #descriptions(values?: Float64Array): Description[] {
    const found = this.#survey as Survey;
    const plan = this.#plan as Plan;
    if (values) {
      const state = portState(plan, values);
      if (state === this.#portState) return [];
      this.#portState = state;
      plan.limitRates(values);
    }
    const description = describe(this.#target, found, this.#sensors, values && portsNow(found, plan, values));
    const text = JSON.stringify(description);
    if (text === this.#described) return [];
    this.#described = text;
    return [description];
  }
}

/** Cheap to compare: the numbers that a port's description follows. */
function portState(plan: Plan, values: Float64Array): string {
  let state = "=";
  for (const { oper, admin, speed } of plan.ports)
    state += `${values[oper]},${values[admin]},${values[speed]};`;
  return state;
}

const portStates: readonly PortStatus[] = [
  "up",
  "down",
  "testing",
  "unknown",
  "dormant",
  "notPresent",
  "lowerLayerDown",
];

function portsNow(found: Survey, plan: Plan, values: Float64Array): PortDescription[] {
  return found.ports.map((port, position) => {
    const of = plan.ports[position];
    const now = { ...portDescription(port) } as {
      -readonly [K in keyof PortDescription]: PortDescription[K];
    };
    const oper = portStates[(values[of?.oper ?? -1] ?? 0) - 1];
    const admin = portStates[(values[of?.admin ?? -1] ?? 0) - 1];
    const speed = values[of?.speed ?? -1];
    if (oper) now.operStatus = oper;
    if (admin) now.adminStatus = admin;
    if (speed !== undefined && speed > 0) now.speedBps = speed;
    return now;
  });
}

function portDescription({ index: _index, ...port }: Survey["ports"][number]): PortDescription {
  return port;
}

function describe(
  target: Target,
  found: Survey,
  sensors: readonly Sensor[],
  ports?: readonly PortDescription[],
): Description {
  const { vendor, model, version, serial } = found.identity;
  return {
    record: "describe",
    device: target.device,
    ...(found.name ? { name: found.name } : {}),
    ...(found.kind ? { kind: found.kind } : {}),
    identity: found.identity,
    ...(vendor ? { manufacturer: vendor } : {}),
    ...(model ? { model } : {}),
    ...(version ? { firmware: version } : {}),
    ...(serial ? { serial } : {}),
    ...(found.identity.mac ? { mac: found.identity.mac } : {}),
    ports: ports ?? found.ports.map(portDescription),
    sensors,
  };
}

/** Gives every reading its channel: the port's id, else the slug of the row's name, made unique by the row's index. */
function channelsOf(found: Survey, portIds: readonly PortId[]): Channelled[] {
  const portOf = new Map(found.ports.map(({ index }, position) => [index, portIds[position]]));
  const taken = new Set<string>();
  return found.readings.flatMap((reading) => {
    if (reading.value === undefined) return [];
    if (reading.list === "ports") {
      const channel = portOf.get(reading.index);
      return channel === undefined ? [] : [{ reading, channel }];
    }
    for (const channel of candidates(reading.channel, reading.description, reading.index)) {
      const key = `${reading.metric}:${channel ?? ""}`;
      if (taken.has(key)) continue;
      taken.add(key);
      return [{ reading, channel }];
    }
    return [];
  });
}

function candidates(channel: string | undefined, description: string, index: string): (string | undefined)[] {
  const row = index.replaceAll(".", "-");
  if (index === "" && channel === undefined) return [undefined, slug(description)];
  const name = channel ?? description;
  // The file system "/" has no letter to make a name of.
  const base = slug(name) || (name === "/" ? "root" : row);
  return [base, `${base}-${slug(description)}`, `${base}-${row}`, `${base}-${slug(description)}-${row}`].map(
    (text) => text.slice(0, 80),
  );
}

function sensorOf({ reading, channel }: Channelled): Sensor {
  const { metric, description, words, limits, oid } = reading;
  return {
    metric,
    ...(channel === undefined ? {} : { channel }),
    description,
    unit: metricOf(metric)?.unit ?? "",
    ...(words ? { words } : {}),
    ...(limits ? { limits } : {}),
    ...(oid === undefined ? {} : { origin: oid }),
  };
}
