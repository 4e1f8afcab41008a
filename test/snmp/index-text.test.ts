import t from "tap";
import { indexText } from "../../appliance/snmp/readout.ts";

t.test("an index spells a text with its length, without it, and behind numbers", async (t) => {
  t.equal(indexText("4.101.116.104.48"), "eth0");
  t.equal(indexText("101.116.104.48"), "eth0");
  t.equal(indexText("1.4.101.116.104.48"), "1 eth0");
  t.equal(indexText("1.2.4.101.116.104.48"), "1.2 eth0");
  t.equal(indexText("4.99.97.114.100.3.49.47.49"), "card 1/1", "two texts");
});

t.test("an index of numbers spells nothing", async (t) => {
  t.equal(indexText("1"), undefined);
  t.equal(indexText("1.3"), undefined);
  t.equal(indexText("512.0"), undefined);
});
