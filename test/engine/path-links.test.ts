import t from "tap";
import { judgeSite, type VerdictInput } from "../../appliance/engine/verdict.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { incidentOf, input, office, seen } from "../helpers/verdict-input.ts";

const path = (more: Partial<VerdictInput>) =>
  judgeSite(input(more)).path.map(({ id, state }) => `${id} ${state}`);

t.test("the path, all well", async (t) =>
  t.same(path({}), ["box ok", "router ok", "provider ok", "internet ok", "names ok", "services ok"]),
);
t.test("the path with the provider down: what is beyond it cannot be known", async (t) =>
  t.same(path({ incidents: [incidentOf("internet")] }), [
    "box ok",
    "router ok",
    "provider down",
    "internet unreachable",
    "names unreachable",
    "services unreachable",
  ]),
);
t.test("the path with one of two services down", async (t) => {
  const devices = [...office, seen("bank", "service", "down")];
  t.equal(path({ devices }).at(-1), "services warning");
  t.equal(judgeSite(input({ devices })).path.at(-1)?.detail, "1 of 2 answer");
});
t.test("the path leaves out what is not there", async (t) =>
  t.same(path({ devices: office.filter(({ device }) => device.kind !== "service") }), [
    "box ok",
    "router ok",
  ]),
);
t.test("the path names the provider and says how long an answer takes", async (t) => {
  const observed = (station: "gateway" | "internet", rttMs: number) => ({
    station,
    device: deviceId(station),
    answers: { by: new Map() },
    channels: [],
    rttMs,
  });
  const links = judgeSite(
    input({ provider: "Line Ltd", path: [observed("gateway", 0.42), observed("internet", 18.4)] }),
  ).path;
  t.match(links[1], { id: "router", detail: "0.4 ms" });
  t.match(links[2], { id: "provider", label: "Line Ltd" });
  t.match(links[3], { id: "internet", detail: "18 ms" });
  const [, near] = judgeSite(input({ path: [observed("gateway", 0.04)] })).path;
  t.match(near, { detail: "< 0.1 ms" }, "what is not nothing does not read as nothing");
});
