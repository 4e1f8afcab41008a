import t from "tap";
import { z } from "zod";
import { deviceDetail, deviceItem } from "../../appliance/api/devices.ts";
import { incidentDetail, incidentItem } from "../../appliance/api/incidents.ts";
import { seriesAnswer } from "../../appliance/api/series.ts";
import { ApplianceError, NotifyError } from "../../appliance/model/errors.ts";
import { type Answer, startApi } from "../helpers/api.ts";
import { sampleView } from "../helpers/sample-view.ts";

const all = async (ask: (path: string) => Promise<Answer>, first: string) => {
  const ids: string[] = [];
  let path: string | undefined = first;
  while (path) {
    const { json } = await ask(path);
    ids.push(...json.items.map((item: { id: string }) => item.id));
    path = json.next === undefined ? undefined : `${first}&next=${json.next}`;
  }
  return ids;
};

t.test("devices come in pages that miss and double none", async (t) => {
  const { ask, view } = await startApi(t);
  const ids = await all(ask, "/api/v1/devices?limit=7");
  t.strictSame(
    ids,
    view.inventory
      .devices()
      .map(({ id }) => String(id))
      .sort(),
  );
});

t.test("devices are found by state, kind and words", async (t) => {
  const { ask } = await startApi(t);
  const down = await ask("/api/v1/devices?state=down&limit=500");
  t.ok(down.json.items.length > 0);
  for (const item of down.json.items) t.equal(item.state, "down");
  const switches = await ask("/api/v1/devices?kind=switch");
  t.ok(switches.json.items.length > 0);
  for (const item of switches.json.items) t.equal(item.kind, "switch");
  const none = await ask("/api/v1/devices?q=no-such-thing");
  t.strictSame(none.json, { items: [] });
});

t.test("every answer fits the schema that openapi.json is made from", async (t) => {
  const { ask } = await startApi(t);
  const devices = await ask("/api/v1/devices?limit=500");
  z.array(deviceItem).parse(devices.json.items);
  for (const { id } of devices.json.items) deviceDetail.parse((await ask(`/api/v1/devices/${id}`)).json);
  const incidents = await ask("/api/v1/incidents");
  z.array(incidentItem).parse(incidents.json.items);
  t.ok(incidents.json.items.length > 0);
  for (const { id } of incidents.json.items)
    incidentDetail.parse((await ask(`/api/v1/incidents/${id}`)).json);
});

t.test("openapi.json names each path, its fields and its errors", async (t) => {
  const { ask } = await startApi(t);
  const { json } = await ask("/api/v1/openapi.json");
  t.equal(json.openapi, "3.1.0");
  t.strictSame(Object.keys(json.paths), [
    "/api/v1/devices",
    "/api/v1/devices/{id}",
    "/api/v1/links",
    "/api/v1/incidents",
    "/api/v1/incidents/{id}",
    "/api/v1/incidents/{id}/acknowledge",
    "/api/v1/incidents/{id}/note",
    "/api/v1/series",
    "/api/v1/notify/{id}/test",
    "/api/v1/candidates",
    "/api/v1/candidates/{id}/approve",
    "/api/v1/candidates/{id}/ignore",
    "/api/v1/candidates/{id}/restore",
    "/api/v1/scan",
    "/api/v1/credentials",
    "/api/v1/credentials/{id}/revoke",
    "/api/v1/rules",
    "/api/v1/rules/{id}",
    "/api/v1/rules/{id}/remove",
    "/api/v1/rehearse",
    "/api/v1/devices/{id}/messages",
    "/api/v1/messages/unread",
    "/api/v1/mappings",
    "/api/v1/mappings/{id}",
    "/api/v1/mappings/{id}/remove",
  ]);
  const list = json.paths["/api/v1/devices"].get;
  t.match(
    list.parameters.map(({ name }: { name: string }) => name),
    ["q", "state", "kind", "limit", "next"],
  );
  t.ok(list.responses[200].content["application/json"].schema.properties.items);
  t.ok(list.responses.default.content["application/json"].schema.properties.error);
});

t.test("series come as columns with times in seconds", async (t) => {
  const { ask, view } = await startApi(t);
  const [latest] = [...view.latest.all()];
  const id = latest?.series.id ?? "";
  const nowMs = view.clock.nowMs();
  const query = new URLSearchParams({
    s: id,
    from: new Date(nowMs - 3_600_000).toISOString(),
    to: new Date(nowMs).toISOString(),
    step: "5m",
  });
  const { status, json } = await ask(`/api/v1/series?${query}`);
  t.equal(status, 200);
  seriesAnswer.parse(json);
  const [series] = json.series;
  t.equal(series.id, id);
  const [times, min, avg, max] = series.columns;
  t.ok(times.length > 0);
  t.equal(times[0] * 1_000 >= nowMs - 3_900_000, true);
  for (const column of [min, avg, max]) t.equal(column.length, times.length);
});

const badQueries = [
  "/api/v1/devices?limit=0",
  "/api/v1/devices?limit=many",
  "/api/v1/devices?state=broken",
  "/api/v1/devices?sort=name",
  "/api/v1/series",
  "/api/v1/series?s=nonsense",
  "/api/v1/series?s=a:b&from=yesterday",
  "/api/v1/series?s=a:b&from=2026-03-02T10:00:00Z&to=2026-03-02T09:00:00Z",
  "/api/v1/series?s=a:b&step=5",
  "/api/v1/series?s=a:b&step=1s&from=2020-01-01&to=2026-01-01",
  `/api/v1/series?${Array.from({ length: 7 }, (_, at) => `s=a:b${at}`).join("&")}`,
  "/api/v1/incidents/first",
  "/api/v1/incidents?next=x",
];
for (const path of badQueries)
  t.test(`${path.slice(0, 60)} is a bad request`, async (t) => {
    const { ask } = await startApi(t);
    const { status, json } = await ask(path);
    t.equal(status, 400);
    t.equal(json.error.code, "BAD_REQUEST");
    t.match(json.error.message, /\w/);
  });

for (const path of [
  "/api/v1/devices/nobody",
  "/api/v1/devices/%2e%2e%2f",
  "/api/v1/incidents/999999",
  "/api/v1/nothing",
  "/api/v2",
])
  t.test(`${path} is not found, in the same shape`, async (t) => {
    const { ask } = await startApi(t);
    const { status, json } = await ask(path);
    t.equal(status, 404);
    t.equal(json.error.code, "NOT_FOUND");
  });

t.test("a channel is tested, and its receiver's refusal is told", async (t) => {
  const tested: string[] = [];
  const { post, ask } = await startApi(t, {
    actions: {
      async testChannel(channel) {
        tested.push(channel);
        if (channel === "sick") throw new NotifyError("the receiver answered 500", true);
        if (channel !== "it") throw new ApplianceError("NOT_FOUND", `There is no channel "${channel}".`);
      },
    },
  });
  const sent = await post("/api/v1/notify/it/test", {});
  t.strictSame([sent.status, sent.json], [200, { sent: true }]);
  const refused = await post("/api/v1/notify/sick/test", {});
  t.equal(refused.status, 502);
  t.strictSame(refused.json.error, { code: "CHANNEL_FAILED", message: "the receiver answered 500" });
  t.equal((await post("/api/v1/notify/nobody/test", {})).status, 404);
  t.equal((await post("/api/v1/notify/it/test", {}, { origin: "https://evil.example" })).status, 403);
  t.equal((await ask("/api/v1/notify/it/test")).status, 404, "reading sends nothing");
  t.strictSame(tested, ["it", "sick", "nobody"]);
});

t.test("an incident is acknowledged and noted", async (t) => {
  const { ask, post } = await startApi(t);
  const [first] = (await ask("/api/v1/incidents?state=open")).json.items;
  const done = await post(`/api/v1/incidents/${first.id}/acknowledge`, { by: "Anna", note: "On my way." });
  t.equal(done.status, 200);
  t.match(done.json.acknowledged, { by: "Anna" });
  const noted = await post(`/api/v1/incidents/${first.id}/note`, { by: "Anna", text: "Cable replaced." });
  t.match(noted.json.timeline.at(-1), { kind: "note", text: "Cable replaced.", by: "Anna" });
  t.equal((await post("/api/v1/incidents/999999/acknowledge", { by: "Anna" })).status, 404);
});

t.test("bodies that are no JSON, too large or of another form are refused", async (t) => {
  const { ask, post } = await startApi(t);
  const [{ id }] = (await ask("/api/v1/incidents?state=open")).json.items;
  const path = `/api/v1/incidents/${id}/note`;
  t.equal((await post(path, "{")).status, 400);
  t.equal((await post(path, { by: "x" })).status, 400);
  t.equal((await post(path, { text: "x", admin: true })).status, 400);
  const large = await post(path, { text: "x".repeat(70_000) });
  t.equal(large.status, 413);
  t.equal(large.json.error.code, "TOO_LARGE");
});

t.test("/healthz says what is wrong and the remedy, details only to this machine", async (t) => {
  const problem = {
    part: "store",
    what: "the disk is full",
    remedy: "Make room.",
    sinceMs: 1_772_000_000_000,
  };
  const { ask } = await startApi(t, { health: { check: () => ({ ok: false, problems: [problem] }) } });
  const here = await ask("/healthz");
  t.equal(here.status, 503);
  t.match(here.json, {
    ok: false,
    problems: [{ part: "store", what: "the disk is full", remedy: "Make room." }],
  });
  const elsewhere = await ask("/healthz", { headers: { "x-forwarded-for": "192.0.2.9" } });
  t.equal(elsewhere.status, 503);
  t.strictSame(elsewhere.json, { ok: false });
});

t.test("/metrics is Prometheus text in base units", async (t) => {
  const { ask, view } = await startApi(t);
  view.counters.add("late polls", 3);
  const { text, headers } = await ask("/metrics");
  t.match(headers["content-type"], /^text\/plain; version=0\.0\.4/);
  for (const line of text.trimEnd().split("\n"))
    t.match(
      line,
      /^(# (HELP|TYPE) [a-z_0-9]+ .+|[a-z_][a-z_0-9]*(\{([a-z_]+="(\\.|[^"\\])*",?)+\})? -?[0-9.e+-]+)$/,
    );
  const names = text.match(/^# TYPE \S+/gm) ?? [];
  t.equal(new Set(names).size, names.length, "all lines of a metric stand together");
  t.match(text, /^# TYPE ping_rtt_seconds gauge$/m);
  t.notMatch(text, /ping_rtt\{/);
});

t.test("/metrics has the appliance's own numbers", async (t) => {
  const gauges = () => [{ name: "store_rounds_behind", help: "x", value: 7, labels: { store: 'in"flux' } }];
  const { ask } = await startApi(t, { gauges });
  const { text } = await ask("/metrics");
  t.match(text, /^porchlight_store_rounds_behind\{site="[^"]*",store="in\\"flux"\} 7$/m);
});

t.test("answers are data that no browser runs, frames or keeps", async (t) => {
  const { ask } = await startApi(t);
  const { headers } = await ask("/api/v1/devices");
  t.match(headers["content-security-policy"], /default-src 'none'/);
  t.equal(headers["x-content-type-options"], "nosniff");
  t.equal(headers["referrer-policy"], "no-referrer");
  t.equal(headers["cache-control"], "no-store");
  t.equal(headers["access-control-allow-origin"], undefined);
  t.equal(headers["strict-transport-security"], undefined);
});

t.test("a mistake of ours is logged and not shown", async (t) => {
  const lines: unknown[] = [];
  const base = sampleView();
  const log = { ...base.log, error: (...args: unknown[]) => void lines.push(args) };
  const inventory = {
    ...base.inventory,
    devices: () => {
      throw new Error("secret-inside");
    },
  };
  const { ask } = await startApi(t, { log, inventory });
  const { status, text } = await ask("/api/v1/devices");
  t.equal(status, 500);
  t.notMatch(text, /secret-inside/);
  t.equal(lines.length, 1);
});
