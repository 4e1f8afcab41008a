import { z } from "zod";
import type { View } from "../model/contracts.ts";
import { type Candidate, confidences, type Discovery, type ScanProgress } from "../model/discovery.ts";
import { ApplianceError } from "../model/errors.ts";
import { deviceKinds } from "../model/site.ts";
import { iso, isoTime, type Operation, operation } from "./operation.ts";

const candidateItem = z
  .object({
    id: z.string().describe("Becomes the id of the device."),
    state: z.enum(["new", "ignored"]),
    name: z.string().describe("Proposed."),
    kind: z.enum(deviceKinds).describe("What it looks like."),
    confidence: z.enum(confidences),
    reasons: z.array(z.string()).describe("Why, strongest first."),
    addresses: z.array(z.string()),
    mac: z.string().optional(),
    randomMac: z.boolean().describe("Drawn by lot: it probably only passes by."),
    maker: z.string().optional(),
    identity: z.record(z.string(), z.unknown()).describe("What it says of itself."),
    checks: z
      .array(z.object({ type: z.string(), settings: z.record(z.string(), z.unknown()) }))
      .describe("How it would be watched; a credential by its id."),
    firstSeen: isoTime,
    seen: isoTime,
    ignoredBy: z.string().optional(),
  })
  .meta({ id: "Candidate" });

const scanAnswer = z
  .object({
    running: z.boolean(),
    started: isoTime.optional(),
    ended: isoTime.optional(),
    finders: z.array(z.string()).describe("Those that run now."),
    share: z.number().describe("How much of it is done, 0 to 1."),
    remainingSeconds: z.number().optional(),
    packets: z.int().describe("Counted at the scan's rate, with what the system sends for them by itself."),
    addresses: z.int().describe("At which something was found so far."),
    networks: z.array(z.string()),
    problems: z.array(z.string()),
  })
  .meta({ id: "Scan" });

function item(candidate: Candidate): z.input<typeof candidateItem> {
  const { id, state, name, kind, confidence, mac, maker, ignoredBy } = candidate;
  return {
    id,
    state,
    name,
    kind,
    confidence,
    reasons: [...candidate.reasons],
    addresses: [...candidate.addresses],
    mac,
    randomMac: candidate.isRandomMac,
    maker,
    identity: { ...candidate.identity },
    checks: candidate.checks.map(({ type, settings }) => ({ type, settings: { ...settings } })),
    firstSeen: new Date(candidate.firstSeenMs).toISOString(),
    seen: new Date(candidate.seenMs).toISOString(),
    ignoredBy,
  };
}

function scanOf(progress: ScanProgress | undefined, networks: readonly string[]): z.input<typeof scanAnswer> {
  const { startedMs, endedMs, running, done, total, remainingMs, packets, found } = progress ?? {};
  return {
    running: progress !== undefined && endedMs === undefined,
    started: iso(startedMs),
    ended: iso(endedMs),
    finders: [...(running ?? [])],
    share: total ? Math.round((100 * (done ?? 0)) / total) / 100 : progress ? 1 : 0,
    remainingSeconds: remainingMs === undefined ? undefined : Math.ceil(remainingMs / 1_000),
    packets: packets ?? 0,
    addresses: found ?? 0,
    networks: [...(progress?.networks ?? networks)],
    problems: [...(progress?.problems ?? [])],
  };
}

const idParam = z.object({ id: z.string().max(32) });
const line = z.string().trim().min(1).max(100);
const by = line.default("API");

function discoveryOf({ discovery }: View): Discovery {
  if (discovery) return discovery;
  throw new ApplianceError("NOT_FOUND", "Nothing is looked for here.");
}

function known(view: View, id: string): Candidate {
  const candidate = discoveryOf(view).candidate(id);
  if (candidate) return candidate;
  throw new ApplianceError("NOT_FOUND", `There is no candidate "${id}".`);
}

function approveOperation(view: View): Operation {
  return operation({
    method: "post",
    path: "/candidates/:id/approve",
    summary: "Watches it from now on; what is not given is as proposed.",
    params: idParam,
    body: z.strictObject({
      by,
      name: line.optional(),
      kind: z.enum(deviceKinds).optional(),
      room: line.optional(),
      group: line.optional(),
    }),
    answer: z.object({ device: z.string() }),
    handle: ({ params: { id }, body: { name, kind, room, group, by } }) => ({
      device: discoveryOf(view).approve(id, {
        by,
        ...(name === undefined ? {} : { name }),
        ...(kind === undefined ? {} : { kind }),
        ...(room === undefined ? {} : { room }),
        ...(group === undefined ? {} : { group }),
      }),
    }),
  });
}

function scanOperations(view: View): Operation[] {
  return [
    operation({
      method: "get",
      path: "/scan",
      summary: "How far the scan is that runs, or how the last one ended.",
      answer: scanAnswer,
      handle: () => scanOf(discoveryOf(view).progress(), discoveryOf(view).plan().networks),
    }),
    operation({
      method: "post",
      path: "/scan",
      summary: "Looks through the networks now. 409 while that is under way.",
      body: z.strictObject({}),
      answer: scanAnswer,
      handle() {
        discoveryOf(view).scan();
        return scanOf(discoveryOf(view).progress(), []);
      },
    }),
  ];
}

/** What was found and is not watched, and what is done with it. */
export function candidateOperations(view: View): Operation[] {
  return [
    operation({
      method: "get",
      path: "/candidates",
      summary: "What was found and is not watched, newest first.",
      query: z.strictObject({ state: z.enum(["new", "ignored"]).optional() }),
      answer: z.object({ items: z.array(candidateItem) }),
      handle: ({ query: { state } }) => ({
        items: discoveryOf(view)
          .candidates()
          .filter((candidate) => state === undefined || candidate.state === state)
          .map(item),
      }),
    }),
    approveOperation(view),
    ...(["ignore", "restore"] as const).map((what) =>
      operation({
        method: "post",
        path: `/candidates/:id/${what}`,
        summary: what === "ignore" ? "Leaves it out for good." : "Proposes an ignored one again.",
        params: idParam,
        body: z.strictObject({ by }),
        answer: candidateItem,
        handle({ params: { id }, body }) {
          if (what === "ignore") discoveryOf(view).ignore(id, body.by);
          else discoveryOf(view).restore(id);
          return item(known(view, id));
        },
      }),
    ),
    ...scanOperations(view),
  ];
}
