import { z } from "zod";
import { duration, size } from "../config/fields.ts";
import type { StorePlugin } from "../model/contracts.ts";
import type { LocalStore } from "../series/contract.ts";
import { openLocalStore } from "../series/local.ts";
import type { Retention } from "../series/retention.ts";

const retention = z.strictObject({
  raw: duration({ min: "2d" }).prefault("35d").describe("How long every sample is kept."),
  fiveMinutes: duration({ min: "7d" })
    .prefault("90d")
    .describe("How long minimum, mean and maximum of five minutes are kept."),
  hour: duration({ min: "31d" }).prefault("730d").describe("The same of an hour."),
});

const config = z
  .strictObject({
    retention: retention.prefault({}).describe("How long history is kept, by resolution."),
    maxSize: size()
      .prefault("8GB")
      .describe("What history may take; never more than half the disk. The oldest of the finest goes first."),
  })
  .prefault({})
  .transform(
    ({ retention: kept, maxSize }): Retention => ({
      rawMs: kept.raw,
      fiveMinutesMs: kept.fiveMinutes,
      hourMs: kept.hour,
      maxBytes: maxSize,
    }),
  );

export const store = {
  type: "local",
  summary: "Keeps all series in series.db on this box.",
  config,
  create: (settings, { dataDir, clock, log, series, followers }): LocalStore =>
    openLocalStore({ dataDir, clock, log, series, settings: { retention: settings }, followers }),
} satisfies StorePlugin<Retention>;
