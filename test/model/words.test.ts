import t from "tap";
import { agoWords, cleanText, durationWords, plural, timeWords } from "../../appliance/model/words.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const moments = [
  {
    name: "earlier today",
    atMs: Date.UTC(2026, 2, 4, 9, 42),
    nowMs: Date.UTC(2026, 2, 4, 12),
    expected: "since 10:42",
  },
  {
    name: "yesterday",
    atMs: Date.UTC(2026, 2, 3, 16, 3),
    nowMs: Date.UTC(2026, 2, 4, 12),
    expected: "since yesterday 17:03",
  },
  {
    name: "yesterday by the site's calendar, though still today in UTC",
    atMs: Date.UTC(2026, 2, 3, 22, 30),
    nowMs: Date.UTC(2026, 2, 3, 23, 30),
    expected: "since yesterday 23:30",
  },
  {
    name: "two days ago",
    atMs: Date.UTC(2026, 2, 2, 9, 42),
    nowMs: Date.UTC(2026, 2, 4, 12),
    expected: "since Mon 2 Mar 10:42",
  },
  {
    name: "another year",
    atMs: Date.UTC(2025, 11, 30, 9, 42),
    nowMs: Date.UTC(2026, 2, 4, 12),
    expected: "since Tue 30 Dec 2025 10:42",
  },
  {
    name: "September is shortened to three letters",
    atMs: Date.UTC(2026, 8, 7, 8, 0),
    nowMs: Date.UTC(2026, 8, 20, 12),
    expected: "since Mon 7 Sep 10:00",
  },
  {
    name: "yesterday across the start of summer time",
    atMs: Date.UTC(2026, 2, 28, 9, 42),
    nowMs: Date.UTC(2026, 2, 29, 21, 30),
    expected: "since yesterday 10:42",
  },
  {
    name: "yesterday just after midnight of the day after summer time began",
    atMs: Date.UTC(2026, 2, 29, 9, 42),
    nowMs: Date.UTC(2026, 2, 29, 22, 5),
    expected: "since yesterday 11:42",
  },
  {
    name: "yesterday across the end of summer time",
    atMs: Date.UTC(2026, 9, 24, 22, 30),
    nowMs: Date.UTC(2026, 9, 25, 23, 30),
    expected: "since yesterday 00:30",
  },
];
for (const { name, atMs, nowMs, expected } of moments) {
  t.test(name, async (t) => t.equal(timeWords("Europe/Berlin").since(atMs, nowMs), expected));
}

t.test("the exact time names the zone", async (t) => {
  const words = timeWords("Europe/Berlin");
  t.equal(words.exact(Date.UTC(2026, 2, 2, 9, 42, 5)), "2 Mar 2026 10:42:05 CET");
  t.equal(words.exact(Date.UTC(2026, 6, 2, 9, 42, 5)), "2 Jul 2026 11:42:05 CEST");
});

t.test("an unknown zone counts as UTC", async (t) => t.equal(timeWords("Mars/Olympus").timezone, "UTC"));

const durations: [number, string][] = [
  [-5, "less than a minute"],
  [Number.NaN, "less than a minute"],
  [59_999, "less than a minute"],
  [minuteMs, "1 minute"],
  [12 * minuteMs, "12 minutes"],
  [hourMs, "1 hour"],
  [3 * hourMs + 5 * minuteMs, "3 hours 5 minutes"],
  [7 * hourMs + 5 * minuteMs, "7 hours"],
  [47 * hourMs, "47 hours"],
  [3 * dayMs, "3 days"],
];
for (const [durationMs, expected] of durations) {
  t.test(`${durationMs} ms are ${expected}`, async (t) => t.equal(durationWords(durationMs), expected));
}

t.test("ago is spoken of from a minute on", async (t) => {
  t.equal(agoWords(1_000, 30_000), "just now");
  t.equal(agoWords(0, 3 * dayMs), "3 days ago");
});

t.test("counts have the right plural", async (t) => {
  t.equal(plural(1, "device"), "1 device");
  t.equal(plural(0, "device"), "0 devices");
  t.equal(plural(2, "entry", "entries"), "2 entries");
});

t.test("text from devices is one clean line of bounded length", async (t) => {
  t.equal(cleanText("a\r\nBcc: b\u202e\u0000c"), "a Bcc: b c");
  t.equal(Array.from(cleanText("😀".repeat(500), 20)).length, 20);
  t.equal(cleanText("x".repeat(5_000)).length, 200);
  t.equal(cleanText("", 0), "");
});
