import t from "tap";
import { TrapFold } from "../../appliance/snmp/trap-fold.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

function folding() {
  const clock = fakeClock();
  const told: string[] = [];
  const fold = new TrapFold<string>(
    clock,
    (device, { name, text }) => void told.push(`${device} ${name}: ${text}`),
  );
  return {
    told,
    clock,
    take: (device: string, type: string, port?: string) =>
      fold.take(
        device,
        type,
        () => ({ name: type, text: "first" }),
        () => port,
      ),
    stop: () => fold.stop(),
  };
}

t.test("equal traps are told once a minute, with their number and ports", async (t) => {
  const { told, clock, take, stop } = folding();
  t.teardown(stop);
  for (let k = 0; k < 1_000; k++) take("a", "linkDown", `gi${k % 3}`);
  take("a", "linkUp");
  take("b", "linkDown");
  t.same(told, ["a linkDown: first", "a linkUp: first", "b linkDown: first"]);
  await clock.advance(61_000);
  t.same(told.slice(3), ["a linkDown: 999 more within a minute (gi1, gi2, gi0, ...)"]);
  take("a", "linkDown", "gi1");
  t.equal(told.length, 4, "the next minute is counted on");
  await clock.advance(61_000);
  t.equal(told[4], "a linkDown: 1 more within a minute (gi1)");
  await clock.advance(120_000);
  t.equal(told.length, 5, "then it is over");
  take("a", "linkDown");
  t.equal(told[5], "a linkDown: first");
});

t.test("a device with very many types of traps gets twenty rows and one for the others", async (t) => {
  const { told, clock, take, stop } = folding();
  t.teardown(stop);
  for (let k = 0; k < 500; k++) take("a", `type${k}`);
  t.equal(told.length, 21);
  await clock.advance(61_000);
  t.equal(told.length, 22);
  t.match(told[21], /479 more/);
});
