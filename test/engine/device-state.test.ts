import t from "tap";
import { stateOf } from "../../appliance/engine/device-state.ts";
import { judgeSite } from "../../appliance/engine/verdict.ts";
import type { Alert } from "../../appliance/model/alert.ts";
import type { DeviceAnswers } from "../../appliance/model/contracts.ts";
import { incidentOf, input, nowMs, seen, sinceMs } from "../helpers/verdict-input.ts";

const { device } = seen("nas", "nas");
const [outage] = incidentOf("nas").alerts as [Alert];
const fan: Alert = { ...outage, key: "fan/nas", check: "sensor", summary: "The fan of the nas: failed." };
const wentDownMs = sinceMs + 10 * 60_000;
const cameBackMs = sinceMs + 12 * 60_000;

const isNow = (answer: { online: boolean; alerts: Alert[] }) =>
  stateOf({
    device,
    answers: {
      by: new Map([["ping", { online: answer.online, atMs: nowMs, sinceMs: nowMs, misses: 0 }]]),
      lastSeenMs: nowMs,
    } as unknown as DeviceAnswers,
    own: incidentOf("nas", {
      deviceState: answer.online ? "warning" : "down",
      alerts: answer.alerts,
    }),
    nowMs,
    staleAfterMs: 60_000,
  });

t.test(
  "a device with a warning that stops answering is down since then, not since the warning",
  async (t) => {
    const down = isNow({ online: false, alerts: [fan, { ...outage, startedMs: wentDownMs }] });
    t.match(down, { state: "down", atMs: wentDownMs });
    const incident = incidentOf("nas", { alerts: [fan, { ...outage, startedMs: wentDownMs }] });
    const verdict = judgeSite(input({ incidents: [incident] }));
    t.equal(verdict.sinceMs, wentDownMs);
    t.equal(verdict.problems[0]?.sinceMs, wentDownMs);
  },
);

t.test("and has its warning again since it answers: the outage stays in its history", async (t) => {
  const over: Alert = { ...outage, state: "resolved", startedMs: wentDownMs, endedMs: cameBackMs };
  t.match(isNow({ online: true, alerts: [fan, over] }), { state: "warning", atMs: cameBackMs });
  t.match(isNow({ online: true, alerts: [fan] }), { state: "warning", atMs: sinceMs });
});
