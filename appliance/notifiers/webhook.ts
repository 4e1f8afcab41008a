import dns from "node:dns";
import http from "node:http";
import https from "node:https";
import { isIP, type LookupFunction } from "node:net";
import os from "node:os";
import { z } from "zod";
import { secret, secretUrl } from "../config/fields.ts";
import type { NotifierPlugin, OutMessage } from "../model/contracts.ts";
import { NotifyError } from "../model/errors.ts";
import { linkOf, messageText } from "../model/message.ts";
import { type Reach, reaches, refusalOf } from "../model/reach.ts";
import type { Clock } from "../model/time.ts";

const config = z.strictObject({
  type: z.literal("webhook"),
  url: secretUrl(["http", "https"]).describe("Where the message is posted; it may hold a secret."),
  reach: z
    .enum(reaches, { error: "expected public, local or this-machine" })
    .prefault("public")
    .describe(
      "How near the receiver may be: public addresses only, also those of the local network, or also this machine.",
    ),
  token: secret().optional().describe("Sent as Authorization: Bearer."),
});
type Settings = z.infer<typeof config>;

/** Until the connection stands, names included. */
const connectLimitMs = 5_000;
const mostRedirects = 3;
/** What is read of an answer; nothing in it is used. */
const answerBytes = 65_536;

/** RFC 3339; the zero time of Go stands for "not ended" in this form. */
const zeroTime = "0001-01-01T00:00:00Z";

/**
 * The form that Prometheus Alertmanager posts, version 4, so that what receives from it receives from us.
 * Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
function payload(message: OutMessage) {
  const { incident, site, change, deviceName, deviceAddress } = message;
  const { subject, evidence } = messageText(message);
  const status = incident.state === "closed" ? "resolved" : "firing";
  const commonLabels = {
    site: site.id,
    device: incident.device,
    incident: String(incident.id),
  };
  const url = linkOf(message) ?? "";
  return {
    version: "4",
    groupKey: `{}:{site="${site.id}", incident="${incident.id}"}`,
    truncatedAlerts: 0,
    status,
    receiver: "porchlight",
    groupLabels: { site: site.id, incident: String(incident.id) },
    commonLabels,
    commonAnnotations: {
      summary: subject,
      description: evidence.join("\n"),
      headline: message.headline,
      change,
      message_id: message.id,
    },
    externalURL: site.url ?? "",
    alerts: incident.alerts.map((alert) => ({
      status: alert.state === "firing" && status === "firing" ? "firing" : "resolved",
      labels: {
        ...commonLabels,
        alertname: alert.rule,
        severity: alert.severity,
        ...(alert.series === undefined ? {} : { series: alert.series }),
      },
      annotations: {
        summary: alert.summary,
        description: alert.evidence.join("\n"),
        device_name: deviceName,
        ...(deviceAddress === undefined ? {} : { address: deviceAddress }),
        affected: String(incident.affected.length),
      },
      startsAt: new Date(alert.startedMs).toISOString(),
      endsAt: endOf(alert.endedMs ?? incident.endedMs),
      generatorURL: url,
      fingerprint: fingerprint(`${site.id}/${alert.key}`),
    })),
  };
}

function endOf(endedMs: number | undefined): string {
  return endedMs === undefined ? zeroTime : new Date(endedMs).toISOString();
}

/** FNV-1a, 64 bits, as Alertmanager's fingerprints: sixteen hex digits, the same for the same alert. */
function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

interface Post {
  readonly url: URL;
  readonly reach: Reach;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

function ownAddresses(): string[] {
  return Object.values(os.networkInterfaces()).flatMap((found) =>
    (found ?? []).map(({ address }) => address),
  );
}

function refusal(host: string, why: string): NotifyError {
  return new NotifyError(`the receiver ${host} is refused: ${why}`, false);
}

/** Resolves a name and hands on only addresses that may be reached: what was checked is what is connected to. */
function guardedLookup(reach: Reach): LookupFunction {
  return (hostname, options, done) => {
    dns.lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return done(error, []);
      const own = ownAddresses();
      const allowed = found.filter(({ address }) => refusalOf(address, reach, own) === undefined);
      const [first] = allowed;
      const why = refusalOf(found[0]?.address ?? "", reach, own) ?? "it has no address";
      if (!first) return done(refusal(hostname, why), []);
      if (options.all) return done(null, allowed);
      return done(null, first.address, first.family);
    });
  };
}

/** Posts once. Resolves with the status and where it points to; the answer is cut at 64 KB. */
function postOnce({ url, reach, headers, body, signal, clock }: Post) {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const why = isIP(host) === 0 ? undefined : refusalOf(host, reach, ownAddresses());
  if (why !== undefined) return Promise.reject(refusal(host, why));
  return new Promise<{ status: number; location?: string }>((resolve, reject) => {
    const { request: start } = url.protocol === "https:" ? https : http;
    const request = start(url, {
      method: "POST",
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      lookup: guardedLookup(reach),
      agent: false,
      signal,
      maxHeaderSize: 16_384,
    });
    const late = new NotifyError("the receiver cannot be reached: no connection", true, { reached: false });
    const timer = clock.timer(() => request.destroy(late), connectLimitMs);
    request.on("socket", (socket) => {
      socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => timer.cancel());
    });
    request.on("error", (error) => {
      timer.cancel();
      reject(error);
    });
    request.on("response", (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      const finish = () => resolve({ status, ...(answered.location ? { location: answered.location } : {}) });
      let received = 0;
      response.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received > answerBytes) response.destroy();
      });
      response.on("error", finish);
      response.on("close", finish);
    });
    request.end(body);
  });
}

/** Posts and follows redirects, each checked as the first address was. Resolves with the last status. */
async function post(first: Post): Promise<number> {
  let next = first;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const { status, location } = await postOnce(next);
    if (![301, 302, 307, 308].includes(status) || location === undefined) return status;
    next = redirected(next, location);
  }
  throw new NotifyError(`the receiver redirects more than ${mostRedirects} times`, false);
}

function redirected(from: Post, location: string): Post {
  if (!URL.canParse(location, from.url.href))
    throw new NotifyError("the receiver redirects to no address", false);
  const url = new URL(location, from.url);
  const isDowngrade = from.url.protocol === "https:" && url.protocol === "http:";
  if (isDowngrade || !["http:", "https:"].includes(url.protocol))
    throw new NotifyError(`the receiver redirects to ${url.protocol}//, which is refused`, false);
  // A secret meant for one host is not for another.
  const { authorization, ...rest } = from.headers;
  const isSame = url.origin === from.url.origin && authorization !== undefined;
  return { ...from, url, headers: isSame ? { ...rest, authorization } : rest };
}

const unreached = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ETIMEDOUT",
  "ENETDOWN",
]);

function asNotifyError(error: unknown): NotifyError {
  if (error instanceof NotifyError) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  // The URL may hold a secret; messages of Node name host and port at most.
  const text = `the receiver cannot be told: ${code || message}`.slice(0, 300);
  return new NotifyError(text, true, { cause: error, reached: !unreached.has(code) });
}

export const notifier = {
  type: "webhook",
  summary: "Posts to a URL in the form of Alertmanager, version 4.",
  config,
  create: ({ url, reach, token }: Settings, { clock }) => ({
    async send(message, { signal }) {
      const status = await post({
        url: new URL(url.reveal()),
        reach,
        headers: {
          "content-type": "application/json",
          "user-agent": "Porchlight",
          "x-message-id": message.id,
          ...(token ? { authorization: `Bearer ${token.reveal()}` } : {}),
        },
        body: JSON.stringify(payload(message)),
        signal,
        clock,
      }).catch((error: unknown) => {
        throw asNotifyError(error);
      });
      if (status >= 200 && status < 300) return;
      // RFC 9110: 408, 425 and 429 ask for another try, other 4xx say that the request is wrong.
      const isRetryable = status >= 500 || status === 408 || status === 425 || status === 429;
      throw new NotifyError(`the receiver answered HTTP ${status}`, isRetryable);
    },
  }),
} satisfies NotifierPlugin<Settings>;
