import t from "tap";
import { judgeSite, type Seen, type VerdictInput } from "../../appliance/engine/verdict.ts";
import { deviceId, type SeriesId, type State } from "../../appliance/model/site.ts";
import { incidentOf, input, nowMs, office, seen, sinceMs } from "../helpers/verdict-input.ts";

const ids = (...names: string[]) => names.map(deviceId);
const toner = incidentOf(
  "printer",
  { deviceState: "warning", severity: "warning", summary: "Toner is low." },
  { check: "threshold" },
);
const onBattery = incidentOf(
  "switch",
  { deviceState: "warning" },
  { check: "threshold", series: "switch:ups_source" as SeriesId },
);

const withoutAddress = (one: Seen): Seen => {
  const { address: _address, ...device } = one.device;
  return { ...one, device };
};

const rows: {
  name: string;
  input: Partial<VerdictInput>;
  state: State;
  cause: object;
  sinceMs?: number | undefined;
}[] = [
  { name: "all good", input: {}, state: "ok", cause: { kind: "good" }, sinceMs: undefined },
  {
    name: "warnings only",
    input: { incidents: [toner] },
    state: "warning",
    cause: { kind: "warnings", count: 1, first: "Toner is low." },
  },
  {
    name: "a device that we know nothing of is no good device",
    input: { devices: [...office.slice(0, 6), seen("sensor", "sensor", "unknown")] },
    state: "warning",
    cause: { kind: "warnings", count: 1, first: "There is no fresh answer from The sensor." },
  },
  {
    name: "what cannot be measured here is no problem",
    input: { devices: [...office, seen("gateway2", "router", "unknown", { isWatched: false })] },
    state: "ok",
    cause: { kind: "good" },
    sinceMs: undefined,
  },
  {
    name: "provider down",
    input: { incidents: [incidentOf("internet", { affected: ids("names", "cloud") })] },
    state: "down",
    cause: { kind: "provider-down" },
  },
  {
    name: "no default route: the box is cut off, the provider is not to blame",
    input: {
      incidents: [incidentOf("internet", { affected: ids("names") })],
      devices: office.map((one) => (one.device.id === "gateway" ? withoutAddress(one) : one)),
    },
    state: "unknown",
    cause: { kind: "blind" },
  },
  {
    name: "router down; stations of the path are no devices",
    input: { incidents: [incidentOf("gateway", { affected: ids("internet", "names", "cloud", "printer") })] },
    state: "down",
    cause: { kind: "router-down", affected: 2 },
  },
  {
    name: "names fail",
    input: {
      incidents: [incidentOf("names")],
      path: [
        {
          station: "names",
          device: deviceId("names"),
          address: "10.0.0.1",
          answers: { by: new Map() },
          channels: [],
        },
      ],
    },
    state: "down",
    cause: { kind: "names-fail", resolver: "10.0.0.1" },
  },
  {
    name: "one service",
    input: { incidents: [incidentOf("cloud")] },
    state: "down",
    cause: { kind: "service-down", name: "The cloud" },
  },
  {
    name: "one device",
    input: { incidents: [incidentOf("printer")] },
    state: "down",
    cause: { kind: "device-down", name: "The printer" },
  },
  {
    name: "part of the office",
    input: { incidents: [incidentOf("switch", { affected: ids("printer") })] },
    state: "down",
    cause: { kind: "part-down", name: "The switch", affected: 1 },
  },
  {
    name: "several: the way outside is the worst",
    input: { incidents: [incidentOf("printer"), incidentOf("internet", { id: 2 }), toner] },
    state: "down",
    cause: { kind: "several", count: 2, worst: "The internet does not answer." },
  },
  {
    name: "one down, one warning: the one that is down",
    input: { incidents: [incidentOf("printer"), toner] },
    state: "down",
    cause: { kind: "device-down", name: "The printer" },
  },
  {
    name: "power explains what is down",
    input: { incidents: [incidentOf("printer"), onBattery], runtimeMinutes: () => 23 },
    state: "down",
    cause: { kind: "power", name: "The switch", runtimeMinutes: 23 },
  },
  {
    name: "of several batteries the one that ends first is told",
    input: {
      incidents: [
        {
          ...onBattery,
          alerts: ["switch", "printer"].flatMap(
            (device) =>
              incidentOf(device, {}, { check: "threshold", series: `${device}:ups_source` as SeriesId })
                .alerts,
          ),
        },
      ],
      runtimeMinutes: (ups) => (ups === "printer" ? 7 : 23),
    },
    state: "down",
    cause: { kind: "power", name: "The printer", runtimeMinutes: 7 },
  },
  {
    name: "provider slow",
    input: { slow: { rttMs: 340, usualMs: 18, lossPercent: 12, sinceMs } },
    state: "warning",
    cause: { kind: "provider-slow", rttMs: 340, usualMs: 18, lossPercent: 12 },
  },
  {
    name: "blind, whatever else seems down",
    input: { incidents: [incidentOf("printer"), incidentOf("box")] },
    state: "unknown",
    cause: { kind: "blind" },
  },
  {
    name: "box sick",
    input: { sick: { what: "its disk is full", sinceMs }, incidents: [toner] },
    state: "unknown",
    cause: { kind: "box-sick", what: "its disk is full" },
  },
  {
    name: "nothing is measured any more: never green",
    input: { devices: office.map((one) => ({ ...one, state: "unknown" as const })) },
    state: "unknown",
    cause: { kind: "box-sick", what: "it gets no answers any more" },
  },
  {
    name: "starting",
    input: {
      isStarting: true,
      devices: office.map((one, n) => ({ ...one, isChecked: n < 3, state: n < 3 ? "ok" : "unknown" })),
    },
    state: "unknown",
    cause: { kind: "starting", checked: 3 },
    sinceMs: undefined,
  },
  {
    name: "starting, with a problem known from before",
    input: { isStarting: true, incidents: [incidentOf("printer")] },
    state: "down",
    cause: { kind: "device-down", name: "The printer" },
  },
];
for (const row of rows) {
  t.test(row.name, async (t) => {
    const verdict = judgeSite(input(row.input));
    t.same(verdict.cause, row.cause);
    t.equal(verdict.state, row.state);
    t.equal(verdict.sinceMs, "sinceMs" in row ? row.sinceMs : sinceMs);
    t.equal(verdict.atMs, nowMs);
  });
}

t.test("problems, groups, who is on it and the last problem", async (t) => {
  const acknowledged = { by: "Anna", atMs: nowMs - 60_000 };
  const verdict = judgeSite(
    input({
      devices: [...office, seen("printer2", "printer", "warning")],
      incidents: [incidentOf("switch", { id: 7, affected: ids("printer"), acknowledged })],
      lastClosed: incidentOf("cloud", { state: "closed", endedMs: sinceMs + 60_000 }),
    }),
  );
  t.same(verdict.problems, [
    {
      incident: 7,
      device: "switch",
      state: "down",
      summary: "The switch does not answer.",
      sinceMs,
      affected: 1,
      acknowledgedBy: "Anna",
    },
  ]);
  t.same(
    verdict.groups.find(({ group }) => group === "printer"),
    {
      group: "printer",
      state: "warning",
      total: 2,
      ok: 1,
    },
  );
  t.same(verdict.acknowledged, acknowledged);
  t.same(verdict.lastProblem, { endedMs: sinceMs + 60_000, durationMs: 60_000 });
});
