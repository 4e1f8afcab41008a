import { isIP } from "node:net";
import { z } from "zod";
import { pollFields, targetPollFields, url } from "../config/fields.ts";
import type { Collector, CollectorDeps, CollectorPlugin, Target } from "../model/contracts.ts";
import type { Availability, Observation } from "../model/observation.ts";
import { fetchOnce, type HttpAnswer } from "../probe/http-request.ts";
import { codeOf, reasonOf } from "../probe/reason.ts";
import { channelOf, maybe, viaOf } from "../probe/sections.ts";

const config = z.strictObject({ ...pollFields({ interval: "60s", timeout: "10s" }) }).prefault({});
type Settings = z.infer<typeof config>;

const target = z
  .strictObject({
    ...targetPollFields(),
    url: url().optional().describe("What is fetched. Default: http:// and the device's address."),
    method: z.enum(["GET", "HEAD"]).prefault("GET").describe("How it is asked."),
    status: z
      .array(z.int({ error: "expected a status code" }).min(100).max(599))
      .min(1)
      .optional()
      .describe("Status codes that are right. Default: 200 to 399."),
    text: z.string().min(1).max(500).optional().describe("Text that the answer must hold."),
    certificate: z
      .enum(["verify", "accept"])
      .prefault("verify")
      .describe("`accept` for devices with a certificate of their own making."),
    redirects: z
      .int({ error: "expected a whole number" })
      .min(0)
      .max(10)
      .prefault(5)
      .describe("How many redirects are followed."),
    channel: z.string().min(1).max(64).optional().describe("Name of the series, where a device has several."),
  })
  .prefault({});
type TargetSettings = z.infer<typeof target>;

const dayMs = 86_400_000;

interface Fetched {
  readonly answer: HttpAnswer;
  readonly tookMs: number;
}

function addressUrl(address: string): URL {
  return new URL(isIP(address) === 6 ? `http://[${address}]/` : `http://${address}/`);
}

async function fetchAll(one: Target, deps: CollectorDeps, signal: AbortSignal): Promise<Fetched> {
  const settings = one.settings as TargetSettings;
  const startMs = deps.clock.monotonicMs();
  let at = settings.url === undefined ? addressUrl(one.address) : new URL(settings.url);
  const { host } = at;
  for (let left = settings.redirects; ; left--) {
    const tookMs = () => deps.clock.monotonicMs() - startMs;
    const answer = await fetchOnce(at, {
      method: settings.method,
      timeoutMs: Math.max(1, one.timeoutMs - tookMs()),
      signal,
      clock: deps.clock,
    });
    const { location } = answer;
    const isFollowed = location && left > 0 && /^https?:$/.test(location.protocol);
    if (!isFollowed) return { answer, tookMs: tookMs() };
    if (location.host !== host) deps.counters.add("http_redirects_elsewhere");
    at = location;
  }
}

function verdict(
  { status, body, certificate }: HttpAnswer,
  settings: TargetSettings,
): Pick<Availability, "state" | "reason" | "detail"> {
  if (certificate?.fault && settings.certificate === "verify")
    return { state: "offline", reason: "tls", detail: `certificate: ${certificate.fault}` };
  const isRight = settings.status?.includes(status) ?? (status >= 200 && status < 400);
  if (!isRight) {
    const reason = status === 401 || status === 403 ? "auth" : "status";
    return { state: "offline", reason, detail: `HTTP ${status}` };
  }
  if (settings.text !== undefined && !body.includes(settings.text))
    return { state: "offline", reason: "text", detail: "the expected text is not in the answer" };
  return { state: "online" };
}

function samples(one: Target, { answer, tookMs }: Fetched, nowMs: number): Observation[] {
  const channel = channelOf(one, (one.settings as TargetSettings).channel);
  const sample = (metric: string, value: number): Observation => ({
    record: "sample",
    device: one.device,
    metric,
    value,
    ...maybe("channel", channel),
  });
  return [
    sample("http_time", tookMs),
    sample("http_status", answer.status),
    ...(answer.certificate ? [sample("certificate_days", (answer.certificate.endsMs - nowMs) / dayMs)] : []),
  ];
}

async function poll(one: Target, deps: CollectorDeps, signal: AbortSignal): Promise<Observation[]> {
  const about = { record: "availability", device: one.device, via: viaOf(one) } as const;
  try {
    const fetched = await fetchAll(one, deps, signal);
    return [
      { ...about, ...verdict(fetched.answer, one.settings as TargetSettings) },
      ...samples(one, fetched, deps.clock.nowMs()),
    ];
  } catch (error) {
    signal.throwIfAborted();
    const detail = codeOf(error) || (error instanceof Error ? error.message : "no answer");
    return [{ ...about, state: "offline", reason: reasonOf(error), detail: detail.slice(0, 200) }];
  }
}

export const collector = {
  type: "http",
  summary: "A web page: status, answer time, expected text, days left of its certificate.",
  config,
  target,
  create: (_settings, deps): Collector => ({
    poll: async ([one], { signal }) => (one ? poll(one, deps, signal) : []),
    close: async () => undefined,
  }),
} satisfies CollectorPlugin<Settings>;
