import t from "tap";
import { startApi } from "../helpers/api.ts";
import { sampleCandidates, sampleDiscovery } from "../helpers/discovery/sample.ts";

const start = async (t: Parameters<typeof startApi>[0]) => {
  const discovery = sampleDiscovery(sampleCandidates(Date.UTC(2026, 2, 2)));
  return { discovery, ...(await startApi(t, { discovery })) };
};

t.test("candidates by state, with what they look like and how they would be watched", async (t) => {
  const { ask } = await start(t);
  t.equal((await ask("/api/v1/candidates")).json.items.length, 7);
  t.match((await ask("/api/v1/candidates?state=ignored")).json, {
    items: [{ id: "ignored1", ignoredBy: "Anna" }],
  });
  const { items } = (await ask("/api/v1/candidates?state=new")).json;
  t.match(items[0], {
    id: "print001",
    kind: "printer",
    confidence: "sure",
    addresses: ["10.0.0.31"],
    checks: [{ type: "ping" }, { type: "snmp", settings: { credential: "office" } }, { type: "tcp" }],
    seen: /^20/,
  });
  t.equal((await ask("/api/v1/candidates?state=nonsense")).status, 400);
});

t.test("approve, ignore and restore", async (t) => {
  const { post, discovery } = await start(t);
  const approved = await post("/api/v1/candidates/print001/approve", {
    name: "Printer",
    kind: "printer",
    by: "Anna",
  });
  t.strictSame(approved.json, { device: "print001" });
  t.match((await post("/api/v1/candidates/accessp1/ignore", {})).json, {
    id: "accessp1",
    state: "ignored",
    ignoredBy: "API",
  });
  t.match((await post("/api/v1/candidates/accessp1/restore", {})).json, { id: "accessp1", state: "new" });
  t.strictSame(discovery.asked, [
    "approve print001 Printer printer by Anna",
    "ignore accessp1",
    "restore accessp1",
  ]);
  t.equal((await post("/api/v1/candidates/nobody/approve", {})).status, 404);
  t.equal((await post("/api/v1/candidates/accessp1/approve", { kind: "tree" })).status, 400);
  t.equal((await post("/api/v1/candidates/accessp1/approve", { community: "x" })).status, 400);
});

t.test("a scan is started and followed", async (t) => {
  const { ask, post, discovery } = await start(t);
  t.match((await ask("/api/v1/scan")).json, {
    running: false,
    share: 0,
    packets: 0,
    networks: ["10.0.0.0/24"],
  });
  t.equal((await post("/api/v1/scan", {})).status, 200);
  t.strictSame(discovery.asked, ["scan"]);
  discovery.progressIs({
    startedMs: 0,
    running: ["sweep"],
    done: 12,
    total: 40,
    packets: 312,
    remainingMs: 28_400,
    networks: ["10.0.0.0/24"],
    problems: [],
    found: 14,
  });
  t.match((await ask("/api/v1/scan")).json, {
    running: true,
    share: 0.3,
    remainingSeconds: 29,
    addresses: 14,
    finders: ["sweep"],
  });
});
