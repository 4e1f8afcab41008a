import { isIP } from "node:net";
import { z } from "zod";
import { Secret } from "../model/secret.ts";
import { parseDeviceId } from "../model/site.ts";
import { parseDuration } from "../model/time.ts";

/*
 * Fields that sections and plugins share. A default is given as text with `.prefault("60s")`, so that the reference
 * page shows what a person writes; a description with `.describe()`. Messages say what was expected; the loader adds
 * where it stands and what was there.
 */

interface DurationLimits {
  /** Duration text, included. */
  readonly min?: string;
  readonly max?: string;
}

/**
 * A duration with its unit: `"500ms"`, `"30s"`, `"5m"`, `"12h"`, `"90d"`. A bare number is refused.
 *
 * @returns milliseconds, whole
 */
export function duration({ min = "0s", max = "3650d" }: DurationLimits = {}) {
  const minMs = parseDuration(min) ?? 0;
  const maxMs = parseDuration(max) ?? Number.POSITIVE_INFINITY;
  const example = `expected a duration with its unit, such as "30s", "5m" or "12h"`;
  return z
    .string({ error: example })
    .transform((text, context) => {
      const valueMs = parseDuration(text);
      if (valueMs === undefined) {
        context.addIssue({ code: "custom", message: example });
        return z.NEVER;
      }
      if (valueMs < minMs || valueMs > maxMs) {
        context.addIssue({
          code: "custom",
          message: `expected a duration from ${min} to ${max}`,
        });
        return z.NEVER;
      }
      return Math.round(valueMs);
    })
    .meta({ field: "duration" });
}

/** `interval` and `timeout` of a collector's section, with its defaults as duration texts. */
export function pollFields(defaults: { readonly interval: string; readonly timeout: string }) {
  return {
    interval: duration({ min: "1s", max: "1d" })
      .prefault(defaults.interval)
      .describe("How often each target is asked."),
    timeout: duration({ min: "50ms", max: "5m" })
      .prefault(defaults.timeout)
      .describe("How long one answer may take."),
  };
}

/** `interval` and `timeout` of one device's section: absent means as in `collect.<type>`. */
export function targetPollFields() {
  return {
    interval: duration({ min: "1s", max: "1d" }).optional().describe("How often this one is asked."),
    timeout: duration({ min: "50ms", max: "5m" })
      .optional()
      .describe("How long one answer of this one may take."),
  };
}

/**
 * A secret: text in the file, `{env: NAME}` or `{file: PATH}`. The loader replaces the latter two by a `Secret`
 * before schemas see them; a schema alone takes text or a `Secret`.
 */
export function secret() {
  return z
    .custom<string | Secret>(
      (value) => value instanceof Secret || (typeof value === "string" && value !== ""),
      {
        error: "expected text, {env: NAME} or {file: PATH}",
        params: { secret: true },
      },
    )
    .transform((value) => (value instanceof Secret ? value : new Secret(value)))
    .meta({ field: "secret" });
}

const labelPattern = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

/** Whether `text` is an IPv4 or IPv6 address (zone allowed) or a host name that no program can take for an option. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const labels = text.replace(/\.$/, "").split(".");
  // RFC 1123 §2.1: the last label of a name is never all digits, so "10.0.0" and "300.1.2.3" are mistyped addresses.
  return (
    text.length <= 253 &&
    labels.every((label) => labelPattern.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "")
  );
}

/** A host name or IP address. */
export function host() {
  const message = "expected a host name or an IP address";
  return z.string({ error: message }).refine(isHost, { error: message }).meta({ field: "host" });
}

/** A TCP or UDP port number. */
export function port() {
  const error = "expected a port number, 1..65535";
  return z.int({ error }).min(1, { error }).max(65_535, { error }).meta({
    field: "port",
  });
}

/** A network as address and prefix length: `10.0.0.0/24`, `fd00::/64`. */
export function cidr() {
  const message = "expected a network such as 10.0.0.0/24";
  return z
    .string({ error: message })
    .refine(
      (text) => {
        const [address = "", length = "", ...rest] = text.split("/");
        const family = isIP(address);
        return (
          family !== 0 &&
          rest.length === 0 &&
          /^\d{1,3}$/.test(length) &&
          Number(length) <= (family === 4 ? 32 : 128)
        );
      },
      { error: message },
    )
    .meta({ field: "cidr" });
}

/** Whether `text` is an MQTT topic filter (MQTT 3.1.1 §4.7). */
export function isTopicFilter(text: string): boolean {
  if (text === "" || text.includes("\0") || Buffer.byteLength(text, "utf8") > 65_535) return false;
  const levels = text.split("/");
  return levels.every(
    (level, at) =>
      (!level.includes("#") || (level === "#" && at === levels.length - 1)) &&
      (!level.includes("+") || level === "+"),
  );
}

/** An MQTT topic filter. */
export function topicFilter() {
  const message = "expected an MQTT topic filter such as site/hall/#";
  return z
    .string({ error: message })
    .refine(isTopicFilter, { error: message })
    .meta({ field: "topic-filter" });
}

/** A device id. */
export function deviceIdField() {
  const message = "expected an id of 1 to 32 lower-case letters, digits and dashes";
  return z
    .string({ error: message })
    .transform((text, context) => {
      const id = parseDeviceId(text);
      if (id) return id;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    })
    .meta({ field: "device-id" });
}

/** The id of anything that is no device: a rule, a notifier. */
export function idField() {
  const error = "expected an id of 1 to 64 lower-case letters, digits, dots, dashes and underscores";
  return z
    .string({ error })
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, { error })
    .meta({ field: "id" });
}

const sizeUnits: Readonly<Record<string, number>> = {
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

/**
 * A size with its decimal unit: `"500MB"`, `"8GB"`.
 *
 * @returns bytes
 */
export function size() {
  const message = `expected a size with its unit, such as "500MB" or "8GB"`;
  return z
    .string({ error: message })
    .transform((text, context) => {
      const match = /^(\d+(?:\.\d+)?) ?(KB|MB|GB|TB)$/.exec(text.trim());
      if (match) return Math.round(Number(match[1]) * (sizeUnits[match[2] ?? ""] ?? 1));
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    })
    .meta({ field: "size" });
}

function isUrl(text: string, schemes: readonly string[], userinfo: "allowed" | "refused"): boolean {
  if (!URL.canParse(text)) return false;
  const parsed = new URL(text);
  return (
    schemes.includes(parsed.protocol.slice(0, -1)) &&
    parsed.hostname !== "" &&
    (userinfo === "allowed" || (parsed.username === "" && parsed.password === ""))
  );
}

/** An absolute URL without user and password, as written; by default http or https. */
export function url(schemes: readonly string[] = ["http", "https"]) {
  const message = `expected a URL that begins with ${schemes.map((s) => `${s}://`).join(" or ")}, without user and password`;
  return z
    .string({ error: message })
    .refine((text) => isUrl(text, schemes, "refused"), { error: message })
    .meta({ field: "url" });
}

/** A URL that is itself a secret, such as a webhook's: text, `{env: NAME}` or `{file: PATH}`. */
export function secretUrl(schemes: readonly string[] = ["http", "https"]) {
  const message = `expected a URL that begins with ${schemes.map((s) => `${s}://`).join(" or ")}`;
  return z
    .custom<string | Secret>(
      (value) => {
        const text = value instanceof Secret ? value.reveal() : value;
        return typeof text === "string" && isUrl(text, schemes, "allowed");
      },
      { error: message, params: { secret: true } },
    )
    .transform((value) => (value instanceof Secret ? value : new Secret(value)))
    .meta({ field: "secret-url" });
}

/** A time zone name of the IANA database. */
export function timezone() {
  const message = "expected a time zone such as Europe/Berlin";
  return z
    .string({ error: message })
    .refine(
      (text) => {
        try {
          new Intl.DateTimeFormat("en", { timeZone: text });
          return true;
        } catch {
          return false; // RangeError is how Intl says "no such zone".
        }
      },
      { error: message },
    )
    .meta({ field: "timezone" });
}

/** What a broker is told by us: absent is nothing. */
export function publishField() {
  return z
    .strictObject({
      discovery: z
        .enum(["none", "homeassistant"])
        .default("none")
        .describe("homeassistant: also documents, so that Home Assistant shows site and devices by itself."),
      sensors: z
        .enum(["none", "main"])
        .default("none")
        .describe("main: also temperature, humidity, battery and the like of each device."),
    })
    .optional();
}
