import t from "tap";
import { dialect as generic } from "../../appliance/dialects/generic.ts";
import { deviceId } from "../../appliance/model/site.ts";
import type { Mapping } from "../../appliance/model/telemetry.ts";
import { createDecoder } from "../../appliance/payload/decoder.ts";
import { createHeard } from "../../appliance/payload/heard.ts";
import { createDialects } from "../../appliance/payload/intake.ts";
import { createTelemetry } from "../../appliance/payload/telemetry.ts";

const attic = deviceId("attic");

function office(saved: () => readonly Mapping[] = () => []) {
  const heard = createHeard();
  const plugins = new Map([["generic", generic]]);
  const decoder = createDecoder(createDialects(plugins, {}, { mappings: saved }));
  let nowMs = 1_000;
  const say = (topic: string, text: string) => {
    const message = { topic, payload: Buffer.from(text), retained: false, receivedAtMs: nowMs++ };
    const result = decoder.decode(message);
    heard.note(message, result);
    return result;
  };
  const telemetry = createTelemetry({
    heard,
    refsOf: () => ["json:site/attic/a", "json:site/attic/b"],
    generic: (mappings) => generic.create({ mappings: [] }, { mappings: () => mappings }),
  });
  return { heard, say, telemetry };
}

t.test("the newest message of each topic of a device, newest first, with what was made of it", async (t) => {
  const { say, telemetry } = office();
  say("site/attic/a", '{"temp": 21}');
  say("site/attic/b", '{"hum": 40}');
  say("site/attic/a", '{"temp": 22}');
  t.match(telemetry.of(attic), [
    { topic: "site/attic/a", dialect: "generic", records: [{ metric: "temperature", value: 22 }] },
    { topic: "site/attic/b", records: [{ metric: "humidity" }] },
  ]);
});

t.test(
  "topics of which nothing could be read are kept with the reason, the newest first, until they are read",
  async (t) => {
    const { say, telemetry } = office();
    say("site/odd/a", "???");
    say("site/odd/b", '{"note": "text"}');
    t.same(
      telemetry.unread().map(({ topic, reason }) => [topic, reason !== undefined]),
      [
        ["site/odd/b", true],
        ["site/odd/a", true],
      ],
    );
    say("site/odd/a", "21.5");
    say("site/odd/a", '{"temp": 21.5}');
    t.same(
      telemetry.unread().map(({ topic }) => topic),
      ["site/odd/b"],
    );
  },
);

t.test("a long payload is cut, and its length told", async (t) => {
  const { say, telemetry } = office();
  say("site/attic/a", JSON.stringify({ temp: 1, note: "x".repeat(20_000) }));
  const [message] = telemetry.of(attic);
  t.equal(message?.payload.length, 8_192);
  t.ok((message?.bytes ?? 0) > 20_000);
});

t.test("however many topics there are, memory has an end, and the quietest go first", async (t) => {
  const heard = createHeard();
  const payload = Buffer.from("1");
  const say = (topic: string, device: string) =>
    heard.note(
      { topic, payload, retained: false, receivedAtMs: 1 },
      { records: [{ record: "availability", device, state: "online", via: "mqtt" }], dialect: "homie" },
    );
  say("first", "quiet");
  say("other", "quiet");
  for (let n = 0; n < 1_999; n++) say(`topic/${n}`, "loud");
  t.same(
    heard.of("quiet").map(({ topic }) => topic),
    ["other"],
  );
  say("other", "quiet");
  for (let n = 0; n < 1_000; n++) say(`topic/${n}/more`, "loud");
  t.equal(heard.of("quiet").length, 1, "what speaks stays");
  t.equal(heard.of("loud").length, 1_999);
});

t.test("a mapping is tried on a message before it is saved, and counts from the moment it is", async (t) => {
  let saved: Mapping[] = [];
  const { say, telemetry } = office(() => saved);
  const mapping = { topic: "site/attic/a", path: "r.0.v", metric: "co2", unit: "ppm" };
  say("site/attic/a", '{"r": [{"v": 612}]}');
  const [message] = telemetry.of(attic);
  if (!message) throw new Error("nothing heard");
  t.same(telemetry.fields(message), [{ path: "r.0.v", value: "612" }]);
  t.match(telemetry.preview(message, mapping), [{ metric: "co2", value: 612, unit: "ppm" }]);
  t.notMatch(say("site/attic/a", '{"r": [{"v": 613}]}').records, [{ metric: "co2" }]);
  saved = [mapping];
  t.match(say("site/attic/a", '{"r": [{"v": 614}]}').records, [{ metric: "co2", value: 614 }]);
});
