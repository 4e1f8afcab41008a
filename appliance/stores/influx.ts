import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { InfluxDB } from "influx";
import { z } from "zod";
import { secret, url } from "../config/fields.ts";
import type { Step, Store, StoreDeps, StorePlugin } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import { RefusedError } from "../model/rounds.ts";
import type { Columns, SampleBatch, Series } from "../model/series.ts";
import type { SeriesId } from "../model/site.ts";
import type { TimeRange } from "../model/time.ts";
import { namesIn, policy, type RawResult, selectFor, seriesQuery, visitRows } from "../series/influxql.ts";
import { createLineWriter, type LineWriter } from "../series/line-protocol.ts";
import { emptyColumns, gatherRaw, gatherSteps, matches, stepMsOf } from "../series/steps.ts";

const config = z.strictObject({
  url: url().describe("Where InfluxDB listens, such as http://127.0.0.1:8086."),
  database: z.string().min(1).max(64).prefault("porchlight").describe("Made when it is not there."),
  user: z.string().max(100).optional().describe("User name, where one is asked for."),
  password: secret().optional().describe("Its password; for InfluxDB 2 and 3 the token."),
  gzip: z
    .enum(["auto", "on", "off"])
    .prefault("auto")
    .describe("Whether requests are compressed. auto: unless InfluxDB runs on this machine."),
});
export type InfluxSettings = z.output<typeof config>;

const writeLimitMs = 30_000;
const queryLimitMs = 10_000;
const answerLimit = 65_536;
/** Conflicting fields that one batch may have before it is searched through. */
const conflictLimit = 8;
const compress = promisify(gzip);

function unavailable(message: string, cause?: unknown): ApplianceError {
  return new ApplianceError("STORE_UNAVAILABLE", message, { cause });
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** InfluxDB 1.x, or the v1 interface of 2 and 3. */
class InfluxStore implements Store {
  readonly #settings: InfluxSettings;
  readonly #deps: StoreDeps;
  readonly #url: URL;
  readonly #client: InfluxDB;
  readonly #writer: LineWriter;
  readonly #agent: HttpAgent;
  readonly #ending = new AbortController();
  readonly #gzip: boolean;
  #prepared: Promise<void> | undefined;

  constructor(settings: InfluxSettings, deps: StoreDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#url = new URL(settings.url);
    const isTls = this.#url.protocol === "https:";
    this.#agent = new (isTls ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 2 });
    this.#writer = createLineWriter(deps.site, deps.tagsOf);
    const isHere = /^(localhost|127\..*|\[::1\])$/.test(this.#url.hostname);
    this.#gzip = settings.gzip === "on" || (settings.gzip === "auto" && !isHere);
    this.#client = new InfluxDB({
      hosts: [
        {
          host: this.#url.hostname,
          port: Number(this.#url.port || (isTls ? 443 : 80)),
          protocol: isTls ? "https" : "http",
          path: this.#url.pathname.replace(/\/$/, ""),
        },
      ],
      // Without these the client signs in as root.
      username: settings.user ?? "",
      password: settings.password?.reveal() ?? "",
      database: settings.database,
      pool: { requestTimeout: queryLimitMs, maxRetries: 0 },
    });
  }

  /** Nothing waits for InfluxDB: it may be away for days. */
  async start(): Promise<void> {
    this.#prepare().catch(() => undefined); // Tried again with the first write.
  }

  async write(batch: SampleBatch): Promise<void> {
    if (this.#ending.signal.aborted) throw unavailable("The InfluxDB store was closed.");
    await this.#prepare();
    const culprits = new Set<number>();
    let reason = "";
    for (let round = 0; round <= conflictLimit; round++) {
      const answer = await this.#post(this.#writer.lines(batch, culprits));
      if (answer === undefined) {
        if (culprits.size > 0) throw new RefusedError(reason, [...culprits]);
        return;
      }
      reason = answer;
      // A line with a conflicting field is dropped whole: the others go again without that field.
      const before = culprits.size;
      for (const position of this.#conflicting(batch, answer)) culprits.add(position);
      if (culprits.size === before) break;
    }
    throw new RefusedError(reason);
  }

  async query(id: SeriesId, range: TimeRange, step: Step): Promise<Columns> {
    const stepMs = stepMsOf(step, range);
    const select = selectFor(this.#deps.site, id, range, stepMs);
    if (!select) return emptyColumns(stepMs ?? "raw", "influx");
    const gathering =
      stepMs === undefined ? gatherRaw(range, "influx") : gatherSteps(range, stepMs, "influx");
    visitRows(await this.#ask(select.text), select, range, gathering.visit);
    return gathering.columns();
  }

  async series(matcher: string): Promise<readonly SeriesId[]> {
    return namesIn(await this.#ask(seriesQuery(this.#deps.site))).filter(matches(matcher));
  }

  async close(): Promise<void> {
    this.#ending.abort(unavailable("The InfluxDB store was closed."));
    this.#agent.destroy();
  }

  async #ask(text: string): Promise<RawResult> {
    try {
      const options = { precision: "ms", database: this.#settings.database } as const;
      return (await this.#client.queryRaw(text, options)) as RawResult;
    } catch (error) {
      throw unavailable(`InfluxDB did not answer a query: ${(error as Error).message}`);
    }
  }

  /** Database and retention policy; once a connection. What the server does not allow is taken to be there. */
  #prepare(): Promise<void> {
    this.#prepared ??= this.#setUp().catch((error: unknown) => {
      this.#prepared = undefined;
      throw error;
    });
    return this.#prepared;
  }

  async #setUp(): Promise<void> {
    try {
      await this.#client.createDatabase(this.#settings.database);
      await this.#client.createRetentionPolicy(policy, {
        database: this.#settings.database,
        duration: "INF",
        replication: 1,
        isDefault: true,
      });
    } catch (error) {
      const message = (error as Error).message;
      if (!/unauthor|forbidden|not found|method not allowed|bad request|4\d\d/i.test(message))
        throw unavailable(`InfluxDB at ${this.#url.host} cannot be used now: ${message}`);
      this.#deps.log.part("influx").warn("InfluxDB did not let the database be made", { what: message });
    }
  }

  /** @returns why lines were refused for good; undefined when all are stored */
  async #post(lines: readonly string[]): Promise<string | undefined> {
    if (lines.length === 0) return undefined;
    const { status, body } = await this.#send(lines);
    if (status === 204 || status === 200) return undefined;
    const words = errorWords(body) || `HTTP ${status}`;
    if (status === 413 && lines.length > 1) {
      const half = lines.length >> 1;
      return (await this.#post(lines.slice(0, half))) ?? (await this.#post(lines.slice(half)));
    }
    if (status === 404) this.#prepared = undefined;
    if (status === 400 || status === 413 || status === 422) return words;
    throw unavailable(`InfluxDB at ${this.#url.host} refused a write: ${words}`);
  }

  async #send(lines: readonly string[]): Promise<Answer> {
    const text = Buffer.from(lines.join("\n"), "utf8");
    const body = this.#gzip ? await compress(text, { level: 1 }) : text;
    const { user, password, database } = this.#settings;
    const target = new URL(this.#url);
    target.pathname = `${target.pathname.replace(/\/$/, "")}/write`;
    target.search = new URLSearchParams({ db: database, rp: policy, precision: "ms" }).toString();
    const headers: Record<string, string | number> = {
      "content-type": "text/plain; charset=utf-8",
      "content-length": body.length,
      ...(this.#gzip ? { "content-encoding": "gzip" } : {}),
      ...(password
        ? {
            authorization: `Basic ${Buffer.from(`${user ?? ""}:${password.reveal()}`).toString("base64")}`,
          }
        : {}),
    };
    const limit = new AbortController();
    const timer = this.#deps.clock.timer(
      () => limit.abort(unavailable(`no answer within ${writeLimitMs / 1_000} s`)),
      writeLimitMs,
    );
    const signal = AbortSignal.any([limit.signal, this.#ending.signal]);
    const send = target.protocol === "https:" ? httpsRequest : httpRequest;
    const answer = new Promise<Answer>((resolve, reject) => {
      const failed = (error: Error) => {
        const cause = signal.aborted ? (signal.reason as Error) : error;
        reject(unavailable(`InfluxDB at ${target.host}: ${cause.message}`));
      };
      const request = send(target, { method: "POST", headers, agent: this.#agent, signal }, (response) => {
        read(response).then(resolve, failed);
      });
      request.on("error", failed);
      request.end(body);
    });
    return answer.finally(() => timer.cancel());
  }

  /** Positions of the samples whose field has another type in the database. */
  *#conflicting(batch: SampleBatch, answer: string): Generator<number> {
    const match = /input field "(.+?)" on measurement "(.+?)" is type/.exec(answer);
    if (!match) return;
    for (let i = 0; i < batch.length; i++) {
      const { field, measurement } = this.#writer.place(batch.series[i] as Series);
      if (field === match[1] && measurement === match[2]) yield i;
    }
  }
}

async function read(response: IncomingMessage): Promise<Answer> {
  let body = "";
  response.setEncoding("utf8");
  for await (const part of response) if (body.length < answerLimit) body += part;
  return { status: response.statusCode ?? 0, body };
}

/** The server's own words, cut; from its JSON or as they are. */
function errorWords(body: string): string {
  const words = /"error"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1]?.replaceAll('\\"', '"') ?? body;
  return words.replace(/\p{C}/gu, " ").slice(0, 500);
}

export const store = {
  type: "influx",
  summary: "Copies everything to InfluxDB, which is also the long memory.",
  config,
  create: (settings, deps) => new InfluxStore(settings, deps),
} satisfies StorePlugin<InfluxSettings>;
