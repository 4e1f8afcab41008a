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
export function createLive(view: View, options: LiveOptions): Live {
  const { heartbeatMs = 15_000, gapMs = 1_000, maxStreams = 40, checkedAt } = options;
  const { clock, log } = view;
  const streams = new Set<Stream>();
  let isClosed = false;
  let soon: Timer | undefined;
  let beat: Timer | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;
  let isBusy = false;
  let isDue = false;

  const push = (stream: Stream, parts: Readonly<Record<string, Html>>, tags: ReadonlyMap<string, string>) => {
    // A page that does not read is not given more; it catches up from its own state later.
    if (stream.response.writableLength > enoughBytes) return;
    const changed = [...tags].filter(([name, tag]) => stream.sent.get(name) !== tag);
    if (changed.length === 0) return;
    stream.response.write(
      message(
        parts,
        changed.map(([name]) => name),
        stateId(tags),
      ),
    );
    stream.sent = tags;
  };
  const renew = async (some: Iterable<Stream>) => {
    const byKey = new Map<string, Stream[]>();
    for (const stream of some) {
      const group = byKey.get(stream.source.key);
      if (group) group.push(stream);
      else byKey.set(stream.source.key, [stream]);
    }
    for (const group of byKey.values()) {
      const [first] = group;
      if (!first) continue;
      const parts = await first.source.render();
      const tags = tagsOf(parts);
      for (const stream of group) push(stream, parts, tags);
    }
  };
  const renewAll = async () => {
    if (isBusy) {
      isDue = true;
      return;
    }
    isBusy = true;
    lastMs = clock.monotonicMs();
    try {
      await renew(streams);
    } catch (error) {
      log.error("A live part could not be made", { error: String(error) });
    } finally {
      isBusy = false;
    }
    if (isDue) {
      isDue = false;
      changed();
    }
  };
  const changed = () => {
    if (soon || isClosed || streams.size === 0) return;
    const waitMs = Math.max(0, lastMs + gapMs - clock.monotonicMs());
    soon = clock.timer(() => {
      soon = undefined;
      void renewAll();
    }, waitMs);
  };
  const heartbeat = () => {
    for (const { response } of streams) response.write(`event: heartbeat\ndata: ${checkedAt()}\n\n`);
    changed();
    beat = streams.size > 0 && !isClosed ? clock.timer(heartbeat, heartbeatMs) : undefined;
  };
  const stops = [
    view.status.onChange(changed),
    view.incidents.onChange(changed),
    view.inventory.onChange(changed),
  ];

  return {
    open(response, source, have) {
      if (isClosed || streams.size >= maxStreams) return false;
      const stream: Stream = { response, source, sent: parseStateId(have) };
      streams.add(stream);
      response.on("close", () => streams.delete(stream));
      response.writeHead(200, {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
      });
      response.write(`event: heartbeat\ndata: ${checkedAt()}\n\n`);
      renew([stream]).catch((error: unknown) =>
        log.error("A live part could not be made", { error: String(error) }),
      );
      beat ??= clock.timer(heartbeat, heartbeatMs);
      return true;
    },
    close() {
      isClosed = true;
      for (const stop of stops) stop();
      soon?.cancel();
      beat?.cancel();
      for (const { response } of streams) response.end();
      streams.clear();
    },
    count: () => streams.size,
  };
}
