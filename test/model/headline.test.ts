import t from "tap";
import { headline, whoLine } from "../../appliance/model/headline.ts";
import { deviceId, type State } from "../../appliance/model/site.ts";
import type { Cause, Verdict } from "../../appliance/model/verdict.ts";
import { timeWords } from "../../appliance/model/words.ts";

const words = timeWords("Europe/Berlin");
const atMs = Date.UTC(2026, 2, 4, 10, 0);
const sinceMs = Date.UTC(2026, 2, 4, 9, 42);
const dayMs = 86_400_000;

const verdictOf = (cause: Cause, more: Partial<Verdict> = {}): Verdict => ({
  atMs,
  state: "down",
  cause,
  sinceMs,
  devices: 47,
  path: [],
  problems: [],
  groups: [],
  notes: [],
  ...more,
});

const problem = (state: "down" | "warning") => ({
  incident: 1,
  device: deviceId("printer"),
  state,
  summary: "",
  sinceMs,
  affected: 0,
});

const rows: {
  name: string;
  cause: Cause;
  more?: Partial<Verdict>;
  text: string;
  detail: string;
}[] = [
  {
    name: "all good",
    cause: { kind: "good" },
    more: {
      state: "ok",
      lastProblem: { endedMs: atMs - 3 * dayMs, durationMs: 12 * 60_000 },
    },
    text: "Everything works.",
    detail: "47 devices checked. Last problem: 3 days ago, 12 minutes.",
  },
  {
    name: "all good with one device and no history",
    cause: { kind: "good" },
    more: { state: "ok", devices: 1 },
    text: "Everything works.",
    detail: "1 device checked.",
  },
  {
    name: "warnings only",
    cause: {
      kind: "warnings",
      count: 1,
      first: "Printer 2nd floor: toner 6 %.",
    },
    more: { state: "warning" },
    text: "Everything works; 1 thing to look at.",
    detail: "Printer 2nd floor: toner 6 %.",
  },
  {
    name: "several warnings",
    cause: { kind: "warnings", count: 3, first: "First." },
    text: "Everything works; 3 things to look at.",
    detail: "First.",
  },
  {
    name: "provider down",
    cause: { kind: "provider-down" },
    text: "The internet connection is down since 10:42. It is your provider, not your equipment.",
    detail: "Your router answers; nothing beyond it does. Calls and e-mail will not work.",
  },
  {
    name: "provider slow",
    cause: {
      kind: "provider-slow",
      rttMs: 340.4,
      usualMs: 18.2,
      lossPercent: 12,
    },
    text: "The internet is slow since 10:42. It is outside your office.",
    detail: "Replies take 340 ms instead of 18; 12 % get lost.",
  },
  {
    name: "provider loses packets at usual speed",
    cause: {
      kind: "provider-slow",
      rttMs: 18,
      usualMs: 18.2,
      lossPercent: 30,
    },
    text: "The internet is slow since 10:42. It is outside your office.",
    detail: "30 % of the requests get lost.",
  },
  {
    name: "router down",
    cause: { kind: "router-down", affected: 31 },
    text: "The internet connection is down since 10:42. Your router does not answer.",
    detail: "Check that it has power. 31 devices cannot be reached because of this.",
  },
  {
    name: "router down, one device behind it",
    cause: { kind: "router-down", affected: 1 },
    text: "The internet connection is down since 10:42. Your router does not answer.",
    detail: "Check that it has power. 1 device cannot be reached because of this.",
  },
  {
    name: "names fail, address hidden",
    cause: { kind: "names-fail", resolver: "10.0.0.1" },
    text: "Websites do not open since 10:42; the line itself works.",
    detail: "Name lookups fail.",
  },
  {
    name: "one service",
    cause: { kind: "service-down", name: "Accounting cloud" },
    text: 'Everything here works. "Accounting cloud" does not answer since 10:42.',
    detail: "Other websites do.",
  },
  {
    name: "one device",
    cause: { kind: "device-down", name: "Printer 2nd floor" },
    text: "Printer 2nd floor is down since 10:42. Everything else works.",
    detail: "",
  },
  {
    name: "one device, and something else to look at",
    cause: { kind: "device-down", name: "Printer 2nd floor" },
    more: { problems: [problem("down"), problem("warning")] },
    text: "Printer 2nd floor is down since 10:42.",
    detail: "1 more thing to look at.",
  },
  {
    name: "one device, and others that are not known to work",
    cause: { kind: "device-down", name: "Printer 2nd floor" },
    more: {
      groups: [
        { group: "Printers", state: "down" as State, total: 3, ok: 2 },
        { group: "Sensors", state: "unknown" as State, total: 4, ok: 1 },
      ],
    },
    text: "Printer 2nd floor is down since 10:42.",
    detail: "",
  },
  {
    name: "part of the office",
    cause: { kind: "part-down", name: "Switch 2", affected: 9 },
    text: "9 devices on Switch 2 cannot be reached since 10:42.",
    detail: "Probably Switch 2 or its cable: it does not answer either.",
  },
  {
    name: "power",
    cause: { kind: "power", name: "UPS rack", runtimeMinutes: 23.2 },
    text: "Power failed at 10:42. The UPS has about 23 minutes left.",
    detail: "",
  },
  {
    name: "power since yesterday, run time unknown",
    cause: { kind: "power", name: "UPS rack" },
    more: { sinceMs: sinceMs - dayMs },
    text: "Power failed yesterday 10:42.",
    detail: "",
  },
  {
    name: "several",
    cause: {
      kind: "several",
      count: 3,
      worst: "Switch 2 does not answer.",
    },
    text: "3 separate problems. The worst: Switch 2 does not answer.",
    detail: "",
  },
  {
    name: "we are blind",
    cause: { kind: "blind" },
    text: "We cannot tell: the box is cut off from the network since 10:42.",
    detail: "Its own cable or switch port.",
  },
  {
    name: "the box is sick",
    cause: { kind: "box-sick", what: "its disk is full" },
    text: "The monitor itself has a problem: its disk is full.",
    detail: "Numbers stopped at 10:42.",
  },
  {
    name: "starting",
    cause: { kind: "starting", checked: 12 },
    text: "Just started: 12 of 47 devices checked so far.",
    detail: "",
  },
];
for (const { name, cause, more, text, detail } of rows) {
  t.test(name, async (t) => {
    const verdict = verdictOf(cause, more);
    t.same(headline(verdict, { words }), {
      text,
      detail,
      tone: verdict.state,
    });
  });
}

t.test("the resolver is named only where addresses may be shown", async (t) => {
  const verdict = verdictOf({ kind: "names-fail", resolver: "10.0.0.1" });
  t.equal(headline(verdict, { words, addresses: "shown" }).detail, "Name lookups fail at 10.0.0.1.");
});

t.test("no name makes a sentence longer than 140 characters", async (t) => {
  const name = "🖨 <script>alert(1)</script>\n".repeat(200);
  const causes: Cause[] = [
    { kind: "device-down", name },
    { kind: "service-down", name },
    { kind: "part-down", name, affected: 150 },
    { kind: "several", count: 12, worst: name },
    { kind: "box-sick", what: name },
  ];
  const old = { sinceMs: Date.UTC(2025, 8, 30, 9, 42) };
  for (const cause of causes) {
    const { text } = headline(verdictOf(cause, old), { words });
    t.ok(Array.from(text).length <= 140, cause.kind);
    t.match(text, /\.$/, `${cause.kind} keeps the end of its sentence`);
    t.notMatch(text, /[\r\n]/);
  }
});

t.test("who is on it", async (t) => {
  const cause: Cause = { kind: "device-down", name: "Printer" };
  const open = verdictOf(cause, { problems: [problem("down")] });
  t.equal(whoLine(verdictOf({ kind: "good" }), words), "");
  t.equal(whoLine(open, words), "Nobody has picked this up yet.");
  t.equal(
    whoLine(
      {
        ...open,
        acknowledged: { by: "Anna (IT partner)", atMs: sinceMs + 8 * 60_000 },
      },
      words,
    ),
    "Anna (IT partner) is on it since 10:50.",
  );
});
