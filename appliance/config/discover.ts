import { z } from "zod";
import type { Confidence } from "../model/discovery.ts";
import { type DeviceKind, deviceKinds } from "../model/site.ts";
import { cidr, duration, idField } from "./fields.ts";
import { parseWith } from "./problems.ts";
import { doubleIds } from "./references.ts";
import { asZod, type PluginSections, text } from "./schema.ts";
import { type Gather, readPluginSections, type Section } from "./sections.ts";

const smallestPrefix = 20;
const mostCredentials = 8;

/** An IPv4 network of at most 4,096 addresses that hosts can have. */
const range = () =>
  cidr().refine(
    (network) => {
      const [address = "", length = ""] = network.split("/");
      const [first = 0] = address.split(".").map(Number);
      return (
        !address.includes(":") &&
        Number(length) >= smallestPrefix &&
        first > 0 &&
        first < 224 &&
        first !== 127
      );
    },
    { error: "expected an IPv4 network of /20 or smaller, such as 10.0.0.0/24" },
  );

const oneOrMore = <T extends z.ZodType>(schema: T, error: string) =>
  z
    .union([schema, z.array(schema).min(1)], { error })
    .transform((given): z.output<T>[] => (Array.isArray(given) ? given : [given]));

const approveRule = z
  .strictObject({
    kind: oneOrMore(
      z.enum(deviceKinds),
      `expected kinds of devices: ${deviceKinds.filter((kind) => kind !== "box").join(", ")}`,
    )
      .optional()
      .describe("What it looks like."),
    vendor: text().optional().describe("Its maker, any case; * stands for any characters."),
    range: oneOrMore(range(), "expected a network such as 10.0.0.0/24, or a list")
      .optional()
      .describe("Networks that its address lies in."),
    confidence: z
      .enum(["sure", "likely"], { error: "expected sure or likely" })
      .prefault("sure")
      .describe("How sure the box must be of what it is."),
    action: z
      .enum(["approve", "ignore"], { error: "expected approve or ignore" })
      .prefault("approve")
      .describe("Watch it, or leave it out for good."),
    room: text().optional().describe("Where it stands."),
    group: text().optional().describe("Where it is shown. Default: a word for its kind."),
  })
  .refine((rule) => rule.kind !== undefined || rule.vendor !== undefined || rule.range !== undefined, {
    error: "expected kind, vendor or range, so that it does not fit everything",
  });

export const discoverSection = z.strictObject({
  ranges: z
    .array(range(), { error: "expected a list of networks" })
    .max(16, { error: "expected at most 16 networks" })
    .prefault([])
    .describe(
      "Networks to look through, /20 at most. Default: the private networks that the box itself is in.",
    ),
  interval: z
    .union([z.literal("off"), duration({ min: "10m", max: "30d" })], {
      error: `expected a duration such as "6h", or off`,
    })
    .prefault("6h")
    .describe("How often. `off`: only when somebody asks for it on the page."),
  rate: z
    .int({ error: "expected a whole number of packets a second" })
    .min(1, { error: "expected 1..50" })
    .max(50, { error: "expected 1..50" })
    .prefault(50)
    .describe("Packets a second, all finders together."),
  snmp: z
    .array(z.looseObject({ id: idField().describe("What pages call it.") }), {
      error: "expected a list of SNMP credentials",
    })
    .max(mostCredentials, { error: `expected at most ${mostCredentials} credentials` })
    .prefault([])
    .describe(
      "SNMP credentials that are tried at every address found, version 3 first, each once an hour: an id, and the keys of devices[].snmp. A community goes in clear to every one of them.",
    ),
  approve: z
    .array(approveRule, { error: "expected a list of rules" })
    .prefault([])
    .describe("What is watched, or ignored, without anybody being asked. The first rule that fits counts."),
});

export interface ApproveRule {
  readonly kind?: readonly DeviceKind[] | undefined;
  readonly vendor?: string | undefined;
  readonly range?: readonly string[] | undefined;
  readonly confidence: Exclude<Confidence, "guess">;
  readonly action: "approve" | "ignore";
  readonly room?: string | undefined;
  readonly group?: string | undefined;
}

export interface DiscoverConfig {
  readonly ranges: readonly string[];
  /** Absent: no scan by itself. */
  readonly intervalMs?: number;
  readonly rate: number;
  /** Settings by the SNMP collector's target schema, by the id of the credential. */
  readonly snmp: ReadonlyMap<string, unknown>;
  readonly approve: readonly ApproveRule[];
  /** By finder type: absent where it is off. */
  readonly finders: Readonly<Record<string, unknown>>;
}

/** Without the section nothing is looked for until somebody asks for it on the page. */
export function readDiscover(section: unknown, plugins: PluginSections, found: Gather): DiscoverConfig {
  const { finders: written, ...rest } = (section ?? {}) as Section;
  const parsed = found.take(parseWith(discoverSection, rest, ["discover"]));
  const isOn = section !== undefined && parsed !== undefined && parsed.interval !== "off";
  return {
    ranges: parsed?.ranges ?? [],
    ...(isOn ? { intervalMs: Number(parsed.interval) } : {}),
    rate: parsed?.rate ?? 50,
    snmp: readCredentials(rest.snmp, plugins, found),
    approve: parsed?.approve ?? [],
    finders: readFinders(written, plugins, found),
  };
}

function readCredentials(section: unknown, plugins: PluginSections, found: Gather): Map<string, unknown> {
  const target = plugins.collectors.get("snmp")?.target;
  const credentials = new Map<string, unknown>();
  if (!target || !Array.isArray(section)) return credentials;
  found.add(...doubleIds(section, "id", ["discover", "snmp"]));
  for (const [at, entry] of section.entries()) {
    if (typeof entry !== "object" || entry === null) continue;
    const { id, ...settings } = entry as Section;
    const path = ["discover", "snmp", at];
    if (settings.community === undefined && settings.user === undefined)
      found.add({ path, message: "expected a community, or a user for version 3" });
    const parsed = found.take(parseWith(asZod(target, "snmp.target"), settings, path));
    if (typeof id === "string" && parsed !== undefined) credentials.set(id, parsed);
  }
  return credentials;
}

/** Each finder's settings; `mdns: off` takes one away. */
function readFinders(section: unknown, plugins: PluginSections, found: Gather): Record<string, unknown> {
  if (section !== undefined && (typeof section !== "object" || section === null || Array.isArray(section))) {
    found.add({ path: ["discover", "finders"], message: "expected sections such as mdns: {}, or mdns: off" });
    return {};
  }
  const written = Object.entries(section ?? {});
  const off = new Set(written.filter(([, value]) => value === "off").map(([type]) => type));
  const rest = Object.fromEntries(
    written.filter(([type, value]) => value !== "off" || !plugins.finders.has(type)),
  );
  const all = readPluginSections(rest, ["discover", "finders"], plugins.finders, found, { filled: true });
  return Object.fromEntries(Object.entries(all).filter(([type]) => !off.has(type)));
}
