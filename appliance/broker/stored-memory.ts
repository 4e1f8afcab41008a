import { Worker } from "node:worker_threads";
import type { Counters, Log } from "../model/contracts.ts";
import { ApplianceError } from "../model/errors.ts";
import type { Clock, Timer } from "../model/time.ts";
import { type BrokerMemory, BrokerPersistence, retainedMessages } from "./memory.ts";
import { type Change, type Kind, type Row, readWritten, rowOf, type Written, writtenOf } from "./rows.ts";

export interface StoredMemoryDeps {
  /** Path of `broker.db`. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Names of devices that may sign in: sessions of others are dropped. */
  readonly names: () => readonly string[];
}

/** What the writing thread says. */
export type FromWriter =
  | { readonly type: "opened"; readonly rows: readonly Written[]; readonly damaged?: string }
  | { readonly type: "refused"; readonly code: "STORE_NEWER" | "DATA_UNWRITABLE"; readonly message: string }
  | { readonly type: "written"; readonly error?: string };

const writeAfterMs = 500;
const retryAfterMs = 5_000;

/**
 * The broker's memory in `broker.db`: retained messages, sessions, queues and wills survive a restart. A thread of its
 * own writes, so that a slow card never stops the broker; changes that nobody waits for are written within a second.
 */
export function createStoredMemory(deps: StoredMemoryDeps): BrokerMemory {
  const writer = new Writer(deps);
  const persistence = new BrokerPersistence(
    writer,
    (what) => deps.counters.add(`broker_limit_${what}`),
    deps.clock,
  );
  let opened: Promise<void> | undefined;
  const open = async () => {
    const names = deps.names();
    const isOurs = (owner: string) =>
      owner === "" || names.some((name) => owner.startsWith(`${encodeURIComponent(name)}/`));
    for (const written of await writer.open()) {
      const row = readWritten(written);
      if (!row) deps.counters.add("broker_rows_damaged");
      else if (isOurs(row.owner)) await persistence.restore(row);
      else writer.remove(row.kind, row.owner);
    }
    await persistence.keepTidy();
  };
  return {
    persistence,
    open() {
      opened ??= open();
      return opened;
    },
    retain(topic, payload, qos) {
      const packet = { cmd: "publish", topic, payload, qos, retain: true };
      return writer.durable(() =>
        payload.length === 0
          ? writer.remove("retained", "", topic)
          : writer.put(rowOf("retained", "", topic, packet)),
      );
    },
    retained: (atMs) => retainedMessages(persistence, atMs),
    close() {
      persistence.endTidying();
      return writer.close();
    },
  };
}

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

/** Gathers changes, the newest of each key, and has them written in one transaction at a time. */
class Writer {
  readonly #deps: StoredMemoryDeps;
  #worker: Worker | undefined;
  #pending = new Map<string, { readonly change: Change; readonly isNew: boolean }>();
  #waiters: Waiter[] = [];
  #writing = false;
  #idle: (() => void) | undefined;
  #timer: Timer | undefined;

  constructor(deps: StoredMemoryDeps) {
    this.#deps = deps;
  }

  /** Starts the thread. Rejects with STORE_NEWER or DATA_UNWRITABLE. */
  open(): Promise<readonly Written[]> {
    const worker = new Worker(new URL("./memory-worker.js", import.meta.url), {
      workerData: { file: this.#deps.file, nowMs: this.#deps.clock.nowMs() },
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.once("error", reject);
      worker.once("message", (message: FromWriter) => {
        if (message.type === "opened") {
          if (message.damaged)
            this.#deps.log.error("the broker's database was damaged and set aside", {
              file: message.damaged,
            });
          worker.on("message", (answer: FromWriter) => this.#written(answer));
          resolve(message.rows);
        } else if (message.type === "refused") reject(new ApplianceError(message.code, message.message));
      });
    });
  }

  put(row: Row): void {
    const id = idOf(row.kind, row.owner, row.key);
    const before = this.#pending.get(id);
    // Deleted and put again in one batch: the row may be there, so it is not new.
    const isNew = before ? before.isNew && before.change.facts !== undefined : row.isNew;
    this.#pending.set(id, { change: writtenOf(row), isNew });
    this.#later();
  }

  remove(kind: Kind, owner: string, key?: string): void {
    if (key === undefined) {
      const prefix = idOf(kind, owner, "");
      for (const id of this.#pending.keys()) if (id.startsWith(prefix)) this.#pending.delete(id);
    }
    const id = idOf(kind, owner, key ?? "*");
    const unwritten = this.#pending.get(id)?.isNew === true;
    this.#pending.delete(id);
    if (unwritten) return;
    this.#pending.set(id, { change: { kind, owner, key }, isNew: false });
    this.#later();
  }

  /** Resolves when what `change` did is on disk. */
  durable(change: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      change();
      this.#waiters.push({ resolve, reject });
      if (!this.#writing) setImmediate(() => this.#flush());
    });
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    const worker = this.#worker;
    if (!worker) return;
    if (this.#writing) await new Promise<void>((resolve) => this.#afterBatch(resolve));
    if (this.#pending.size > 0) {
      const done = new Promise<void>((resolve) => this.#afterBatch(resolve));
      this.#flush();
      await done;
    }
    this.#worker = undefined;
    worker.postMessage({ type: "close" });
    await new Promise((resolve) => worker.once("exit", resolve));
  }

  #afterBatch(resolve: () => void): void {
    this.#idle = resolve;
  }

  #later(): void {
    this.#timer ??= this.#deps.clock.timer(() => this.#flush(), writeAfterMs);
  }

  #batch: Map<string, { readonly change: Change; readonly isNew: boolean }> = new Map();
  #batchWaiters: Waiter[] = [];

  #flush(): void {
    if (this.#writing || !this.#worker || (this.#pending.size === 0 && this.#waiters.length === 0)) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing = true;
    this.#batch = this.#pending;
    this.#batchWaiters = this.#waiters;
    this.#pending = new Map();
    this.#waiters = [];
    this.#worker.postMessage({
      type: "write",
      changes: [...this.#batch.values()].map(({ change }) => change),
    });
  }

  #written(answer: FromWriter): void {
    if (answer.type !== "written") return;
    this.#writing = false;
    const waiters = this.#batchWaiters;
    this.#batchWaiters = [];
    if (answer.error === undefined) for (const { resolve } of waiters) resolve();
    else this.#failed(answer.error, waiters);
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle) idle();
    else if (this.#waiters.length > 0 && answer.error === undefined) this.#flush();
  }

  /** What nobody waits for is tried again; newer changes of the same keys win. */
  #failed(error: string, waiters: readonly Waiter[]): void {
    this.#deps.counters.add("broker_writes_failed");
    for (const { reject } of waiters)
      reject(new ApplianceError("STORE_UNAVAILABLE", `broker.db cannot be written: ${error}`));
    this.#pending = new Map([...this.#batch, ...this.#pending]);
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.timer(() => this.#flush(), retryAfterMs);
  }
}

function idOf(kind: Kind, owner: string, key: string): string {
  return `${kind}\n${owner}\n${key}`;
}
