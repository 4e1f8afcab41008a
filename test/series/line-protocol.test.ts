import t from "tap";
import { createSeriesTable } from "../../appliance/engine/series.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { createLineWriter } from "../../appliance/series/line-protocol.ts";
import { batchOf } from "../helpers/stores.ts";

const table = createSeriesTable();
const sw1 = deviceId("sw1");
const timeMs = 1_772_442_000_000;

t.test("writes Telegraf's names, many fields a line, counters as counts", async (t) => {
  const tags = { ifName: "Gi1/0/1", source: "10.0.0.1" };
  const lines = createLineWriter("office", () => tags).lines(
    batchOf([
      [table.of(sw1, "if_in_octets", "gi1"), timeMs, 12.5, 9_007_199_254_740_991],
      [table.of(sw1, "if_oper_status", "gi1"), timeMs, 1],
      [table.of(sw1, "if_speed", "gi1"), timeMs, 1e9],
      [table.of(sw1, "if_out_octets", "gi1"), timeMs, 3],
      [table.of(sw1, "if_in_octets", "gi1"), timeMs + 1, 12.5, 9_007_199_254_740_992],
    ]),
  );
  const prefix = "interface,channel=gi1,device=sw1,ifName=Gi1/0/1,site=office,source=10.0.0.1";
  t.same(lines, [
    `${prefix} ifHCInOctets=9007199254740991i,ifOperStatus=1i,ifHighSpeed=1000i ${timeMs}`,
    `${prefix} ifHCInOctets=9007199254740992i ${timeMs + 1}`,
  ]);
});

t.test("converts to Telegraf's units and tells polled from published", async (t) => {
  const byTopic = createLineWriter("office", (series) =>
    series.metric === "co2" ? { topic: "z2m/hall" } : {},
  );
  const lines = byTopic.lines(
    batchOf([
      [table.of(sw1, "http_time"), timeMs, 250],
      [table.of(sw1, "co2"), timeMs, 415.5],
      [table.of(sw1, "fan_speed"), timeMs, 900],
    ]),
  );
  t.same(lines, [
    `http_response,device=sw1,site=office response_time=0.25 ${timeMs}`,
    `mqtt_consumer,device=sw1,site=office,topic=z2m/hall co2=415.5 ${timeMs}`,
    `snmp,device=sw1,site=office fan_speed=900 ${timeMs}`,
  ]);
});

t.test("device text can neither end a tag nor begin a line", async (t) => {
  const tags = { sysName: 'a b,c=d\n"e"\\', ifAlias: "\u0000\r\n ", ifDescr: "x".repeat(5_000) };
  const [line = "", ...more] = createLineWriter("office", () => tags).lines(
    batchOf([[table.of(sw1, "load"), timeMs, 1]]),
  );
  t.same(more, []);
  t.notOk(/[\n\r\0]/.test(line));
  t.match(line, 'sysName=a\\ b\\,c\\=d"e"/');
  t.notMatch(line, "ifAlias", "an empty tag is left out");
  t.ok(line.length < 400, "long text is cut");
});

t.test("what is not finite is not written", async (t) => {
  const lines = createLineWriter("office", () => ({})).lines(
    batchOf([
      [table.of(sw1, "load"), timeMs, Number.NaN],
      [table.of(sw1, "power"), timeMs, Number.POSITIVE_INFINITY],
    ]),
  );
  t.same(lines, []);
});
