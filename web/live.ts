import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { View } from "../appliance/model/contracts.ts";
import type { Timer } from "../appliance/model/time.ts";
import type { Html } from "./html.ts";

/** What a stream shows: its parts as they are now. Streams with the same `key` see the same. */
export interface LiveSource {
  readonly key: string;
  render(): Promise<Readonly<Record<string, Html>>>;
}

export interface LiveOptions {
  /** A sign of life, and the pace at which numbers are renewed. */
  readonly heartbeatMs?: number;
  /** Least time between two messages of a stream. */
  readonly gapMs?: number;
  readonly maxStreams?: number;
  /** When the box last looked, as the page shows it. */
  readonly checkedAt: () => string;
}

export interface Live {
  /**
   * Begins a stream on a response without headers yet.
   *
   * @param have - the id of the state the page has (`Last-Event-ID`), so that only what differs is sent
   * @returns false when there are too many streams: the caller answers 503
   */
  open(response: ServerResponse, source: LiveSource, have: string | undefined): boolean;
  /** Ends all streams; later ones are refused. */
  close(): void;
  count(): number;
}

interface Stream {
  readonly response: ServerResponse;
  readonly source: LiveSource;
  /** Hash of each part as the page has it. */
  sent: ReadonlyMap<string, string>;
}

/** A short name for a state of a part: 48 bits. */
export function partTag(markup: string): string {
  return createHash("sha256").update(markup).digest("base64url").slice(0, 8);
}

/** The id of a whole state: part names and tags, in order. */
export function stateId(tags: ReadonlyMap<string, string>): string {
  return [...tags].map(([name, tag]) => `${name}.${tag}`).join("~");
}

/** The other way round; what does not fit the form is left out, so that it is sent anew. */
export function parseStateId(id: string | undefined): Map<string, string> {
  const tags = new Map<string, string>();
  for (const piece of (id ?? "").slice(0, 1_000).split("~")) {
    const match = /^([a-z-]{1,32})\.([\w-]{8})$/.exec(piece);
    if (match?.[1] && match[2]) tags.set(match[1], match[2]);
  }
  return tags;
}

/** The tags of parts as they are. */
export function tagsOf(parts: Readonly<Record<string, Html>>): Map<string, string> {
  return new Map(Object.entries(parts).map(([name, part]) => [name, partTag(part.text)]));
}

function message(parts: Readonly<Record<string, Html>>, names: readonly string[], id: string): string {
  const body = names
    .map((name) => `<div id="${name}" hx-swap-oob="innerMorph">${parts[name]?.text ?? ""}</div>`)
    .join("");
  return `id: ${id}\n${body
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join("")}\n`;
}

const enoughBytes = 256 * 1_024;

/** Sends each open page the parts that changed: at once after a change, at most one message a second, and at every heartbeat. */
class Streams implements Live {
  readonly #view: View;
  readonly #options: Required<LiveOptions>;
  readonly #streams = new Set<Stream>();
  readonly #stops: readonly (() => void)[];
  #isClosed = false;
  #soon: Timer | undefined;
  #beat: Timer | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #isBusy = false;
  #isDue = false;

  constructor(view: View, options: Required<LiveOptions>) {
    this.#view = view;
    this.#options = options;
    const changed = () => this.#changed();
    this.#stops = [
      view.status.onChange(changed),
      view.incidents.onChange(changed),
      view.inventory.onChange(changed),
      ...(view.discovery ? [view.discovery.onChange(changed)] : []),
    ];
  }

  open(response: ServerResponse, source: LiveSource, have: string | undefined): boolean {
    if (this.#isClosed || this.#streams.size >= this.#options.maxStreams) return false;
    const stream: Stream = { response, source, sent: parseStateId(have) };
    this.#streams.add(stream);
    response.on("close", () => this.#streams.delete(stream));
    response.writeHead(200, {
      "Content-Type": "text/event-stream; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    });
    this.#sayAlive(stream);
    this.#renew([stream]).catch((error: unknown) => this.#complain(error));
    this.#beat ??= this.#view.clock.timer(() => this.#heartbeat(), this.#options.heartbeatMs);
    return true;
  }

  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    this.#soon?.cancel();
    this.#beat?.cancel();
    for (const { response } of this.#streams) response.end();
    this.#streams.clear();
  }

  count(): number {
    return this.#streams.size;
  }

  #sayAlive({ response }: Stream): void {
    response.write(`event: heartbeat\ndata: ${this.#options.checkedAt()}\n\n`);
  }

  #complain(error: unknown): void {
    this.#view.log.error("A live part could not be made", { error: String(error) });
  }

  #heartbeat(): void {
    for (const stream of this.#streams) this.#sayAlive(stream);
    this.#changed();
    const goesOn = this.#streams.size > 0 && !this.#isClosed;
    this.#beat = goesOn
      ? this.#view.clock.timer(() => this.#heartbeat(), this.#options.heartbeatMs)
      : undefined;
  }

  #changed(): void {
    if (this.#soon || this.#isClosed || this.#streams.size === 0) return;
    const waitMs = Math.max(0, this.#lastMs + this.#options.gapMs - this.#view.clock.monotonicMs());
    this.#soon = this.#view.clock.timer(() => {
      this.#soon = undefined;
      this.#renewAll().catch((error: unknown) => this.#complain(error));
    }, waitMs);
  }

  async #renewAll(): Promise<void> {
    if (this.#isBusy) {
      this.#isDue = true;
      return;
    }
    this.#isBusy = true;
    this.#lastMs = this.#view.clock.monotonicMs();
    try {
      await this.#renew(this.#streams);
    } finally {
      this.#isBusy = false;
    }
    if (!this.#isDue) return;
    this.#isDue = false;
    this.#changed();
  }

  /** Draws each page once for all its streams. */
  async #renew(some: Iterable<Stream>): Promise<void> {
    const byKey = new Map<string, Stream[]>();
    for (const stream of some) {
      const group = byKey.get(stream.source.key);
      if (group) group.push(stream);
      else byKey.set(stream.source.key, [stream]);
    }
    for (const group of byKey.values()) await this.#renewGroup(group);
  }

  async #renewGroup(group: readonly Stream[]): Promise<void> {
    try {
      const parts = await group[0]?.source.render();
      if (parts) for (const stream of group) push(stream, parts);
    } catch (error) {
      // The thing the page is about may be gone; the others go on.
      this.#complain(error);
    }
  }
}

function push(stream: Stream, parts: Readonly<Record<string, Html>>): void {
  // A page that does not read is not given more; it catches up from its own state later.
  if (stream.response.writableLength > enoughBytes || stream.response.writableEnded) return;
  const tags = tagsOf(parts);
  const changed = [...tags].filter(([name, tag]) => stream.sent.get(name) !== tag);
  if (changed.length === 0) return;
  const names = changed.map(([name]) => name);
  stream.response.write(message(parts, names, stateId(tags)));
  stream.sent = tags;
}

export function createLive(view: View, options: LiveOptions): Live {
  return new Streams(view, { heartbeatMs: 15_000, gapMs: 1_000, maxStreams: 40, ...options });
}
