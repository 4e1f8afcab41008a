import t from "tap";
import { check as down } from "../../appliance/checks/down.ts";
import { check as service } from "../../appliance/checks/service.ts";
import { check as silent } from "../../appliance/checks/silent.ts";
import type { DeviceAnswers } from "../../appliance/model/contracts.ts";
import type { Sensor } from "../../appliance/model/site.ts";
import { answersOf, at, device, make, nowMs, type Said } from "../helpers/checks.ts";

const minute = 60_000;

t.test("down", async (t) => {
  const off = { online: false };
  const seen = (agoMs: number) => ({ lastSeenMs: nowMs - agoMs });
  const cases: [string, DeviceAnswers, "down" | "up" | "unknown"][] = [
    ["three rounds missed", answersOf({ ping: off }, seen(20_000)), "down"],
    ["two rounds missed", answersOf({ ping: { online: false, misses: 2 } }, seen(20_000)), "unknown"],
    ["never seen at all", answersOf({ ping: off }), "down"],
    [
      "another collector has answered since",
      answersOf({ ping: off, snmp: { online: true, agoMs: 5_000 } }, seen(5_000)),
      "up",
    ],
    [
      "another one answered shortly before: it gets its chance",
      answersOf({ ping: off, snmp: { online: true, agoMs: 30_000 } }, seen(30_000)),
      "up",
    ],
    [
      "another one's answer is older than a minute of misses",
      answersOf(
        { ping: { online: false, sinceAgoMs: 90_000 }, snmp: { online: true, agoMs: 100_000 } },
        seen(100_000),
      ),
      "down",
    ],
    [
      "ping was always blocked, snmp missed once",
      answersOf(
        { ping: { online: false, sinceAgoMs: 9e7, misses: 9_999 }, snmp: { online: false, misses: 1 } },
        seen(70_000),
      ),
      "unknown",
    ],
    [
      "no permission to ping is not the device's fault",
      answersOf({ ping: { online: false, reason: "permission" } }),
      "unknown",
    ],
    [
      "a name that does not resolve, at first",
      answersOf({ ping: { online: false, reason: "names" } }),
      "unknown",
    ],
    [
      "a name that does not resolve for long",
      answersOf({ ping: { online: false, reason: "names", sinceAgoMs: 700_000 } }),
      "down",
    ],
    ["it published after its last poll failed", answersOf({ ping: off }, seen(5_000)), "up"],
    [
      "it refuses the SNMP user: so it is there",
      answersOf(
        { ping: off, snmp: { online: false, reason: "auth", misses: 9, agoMs: 5_000 } },
        seen(90_000),
      ),
      "up",
    ],
    ["it said goodbye", { by: new Map(), said: "offline" }, "down"],
    ["nothing is known", { by: new Map() }, "unknown"],
  ];
  for (const [name, answers, expected] of cases) {
    const judged = make(down).judge({ device: device(), columns: at(), answers }, down.config.parse({}), {
      nowMs,
    });
    const said = judged.unknown ? "unknown" : judged.broken ? "down" : "up";
    t.equal(said, expected, name);
  }
});

t.test("down began with the first miss after the last sign of life", async (t) => {
  const judged = make(down).judge(
    {
      device: device(),
      columns: at(),
      answers: answersOf(
        {
          ping: { online: false, sinceAgoMs: 15_000 },
          snmp: { online: false, sinceAgoMs: 5_000, misses: 1 },
        },
        { lastSeenMs: nowMs - 20_000 },
      ),
    },
    down.config.parse({}),
    { nowMs },
  );
  t.match(judged, { broken: true, sinceMs: nowMs - 15_000, summary: "{name} does not answer." });
});

t.test("service: the device answers, its web page does not", async (t) => {
  const judge = (by: Record<string, Said>) =>
    make(service).judge(
      { device: device(), columns: at(), answers: answersOf(by) },
      service.config.parse({ via: "http" }),
      {
        nowMs,
      },
    );
  const bad = { online: false, reason: "status" };
  t.match(judge({ http: bad, ping: { online: true } }), {
    broken: true,
    summary: "The web page of {name} answers with an error.",
  });
  t.equal(judge({ http: bad, ping: { online: false } }).unknown, true, "the whole device is for `down`");
  t.match(judge({ http: { online: true }, "http:2": bad, ping: { online: true } }), { broken: true });
});

t.test("service: a device that refuses the SNMP user is said to do so", async (t) => {
  const judged = make(service).judge(
    {
      device: device(),
      columns: at(),
      answers: answersOf({ snmp: { online: false, reason: "auth", misses: 3 } }),
    },
    service.config.parse({ via: "snmp" }),
    { nowMs },
  );
  t.match(judged, { broken: true, summary: "{name} refuses the SNMP user." });
});

t.test("silent waits as long as the device usually does", async (t) => {
  const judge = (answers: Partial<DeviceAnswers>, settings = {}, sensors: Sensor[] = []) => {
    const judged = make(silent).judge(
      { device: device({ sensors }), columns: at(), answers: { by: new Map(), ...answers } },
      silent.config.parse(settings),
      { nowMs },
    );
    return judged.unknown ? "unknown" : judged.broken ? "silent" : "speaks";
  };
  const rhythm = { medianMs: 10 * minute, p99Ms: 20 * minute, gaps: 20 };
  const battery: Sensor = { metric: "battery", description: "Battery", unit: "%" };
  t.equal(judge({ lastSeenMs: nowMs - 39 * minute, rhythm }), "speaks");
  t.equal(judge({ lastSeenMs: nowMs - 41 * minute, rhythm }), "silent");
  t.equal(judge({ lastSeenMs: nowMs - 61 * minute }), "silent", "an hour before the rhythm is known");
  t.equal(judge({ lastSeenMs: nowMs - 61 * minute }, {}, [battery]), "speaks", "a day on battery");
  t.equal(judge({ lastSeenMs: nowMs - 26 * 60 * minute }, {}, [battery]), "silent");
  t.equal(judge({ lastSeenMs: nowMs - 2 * minute }, { after: "1m" }), "silent");
  t.equal(judge({}), "unknown");
  t.equal(judge({ said: "offline", lastSeenMs: nowMs }), "silent");
  t.equal(judge({ said: "sleeping", lastSeenMs: nowMs - 39 * minute, rhythm }), "speaks");
  t.equal(
    judge({ lastSeenMs: nowMs - 600 * minute, watchedSinceMs: nowMs - 5 * minute }),
    "unknown",
    "we were away ourselves",
  );
});
