import t from "tap";
import { check } from "../../appliance/checks/flapping.ts";
import type { PortId } from "../../appliance/model/site.ts";
import { at, device, make, nowMs, seriesOf, silence } from "../helpers/checks.ts";

const port = { id: "gi7" as PortId, ifIndex: 7, ifName: "gi7" };
const series = seriesOf("if_oper_status", "gi7", { kind: "state", unit: "" });
const of = (use?: "used") => device({ name: "Switch 1", ports: [{ ...port, ...(use ? { use } : {}) }] });
const judge = (values: readonly number[], wasBroken = false, whose = of("used")) =>
  make(check).judge(
    { device: whose, series, columns: at(...values), answers: silence },
    check.config.parse({}),
    { nowMs, ...(wasBroken ? { previous: { broken: true, summary: "", evidence: [] } } : {}) },
  );

t.test("a link that goes up and down is named with how often", async (t) => {
  const said = judge([1, 2, 1, 2, 1, 2, 1]);
  t.equal(said.broken, true);
  t.match(said.summary, /gi7.* of \{name\} goes up and down: 6 changes/);
});

t.test("a computer that starts is no flapping", async (t) => {
  t.equal(judge([1, 2, 1, 2, 1]).broken, false);
});

t.test("it is over when the link has stayed for the whole window", async (t) => {
  t.equal(judge([1, 2, 1, 1], true).broken, true);
  t.equal(judge([1, 1, 1], true).broken, false);
});

t.test("a port that nobody uses is not looked at", async (t) => {
  t.equal(judge([1, 2, 1, 2, 1, 2, 1], false, of()).broken, false);
});
