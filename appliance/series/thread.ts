import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { ApplianceError, type ErrorCode, errorCodes } from "../model/errors.ts";
import type { FromWriter, ToWriter, WriterData } from "./messages.ts";

type Ready = Extract<FromWriter, { kind: "ready" }>;

/** The writing thread as its owner sees it. */
export interface WriterThread {
  readonly ready: Ready;
  send(message: ToWriter): void;
  /** Commits what waits and ends. Gives up after 8 s: a card may never answer. */
  close(): Promise<void>;
}

const closeLimitMs = 8_000;

function spawn(data: WriterData): Worker {
  return new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: data,
    name: `series-${data.mode}`,
    // Rounds are short-lived: a small nursery keeps the thread small.
    resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 512 },
  });
}

/**
 * Starts the writing thread and waits until the file is open.
 *
 * @param onMessage - everything it says, `ready` included
 * @param onEnd - it ended without being asked to
 * @throws ApplianceError STORE_NEWER or STORE_UNAVAILABLE
 */
export function startWriter(
  data: WriterData,
  onMessage: (message: FromWriter) => void,
  onEnd: (reason: string) => void,
): Promise<WriterThread> {
  const worker = spawn(data);
  let closing = false;
  let reason = "The writing thread ended.";
  return new Promise((resolve, reject) => {
    const failed = (message: string, code: string) =>
      reject(new ApplianceError(code in errorCodes ? (code as ErrorCode) : "STORE_UNAVAILABLE", message));
    worker.on("message", (message: FromWriter) => {
      onMessage(message);
      if (message.kind === "ready") resolve({ ready: message, send, close });
      else if (message.kind === "refused") {
        closing = true;
        failed(message.message, message.code);
      }
    });
    worker.on("error", (error) => {
      reason = error.message;
    });
    worker.on("exit", () => {
      failed(reason, "STORE_UNAVAILABLE");
      if (!closing) onEnd(reason);
    });
    const send = (message: ToWriter) => worker.postMessage(message);
    const close = () =>
      new Promise<void>((done) => {
        closing = true;
        const limit = setTimeout(() => void worker.terminate(), closeLimitMs);
        worker.once("exit", () => {
          clearTimeout(limit);
          done();
        });
        send({ kind: "close" });
      });
  });
}

export interface FileCheck {
  /** Resolves with what is wrong; undefined when nothing is, or the check was stopped. */
  readonly result: Promise<string | undefined>;
  /** Ends the check; waits at most 2 s for a read that goes on. */
  stop(): Promise<void>;
}

const checkStopLimitMs = 2_000;

/** Runs SQLite's quick check in a thread of its own. */
export function checkFile(data: WriterData): FileCheck {
  const worker = spawn({ ...data, mode: "check" });
  worker.unref();
  let found: string | undefined;
  const result = new Promise<string | undefined>((resolve) => {
    worker.on("message", (message: FromWriter) => {
      if (message.kind === "checked" && !message.ok) found = message.what;
    });
    // A check that cannot run finds nothing; the next write will say what is wrong.
    worker.on("error", () => undefined);
    worker.on("exit", () => resolve(found));
  });
  return {
    result,
    stop: () =>
      new Promise((resolve) => {
        const limit = setTimeout(resolve, checkStopLimitMs);
        void worker.terminate().finally(() => {
          clearTimeout(limit);
          resolve();
        });
      }),
  };
}
