import t from "tap";
import { startApi } from "../helpers/api.ts";

t.test("links: all, of one device, and what is no device", async (t) => {
  const { ask } = await startApi(t);
  const { status, json } = await ask("/api/v1/links");
  t.equal(status, 200);
  const to = (id: string) => json.items.find((item: { to: { device?: string } }) => item.to.device === id);
  t.match(to("switch-2"), {
    from: { device: "switch-1" },
    confidence: "sure",
    evidence: ["lldp", "forwarding"],
    last: /Z$/,
  });
  t.ok(
    json.items.some(
      (item: { to: { neighbour?: { name: string } } }) => item.to.neighbour?.name === "Desk switch",
    ),
  );
  const own = await ask("/api/v1/links?device=switch-2");
  for (const { from, to: end } of own.json.items) t.ok([from.device, end.device].includes("switch-2"));
});

t.test("a moment that is none is refused", async (t) => {
  const { ask } = await startApi(t);
  t.equal((await ask("/api/v1/links?at=yesterday")).status, 400);
  t.equal((await ask("/api/v1/links?at=2026-03-01T10:00:00Z")).status, 200);
});

t.test("without a map there are no links", async (t) => {
  const { ask, view } = await startApi(t);
  const { topology: _topology, ...bare } = view;
  t.ok(_topology);
  const other = await startApi(t, { ...bare, topology: undefined as never });
  t.strictSame((await other.ask("/api/v1/links")).json.items, []);
  const { paths } = (await ask("/api/v1/openapi.json")).json;
  t.ok(Object.keys(paths).some((path) => path.endsWith("/links")));
});
