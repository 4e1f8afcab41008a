import t from "tap";
import { startApi } from "../helpers/api.ts";

t.test("a rule is made, listed, changed and removed; an outdated change is refused", async (t) => {
  const { ask, post, view } = await startApi(t);
  const rule = { check: "threshold", metric: "temperature", where: { device: "climate-1" }, over: 27 };
  // The sample office keeps documents and judges nothing: what is in force comes from the view.
  view.settings.save("rule", "warm", { ...rule, id: "warm" }, { by: "Anna", version: 0 });
  const outdated = await post("/api/v1/rules/warm", { rule });
  t.equal(outdated.status, 409);
  t.equal(outdated.json.error.code, "CONFLICT");
  const removed = await post("/api/v1/rules/warm/remove", { version: 1 });
  t.same(removed.json, { removed: true });
  t.same(view.settings.documents("rule"), []);
  t.same((await post("/api/v1/rules/warm/remove", {})).json, { removed: false });
  t.same((await ask("/api/v1/rules")).json, { items: [] });
  t.equal((await post("/api/v1/rules/warm", { rule, version: -1 })).status, 400);
});

t.test("a rule is tried on a series", async (t) => {
  const { post } = await startApi(t);
  const rule = { check: "threshold", metric: "temperature", where: { device: "climate-1" }, over: 27 };
  const { status, json } = await post("/api/v1/rehearse", { rule, series: "climate-1:temperature" });
  t.equal(status, 200);
  t.equal(json.firings.length, 2);
  t.match(json.firings[0], { from: /Z$/, to: /Z$/ });
  t.equal(json.firings[1].to, undefined, "still going on");
  t.equal((await post("/api/v1/rehearse", { rule, series: "???" })).status, 404);
});

t.test("messages say who read them and what was made of them; unread topics say why", async (t) => {
  const { ask } = await startApi(t);
  const { json } = await ask("/api/v1/devices/climate-1/messages");
  t.match(json.items, [{ topic: "site/climate-1/climate", dialect: "generic", retained: false }]);
  t.match(JSON.parse(Buffer.from(json.items[0].payload, "base64").toString()), { temperature: 22.9 });
  t.ok(json.items[0].records.some((record: { metric: string }) => record.metric === "temperature"));
  t.match((await ask("/api/v1/messages/unread")).json.items, [{ reason: /./ }]);
  t.equal((await ask("/api/v1/devices/nobody/messages")).status, 404);
});

t.test("a field is mapped and forgotten", async (t) => {
  const { ask, post } = await startApi(t);
  const mapping = { topic: "site/climate-1/climate", path: "probe.value", metric: "co2", unit: "ppm" };
  const made = await post("/api/v1/mappings/probe", { mapping });
  t.match(made.json.items, [{ ...mapping, id: "probe", version: 1 }]);
  t.same((await ask("/api/v1/mappings")).json, made.json);
  t.equal((await post("/api/v1/mappings/probe/remove", { version: 7 })).status, 409);
  t.same((await post("/api/v1/mappings/probe/remove", { version: 1 })).json, { items: [] });
});
