import t from "tap";
import { createSlowness } from "../../appliance/engine/slowness.ts";
import { type PathObservation, pathDevices } from "../../appliance/model/path.ts";

const path = (
  internet: { rttMs?: number; usualMs?: number; lossPercent?: number },
  gatewayLoss = 0,
): PathObservation[] => [
  {
    station: "gateway",
    device: pathDevices.gateway,
    answers: { by: new Map() },
    channels: [],
    lossPercent: gatewayLoss,
  },
  {
    station: "internet",
    device: pathDevices.internet,
    answers: { by: new Map() },
    channels: [],
    ...internet,
  },
];
const usual = { rttMs: 19, usualMs: 18, lossPercent: 0 };
const slow = { rttMs: 340, usualMs: 18, lossPercent: 0 };

const cases = [
  { name: "as usual", path: path(usual), isSlow: false },
  { name: "five times the usual and 100 ms more", path: path(slow), isSlow: true },
  {
    name: "ten times of next to nothing",
    path: path({ rttMs: 20, usualMs: 2, lossPercent: 0 }),
    isSlow: false,
  },
  { name: "the usual is not learned yet", path: path({ rttMs: 340, lossPercent: 0 }), isSlow: false },
  { name: "12 % get lost", path: path({ ...usual, lossPercent: 12 }), isSlow: true },
  { name: "everything gets lost: that is down", path: path({ lossPercent: 100 }), isSlow: false },
  { name: "the router loses as much: it is not the provider", path: path(slow, 30), isSlow: false },
];
for (const { name, path, isSlow } of cases) {
  t.test(`after a minute: ${name}`, async (t) => {
    const watch = createSlowness();
    t.equal(watch.look(path, 0), undefined);
    t.equal(watch.look(path, 60_000) !== undefined, isSlow);
  });
}

t.test("one bad round is no news, and one good round no end", async (t) => {
  const watch = createSlowness();
  watch.look(path(slow), 0);
  watch.look(path(usual), 10_000);
  t.equal(watch.look(path(slow), 61_000), undefined);
  t.match(watch.look(path(slow), 121_000), { sinceMs: 61_000 });
  t.match(watch.look(path(usual), 130_000), { sinceMs: 61_000 });
  t.match(watch.look(path(slow), 140_000), { sinceMs: 61_000 });
  watch.look(path(usual), 150_000);
  t.equal(watch.look(path(usual), 210_000), undefined);
});
