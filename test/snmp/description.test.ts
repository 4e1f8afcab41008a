import t from "tap";
import { plainWord } from "../../appliance/snmp/description.ts";
import { parseRecording, replayAgent } from "../helpers/snmp/replay.ts";
import { describeOf, readingsOf, valueAt } from "../helpers/snmp/small-switch.ts";
import { loopback, watching } from "../helpers/snmp/watching.ts";

const { signal } = new AbortController();

t.test("words of MIBs are written as people write them", async (t) => {
  const cases = {
    batteryNormal: "battery normal",
    onUPS: "on UPS",
    noBatteryPresent: "no battery present",
    normal: "normal",
    "power-save": "power-save",
    lower_layer_down: "lower layer down",
    UPS: "UPS",
  };
  for (const [word, expected] of Object.entries(cases)) t.equal(plainWord(word), expected);
});

const host = `1.3.6.1.2.1.1.1.0|4|Linux host
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072.3.2.10
1.3.6.1.2.1.1.3.0|67|100000
1.3.6.1.2.1.25.2.3.1.2.1|6|1.3.6.1.2.1.25.2.1.2
1.3.6.1.2.1.25.2.3.1.3.1|4|Physical memory
1.3.6.1.2.1.25.2.3.1.4.1|2|1024
1.3.6.1.2.1.25.2.3.1.5.1|2|1000000
1.3.6.1.2.1.25.2.3.1.6.1|2|950000
1.3.6.1.2.1.25.3.3.1.2.196608|2|10
1.3.6.1.2.1.25.3.3.1.2.196609|2|20
1.3.6.1.4.1.2021.4.5.0|2|1000000
1.3.6.1.4.1.2021.4.6.0|2|100000
1.3.6.1.4.1.2021.4.14.0|2|50000
1.3.6.1.4.1.2021.4.15.0|2|600000`;

t.test("a host's processors count from 1, and its memory is told once, without caches", async (t) => {
  const agent = await replayAgent({ recordings: new Map([["public", parseRecording(host)]]) });
  t.teardown(() => agent.close());
  const { made } = watching(t);
  const list = await made.poll([loopback(agent.port)], { signal });
  const sensors = describeOf(list)?.sensors ?? [];
  t.same(
    sensors.filter(({ metric }) => metric === "cpu_used").map(({ description }) => description),
    ["Processor 1", "Processor 2"],
  );
  t.equal(sensors.filter(({ metric }) => metric === "memory_used").length, 1);
  t.equal(valueAt(readingsOf(list), "memory_used:real"), 25);
});
