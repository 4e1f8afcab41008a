import t from "tap";
import type { Decoded, Dialect, Message } from "../../appliance/model/contracts.ts";
import { createDecoder } from "../../appliance/payload/decoder.ts";
import { createIntake } from "../../appliance/payload/intake.ts";
import { countersInMemory } from "../helpers/mqtt/parts.ts";

function dialect(rank: number, decode: (message: Message) => Decoded, more: Partial<Dialect> = {}): Dialect {
  return { rank, claims: () => true, decode, ...more };
}
function message(topic: string, payload = "1"): Message {
  return { topic, payload: Buffer.from(payload), retained: false, receivedAtMs: 0 };
}
function sample(device: string, metric = "temperature", unit?: string) {
  return { record: "sample" as const, device, metric, value: 1, ...(unit ? { unit } : {}) };
}

t.test("the lowest rank that claims a topic decodes it", async (t) => {
  const decoder = createDecoder([
    { type: "last", dialect: dialect(9, () => ({ records: [sample("x:last")] })) },
    { type: "first", dialect: dialect(1, () => ({ records: [sample("x:first")] })) },
  ]);
  t.equal(decoder.decode(message("a")).dialect, "first");
});

t.test("a dialect that throws loses its message, the next message is read", async (t) => {
  const decoder = createDecoder([
    {
      type: "odd",
      dialect: dialect(1, ({ payload }) => {
        if (payload.length > 1) throw new Error("broken");
        return { records: [sample("x:a")] };
      }),
    },
  ]);
  t.match(decoder.decode(message("a", "22")), { records: [], reason: "odd failed on it" });
  t.equal(decoder.decode(message("a")).records.length, 1);
});

t.test("a payload that is passed on goes to the next that claims the topic", async (t) => {
  const decoder = createDecoder([
    { type: "first", dialect: dialect(1, () => ({ records: [], reason: "not mine", passOn: true })) },
    { type: "second", dialect: dialect(2, () => ({ records: [sample("x:b")] })) },
  ]);
  t.match(decoder.decode(message("a")), { dialect: "second", records: [{ device: "x:b" }] });
});

t.test("devices and series have limits; what is forgotten makes room", async (t) => {
  let records: Decoded["records"] = [];
  const decoder = createDecoder([{ type: "d", dialect: dialect(1, () => ({ records })) }], {
    devices: 2,
    seriesPerDevice: 2,
  });
  records = ["a", "b", "c"].map((metric) => sample("x:1", metric));
  t.match(decoder.decode(message("a")), {
    records: { length: 2 },
    capped: ["too many series of one device"],
  });
  records = [sample("x:2"), sample("x:3")];
  t.match(decoder.decode(message("a")), { records: { length: 1 }, capped: ["too many devices"] });
  records = [{ record: "forget", device: "x:2" }];
  decoder.decode(message("a"));
  records = [sample("x:3")];
  t.equal(decoder.decode(message("a")).records.length, 1);
});

for (const [name, topic] of [
  ["NUL", "a\0b"],
  ["newline", "a\nb"],
  ["600 bytes", "x".repeat(600)],
  ["wildcards", "a/+/b"],
  ["nothing", ""],
] as const)
  t.test(`a topic with ${name} is refused`, async (t) => {
    const decoder = createDecoder([{ type: "d", dialect: dialect(1, () => ({ records: [sample("x:1")] })) }]);
    t.match(decoder.decode(message(topic)), { records: [], reason: /topic/ });
  });

t.test("a catalogue metric in another unit is kept under a name of its own", async (t) => {
  const intake = createIntake(
    [{ type: "d", dialect: dialect(1, () => ({ records: [sample("x:1", "voc", "mg/m³")] })) }],
    countersInMemory(),
  );
  t.match(intake.take(message("a")), [{ metric: "voc_mg_m3", unit: "mg/m³" }]);
});

t.test("what gave nothing is counted by its reason", async (t) => {
  const counters = countersInMemory();
  const intake = createIntake(
    [{ type: "d", dialect: dialect(1, () => ({ records: [], reason: "payload is not JSON" })) }],
    counters,
  );
  intake.take(message("a"));
  t.equal(counters.all().get("mqtt_no_records_payload_is_not_json"), 1);
});
