import type { Alert, Incident } from "../../appliance/model/alert.ts";
import type { StateSpan } from "../../appliance/model/contracts.ts";
import type { Event } from "../../appliance/model/observation.ts";
import type { State } from "../../appliance/model/site.ts";
import { deviceId } from "../../appliance/model/site.ts";
import type { Cause, PathLink } from "../../appliance/model/verdict.ts";

/** What goes on in the made-up office. */
export interface SampleStory {
  readonly states: ReadonlyMap<string, { state: State; sinceMs: number }>;
  readonly sentences: ReadonlyMap<string, string>;
  readonly incidents: readonly Incident[];
  readonly past: ReadonlyMap<string, readonly StateSpan[]>;
  readonly events: readonly (Event & { readonly timeMs: number })[];
  readonly cause: Cause;
  readonly path: (nowMs: number) => readonly PathLink[];
  /** Nothing measured yet. */
  readonly empty: boolean;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const behindSwitch2 = ["ap-4", "printer-2", "camera-4", "phone-5", "phone-6"].map(deviceId);

const healthyPath = (): readonly PathLink[] => [
  { id: "box", label: "This box", state: "ok", device: deviceId("box") },
  { id: "router", label: "Router", state: "ok", detail: "0.6 ms", device: deviceId("router") },
  { id: "provider", label: "Provider", state: "ok", detail: "9 ms" },
  { id: "internet", label: "Internet", state: "ok", detail: "18 ms" },
  { id: "names", label: "Names", state: "ok", detail: "12 ms" },
  { id: "services", label: "Services", state: "ok", detail: "2 of 2" },
];

function alert(
  device: string,
  summary: string,
  startedMs: number,
  evidence: string[],
  severity: Alert["severity"] = "critical",
): Alert {
  return {
    key: `down/${device}`,
    rule: severity === "critical" ? "device-down" : "low",
    check: severity === "critical" ? "down" : "threshold",
    device: deviceId(device),
    severity,
    state: "firing",
    startedMs,
    firedMs: startedMs + 35_000,
    summary,
    evidence,
    tell: [],
  };
}

function toner(nowMs: number): Incident {
  const startedMs = nowMs - 26 * hourMs;
  return {
    id: 211,
    device: deviceId("printer-2"),
    state: "open",
    severity: "warning",
    deviceState: "warning",
    summary: "Printer 2nd floor: black toner is at 6 %.",
    startedMs,
    openedMs: startedMs + 10 * minuteMs,
    alerts: [
      alert(
        "printer-2",
        "Printer 2nd floor: black toner is at 6 %.",
        startedMs,
        ["supply_level black 6 %, limit 10 %"],
        "warning",
      ),
    ],
    affected: [],
    acknowledged: { by: "Anna", atMs: startedMs + 2 * hourMs, note: "Ordered, comes on Wednesday." },
    timeline: [
      { atMs: startedMs, kind: "started", text: "Black toner below 10 %" },
      { atMs: startedMs + 10 * minuteMs, kind: "told", text: "E-mail to 2 people" },
      {
        atMs: startedMs + 2 * hourMs,
        kind: "acknowledged",
        text: "Ordered, comes on Wednesday.",
        by: "Anna",
      },
    ],
  };
}

function battery(nowMs: number): Incident {
  const startedMs = nowMs - 74 * minuteMs;
  return {
    id: 213,
    device: deviceId("ups-rack"),
    state: "open",
    severity: "warning",
    deviceState: "warning",
    summary: "UPS rack: the battery is at 61 %.",
    startedMs,
    openedMs: startedMs + 5 * minuteMs,
    alerts: [
      alert(
        "ups-rack",
        "UPS rack: the battery is at 61 %.",
        startedMs,
        ["battery 61 %, limit 80 %", "output source mains"],
        "warning",
      ),
    ],
    affected: [],
    timeline: [{ atMs: startedMs, kind: "started", text: "Battery below 80 %" }],
  };
}

function switchDown(nowMs: number): Incident {
  const startedMs = nowMs - 18 * minuteMs;
  return {
    id: 214,
    device: deviceId("switch-2"),
    state: "open",
    severity: "critical",
    deviceState: "down",
    summary: "Switch 2 does not answer.",
    startedMs,
    openedMs: startedMs + 32_000,
    alerts: [
      alert("switch-2", "Switch 2 does not answer.", startedMs, [
        "ping 0 of 3 since 10:42:02",
        "SNMP no answer (timeout)",
        "Switch 1 port gi26: link down since 10:41:55",
      ]),
    ],
    affected: behindSwitch2,
    timeline: [
      { atMs: startedMs - 7_000, kind: "started", text: "Switch 1 port gi26 lost its link" },
      { atMs: startedMs + 32_000, kind: "confirmed", text: "No answer to 3 more requests" },
      { atMs: startedMs + 33_000, kind: "told", text: "E-mail to 2 people" },
      { atMs: startedMs + 34_000, kind: "joined", text: "5 devices behind Switch 2 cannot be reached" },
    ],
  };
}

function closed(id: number, device: string, summary: string, endedMs: number, lastedMs: number): Incident {
  const startedMs = endedMs - lastedMs;
  return {
    id,
    device: deviceId(device),
    state: "closed",
    severity: "critical",
    deviceState: "down",
    summary,
    startedMs,
    openedMs: startedMs + 30_000,
    endedMs,
    alerts: [{ ...alert(device, summary, startedMs, ["ping 0 of 3"]), state: "resolved", endedMs }],
    affected: [],
    timeline: [
      { atMs: startedMs, kind: "started", text: "No answer" },
      { atMs: startedMs + 30_000, kind: "confirmed", text: "No answer to 3 more requests" },
      { atMs: endedMs, kind: "recovered", text: "Answers again" },
    ],
  };
}

const history = (nowMs: number): Incident[] => [
  closed(
    210,
    "anchor-1",
    "The internet connection was down. It was the provider.",
    nowMs - 3 * dayMs,
    12 * minuteMs,
  ),
  closed(209, "printer-3", "Label printer did not answer.", nowMs - 3 * dayMs - 5 * hourMs, 3 * hourMs),
  closed(207, "ap-5", "AP workshop did not answer.", nowMs - 9 * dayMs, 47 * minuteMs),
];

const pastSpans = (nowMs: number) =>
  new Map<string, readonly StateSpan[]>([
    ["anchor-1", [{ state: "down", fromMs: nowMs - 3 * dayMs - 12 * minuteMs, toMs: nowMs - 3 * dayMs }]],
    [
      "printer-3",
      [
        { state: "down", fromMs: nowMs - 3 * dayMs - 8 * hourMs, toMs: nowMs - 3 * dayMs - 5 * hourMs },
        { state: "down", fromMs: nowMs - 9 * hourMs, toMs: nowMs - 7 * hourMs },
      ],
    ],
    ["switch-1", [{ state: "warning", fromMs: nowMs - 12 * dayMs, toMs: nowMs - 11.6 * dayMs }]],
    ["switch-3", [{ state: "maintenance", fromMs: nowMs - 15 * hourMs, toMs: nowMs - 13.5 * hourMs }]],
    ["climate-3", [{ state: "unknown", fromMs: nowMs - 6 * hourMs, toMs: nowMs - 4 * hourMs }]],
    ["ap-5", [{ state: "down", fromMs: nowMs - 9 * dayMs, toMs: nowMs - 9 * dayMs + 47 * minuteMs }]],
  ]);

function story(nowMs: number, more: Partial<SampleStory>): SampleStory {
  return {
    states: new Map(),
    sentences: new Map([["switch-1", "Switch 1 works. 1 thing to look at: port 7 drops packets."]]),
    incidents: history(nowMs),
    past: pastSpans(nowMs),
    events: [
      {
        record: "event",
        device: "switch-1",
        metric: "firmware",
        value: "2.5.9.54",
        timeMs: nowMs - (40 * dayMs) / 9,
      },
      {
        record: "event",
        device: "switch-1",
        metric: "link_changed",
        channel: "gi7",
        value: "down, then up",
        timeMs: nowMs - 2 * hourMs,
      },
      { record: "event", device: "door-1", metric: "action", value: "opened", timeMs: nowMs - 20 * minuteMs },
    ],
    cause: { kind: "good" },
    path: healthyPath,
    empty: false,
    ...more,
  };
}

/** Each by the moment at which it is looked at. */
export const stories = {
  good: (nowMs: number): SampleStory => story(nowMs, {}),
  first: (nowMs: number): SampleStory =>
    story(nowMs, { empty: true, incidents: [], past: new Map(), cause: { kind: "starting", checked: 12 } }),
  switch: (nowMs: number): SampleStory => {
    const sinceMs = nowMs - 18 * minuteMs;
    const states = new Map<string, { state: State; sinceMs: number }>([
      ["switch-2", { state: "down", sinceMs }],
      ["ups-rack", { state: "warning", sinceMs: nowMs - 74 * minuteMs }],
      ["climate-3", { state: "unknown", sinceMs: nowMs - 3 * hourMs }],
      ["server-3", { state: "maintenance", sinceMs: nowMs - 30 * minuteMs }],
    ]);
    for (const id of behindSwitch2) states.set(id, { state: "unreachable", sinceMs });
    return story(nowMs, {
      states,
      sentences: new Map([
        ["ups-rack", "UPS rack works. 1 thing to look at: its battery is at 61 %."],
        ["switch-1", "Switch 1 works. 1 thing to look at: port gi7 drops packets."],
        ["climate-3", "Freezer has been silent for 3 hours."],
      ]),
      incidents: [switchDown(nowMs), battery(nowMs), toner(nowMs), ...history(nowMs)],
      cause: { kind: "part-down", name: "Switch 2", affected: 6 },
    });
  },
  provider: (nowMs: number): SampleStory => {
    const sinceMs = nowMs - 18 * minuteMs;
    const outage: Incident = {
      ...switchDown(nowMs),
      device: deviceId("anchor-1"),
      summary: "The internet cannot be reached.",
      affected: [deviceId("service-2"), deviceId("service-3")],
      acknowledged: { by: "Anna (IT partner)", atMs: nowMs - 10 * minuteMs },
    };
    return story(nowMs, {
      states: new Map<string, { state: State; sinceMs: number }>([
        ["anchor-1", { state: "down", sinceMs }],
        ["service-2", { state: "unreachable", sinceMs }],
        ["service-3", { state: "unreachable", sinceMs }],
        ["ups-rack", { state: "warning", sinceMs: nowMs - 74 * minuteMs }],
      ]),
      incidents: [outage, battery(nowMs), ...history(nowMs)],
      cause: { kind: "provider-down" },
      path: () =>
        healthyPath().map((link) => {
          if (link.id === "provider")
            return { ...link, state: "down", detail: "no answer since 10:42", sinceMs };
          return link.id === "internet" || link.id === "names" || link.id === "services"
            ? { id: link.id, label: link.label, state: "unreachable" }
            : link;
        }),
    });
  },
};
