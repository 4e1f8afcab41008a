import t from "tap";
import { deviceId } from "../../appliance/model/site.ts";
import { spaced } from "../../appliance/wiring/spaced.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

t.test(
  "the first change counts at once, many soon after it once, and the last one is never left out",
  async (t) => {
    const clock = fakeClock();
    const ran: string[] = [];
    const { changed, stop } = spaced(clock, (device) => void ran.push(device));
    const [hall, attic] = [deviceId("hall"), deviceId("attic")];
    changed(hall);
    t.same(ran, ["hall"]);
    for (let i = 0; i < 50; i++) changed(hall);
    changed(attic);
    t.same(ran, ["hall", "attic"]);
    await clock.advance(100);
    t.same(ran, ["hall", "attic", "hall"]);
    await clock.advance(1_000);
    changed(hall);
    changed(hall);
    t.equal(ran.length, 4);
    stop();
    t.equal(ran.length, 5, "what waited is judged at the end");
  },
);
