import t, { type Test } from "tap";
import { systemClock } from "../../appliance/clock.ts";
import type { OutMessage } from "../../appliance/model/contracts.ts";
import type { Reach } from "../../appliance/model/reach.ts";
import { notifier as plugin } from "../../appliance/notifiers/webhook.ts";
import { httpSink, sampleMessage } from "../helpers/receivers.ts";
import { keptLog } from "../helpers/state.ts";

async function send(url: string, options: { reach?: Reach; message?: OutMessage; token?: string } = {}) {
  const { reach = "this-machine", message = sampleMessage(), ...more } = options;
  const notifier = plugin.create(plugin.config.parse({ type: "webhook", url, reach, ...more }), {
    clock: systemClock,
    log: keptLog(),
  });
  return notifier.send(message, { signal: AbortSignal.timeout(10_000) }).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
}

t.test("the form is that of Alertmanager, version 4", async (t) => {
  const sink = await httpSink(t);
  t.equal(await send(`${sink.url}/hook?key=1`, { token: "s3cret" }), undefined);
  const [post] = sink.posts;
  t.match(post, {
    method: "POST",
    path: "/hook?key=1",
    headers: {
      "content-type": "application/json",
      authorization: "Bearer s3cret",
      "x-message-id": "office-214-k3x9-1-opened-it",
    },
  });
  const body = JSON.parse(post?.body ?? "") as Record<string, unknown>;
  t.same(Object.keys(body).sort(), [
    "alerts",
    "commonAnnotations",
    "commonLabels",
    "externalURL",
    "groupKey",
    "groupLabels",
    "receiver",
    "status",
    "truncatedAlerts",
    "version",
  ]);
  t.match(body, {
    version: "4",
    status: "firing",
    groupLabels: { site: "office", incident: "214" },
    externalURL: "http://box.example/",
    alerts: [
      {
        status: "firing",
        labels: { alertname: "down", severity: "critical", site: "office", device: "switch-2" },
        annotations: { summary: "Switch 2 does not answer.", address: "10.0.0.12", affected: "2" },
        startsAt: "2026-03-02T09:42:05.000Z",
        endsAt: "0001-01-01T00:00:00Z",
        generatorURL: "http://box.example/incidents/214",
        fingerprint: /^[0-9a-f]{16}$/,
      },
    ],
  });
});

t.test("the end carries both true times and the same fingerprint", async (t) => {
  const sink = await httpSink(t);
  const { incident } = sampleMessage();
  const endedMs = incident.startedMs + 720_000;
  const alerts = incident.alerts.map((alert) => ({ ...alert, state: "resolved" as const, endedMs }));
  await send(sink.url);
  await send(sink.url, {
    message: sampleMessage({ change: "closed", incident: { ...incident, state: "closed", endedMs, alerts } }),
  });
  const [first, second] = sink.posts.map(({ body }) => JSON.parse(body));
  t.match(second, {
    status: "resolved",
    alerts: [
      { status: "resolved", startsAt: "2026-03-02T09:42:05.000Z", endsAt: "2026-03-02T09:54:05.000Z" },
    ],
  });
  t.equal(second.alerts[0].fingerprint, first.alerts[0].fingerprint);
  t.equal(second.groupKey, first.groupKey);
});

const statuses = [
  { status: 200, retryable: undefined },
  { status: 202, retryable: undefined },
  { status: 400, retryable: false },
  { status: 401, retryable: false },
  { status: 404, retryable: false },
  { status: 408, retryable: true },
  { status: 429, retryable: true },
  { status: 500, retryable: true },
  { status: 503, retryable: true },
];
for (const { status, retryable } of statuses) {
  t.test(`HTTP ${status}`, async (t) => {
    const sink = await httpSink(t, (response) => void response.writeHead(status).end("x"));
    const error = await send(sink.url);
    if (retryable === undefined) t.equal(error, undefined);
    else t.match(error, { name: "NotifyError", retryable, reached: true });
  });
}

const refused: { name: string; url: string; reach: Reach }[] = [
  { name: "loopback", url: "http://127.0.0.1:9/", reach: "local" },
  { name: "loopback by name", url: "http://localhost:9/", reach: "local" },
  { name: "loopback in IPv6", url: "http://[::1]:9/", reach: "local" },
  { name: "loopback as IPv4 in IPv6", url: "http://[::ffff:127.0.0.1]:9/", reach: "local" },
  { name: "loopback as one number", url: "http://2130706433:9/", reach: "local" },
  { name: "this machine in general", url: "http://0.0.0.0:9/", reach: "this-machine" },
  { name: "a local address for public ones", url: "http://10.0.0.5/", reach: "public" },
  { name: "metadata of a cloud", url: "http://169.254.169.254/latest", reach: "this-machine" },
  { name: "metadata in IPv6", url: "http://[fd00:ec2::254]/", reach: "local" },
  { name: "link-local", url: "http://[fe80::1]/", reach: "local" },
];
for (const { name, url, reach } of refused) {
  t.test(`refused with reach ${reach}: ${name}`, async (t) => {
    const error = await send(url, { reach });
    t.match(error, { name: "NotifyError", retryable: false, message: /is refused/ });
  });
}

async function redirecting(t: Test, to: (path: string) => string, status = 307) {
  return httpSink(t, (response, path) => {
    const location = to(path);
    if (location === "") response.end("ok");
    else response.writeHead(status, { location }).end();
  });
}

t.test("a redirect keeps the message and drops the secret for another host", async (t) => {
  const target = await httpSink(t);
  const first = await redirecting(t, () => `${target.url}/there`);
  t.equal(await send(first.url, { token: "s3cret" }), undefined);
  t.match(target.posts, [{ method: "POST", path: "/there" }]);
  t.equal(target.posts[0]?.headers.authorization, undefined);
  t.equal(target.posts[0]?.body, first.posts[0]?.body);
});

t.test("a redirect is checked as the first address was", async (t) => {
  const sink = await redirecting(t, () => "http://169.254.169.254/latest/meta-data");
  t.match(await send(sink.url), { retryable: false, message: /169\.254\.169\.254 is refused/ });
  const file = await redirecting(t, () => "file:///etc/passwd");
  t.match(await send(file.url), { retryable: false, message: /refused/ });
  const nowhere = await redirecting(t, () => "http://[");
  t.match(await send(nowhere.url), { retryable: false });
});

t.test("three redirects are followed, four are not", async (t) => {
  const hops = (most: number) => (path: string) => {
    const hop = Number(path.slice(1) || "0");
    return hop < most ? `/${hop + 1}` : "";
  };
  const three = await redirecting(t, hops(3));
  t.equal(await send(three.url), undefined);
  t.equal(three.posts.length, 4);
  const four = await redirecting(t, hops(4), 308);
  t.match(await send(four.url), { retryable: false, message: /more than 3/ });
});

t.test("an endless answer is cut and does not fill the memory", async (t) => {
  let written = 0;
  const sink = await httpSink(t, (response) => {
    response.writeHead(200, { "content-length": 10_000_000 });
    const chunk = Buffer.alloc(65_536, "x");
    const more = () => {
      while (written < 10_000_000 && !response.destroyed) {
        written += chunk.length;
        if (!response.write(chunk)) return void response.once("drain", more);
      }
    };
    response.on("error", () => response.destroy());
    more();
  });
  t.equal(await send(sink.url), undefined);
  t.ok(written < 10_000_000, `${written} bytes were written`);
});

t.test("a receiver that breaks off is worth another try", async (t) => {
  const sink = await httpSink(t, (response) => void response.socket?.destroy());
  t.match(await send(sink.url), { name: "NotifyError", retryable: true, reached: true });
});

t.test("a name that does not resolve waits for the line, and the URL is not said", async (t) => {
  const error = await send("http://receiver.invalid/secret-path", { reach: "public" });
  t.match(error, { name: "NotifyError", retryable: true, reached: false });
  t.notMatch(error?.message, /secret-path/);
});
