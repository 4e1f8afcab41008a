import { parentPort, workerData } from "node:worker_threads";
import { ApplianceError } from "../model/errors.ts";
import { isDamage, openForReading } from "./database.ts";
import type { FromWriter, ToWriter, WriterData } from "./messages.ts";
import { SeriesWriter } from "./writer.ts";

/** Entry of the threads that touch series.db: one writes for ever, one checks the file once after start. */

const port = parentPort;
const data = workerData as WriterData;
const say = (message: FromWriter) => port?.postMessage(message);

/** SQLite's own quick check on a connection that only reads. */
function check(): void {
  try {
    const db = openForReading(data.path);
    const result = String(db.pragma("quick_check(1)", { simple: true }));
    db.close();
    say({ kind: "checked", ok: result === "ok", what: result.slice(0, 200) });
  } catch (error) {
    say({
      kind: "checked",
      ok: !isDamage(error),
      what: (error as Error).message,
    });
  }
}

function write(): void {
  let writer: SeriesWriter;
  try {
    writer = new SeriesWriter(data, say);
  } catch (error) {
    const known = error instanceof ApplianceError;
    say({
      kind: "refused",
      code: known ? error.code : "STORE_UNAVAILABLE",
      message: (error as Error).message,
    });
    port?.close();
    return;
  }
  port?.on("message", (message: ToWriter) => {
    writer.take(message);
    if (message.kind === "close") port.close();
  });
}

if (data.mode === "check") check();
else write();
