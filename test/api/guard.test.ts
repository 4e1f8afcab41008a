import t from "tap";
import { startApi } from "../helpers/api.ts";

const crossSite: readonly { name: string; headers: Record<string, string> }[] = [
  { name: "foreign Origin", headers: { origin: "http://evil.example" } },
  { name: "Origin null", headers: { origin: "null" } },
  { name: "Origin of another port", headers: { origin: "http://127.0.0.1:1" } },
  { name: "Sec-Fetch-Site cross-site", headers: { "sec-fetch-site": "cross-site" } },
  { name: "Sec-Fetch-Site same-site", headers: { "sec-fetch-site": "same-site" } },
  { name: "Sec-Fetch-Site none", headers: { "sec-fetch-site": "none" } },
  { name: "a form without Origin", headers: { "content-type": "application/x-www-form-urlencoded" } },
  { name: "text/plain without Origin", headers: { "content-type": "text/plain" } },
  { name: "HX-Request alone", headers: { "content-type": "text/plain", "hx-request": "true" } },
];
for (const { name, headers } of crossSite)
  t.test(`a write with ${name} is refused`, async (t) => {
    const { ask, post } = await startApi(t);
    const [{ id }] = (await ask("/api/v1/incidents?state=open")).json.items;
    const { status, json } = await post(`/api/v1/incidents/${id}/acknowledge`, { by: "Eve" }, headers);
    t.equal(status, 403);
    t.equal(json.error.code, "FOREIGN_ORIGIN");
  });

for (const host of [
  "evil.example",
  "evil.example:8080",
  "192.0.2.8",
  "porch.lan.evil.example",
  "[::2]:80",
  "a b",
])
  t.test(`Host ${JSON.stringify(host)} is refused`, async (t) => {
    const { ask } = await startApi(t);
    for (const path of ["/healthz", "/metrics", "/api/v1/devices"])
      t.equal((await ask(path, { headers: { host } })).status, 421);
  });

for (const host of [
  "localhost",
  "LOCALHOST:8080",
  "porch.lan",
  "porch.lan.:80",
  "127.0.0.1:1",
  "[::1]:8080",
  "192.0.2.7:80",
])
  t.test(`Host ${host} is ours`, async (t) => {
    const { ask } = await startApi(t);
    t.equal((await ask("/api/v1/devices", { headers: { host } })).status, 200);
  });

for (const header of ["x-forwarded-for", "forwarded", "via", "x-real-ip"])
  t.test(`what a proxy passes on (${header}) does not come from this machine`, async (t) => {
    const { ask } = await startApi(t);
    const headers = { [header]: "127.0.0.1" };
    for (const path of ["/metrics", "/api/v1/devices", "/api/v1/openapi.json", "/api/anything"]) {
      const { status, json } = await ask(path, { headers });
      t.equal(status, 403);
      t.equal(json.error.code, "LOCAL_ONLY");
    }
    t.notMatch((await ask("/healthz", { headers })).json, { version: String });
  });
