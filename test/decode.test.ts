import { existsSync, readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import t from "tap";
import { runDecode } from "../appliance/decode.ts";
import { differences, type Expectation, type Printed } from "./helpers/mqtt/compare.ts";

async function decode(args: readonly string[], input = "") {
  const out: string[] = [];
  const errors: string[] = [];
  const code = await runDecode(args, {
    stdin: Readable.from([Buffer.from(input)]),
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => errors.push(text) },
    nowMs: Date.UTC(2026, 2, 2, 9),
  });
  const lines = out.join("").split("\n").filter(Boolean);
  return { code, errors: errors.join(""), lines: lines.map((line) => JSON.parse(line) as Printed) };
}

const json = (value: unknown) => `${JSON.stringify(value)}\n`;

t.test("one line in gives one line out, with a reason when nothing comes of it", async (t) => {
  const { code, lines } = await decode(
    ["-"],
    json({ id: "a", topic: "site/hall/temperature", payload: "21" }) +
      json({ id: "b", topic: "site/hall/x", payload: "{" }),
  );
  t.equal(code, 0);
  t.same(lines, [
    {
      id: "a",
      dialect: "generic",
      records: [
        {
          record: "sample",
          device: "json:site/hall/temperature",
          metric: "temperature",
          value: 21,
          unit: "°C",
        },
      ],
    },
    { id: "b", dialect: "generic", records: [], reason: "payload is not JSON" },
  ]);
});

t.test("a message starts from what it needs and from nothing else", async (t) => {
  const config = {
    id: "config",
    topic: "homeassistant/sensor/x/config",
    payload: json({ state_topic: "x/t", device_class: "temperature", device: { identifiers: "x1" } }),
    retained: true,
  };
  const state = { topic: "x/t", payload: "21.5" };
  const { lines } = await decode(
    ["-"],
    json({ ...state, id: "with", needs: ["config"] }) + json(config) + json({ ...state, id: "without" }),
  );
  t.match(lines[0]?.records, [{ device: "ha:x1", metric: "temperature" }]);
  t.match(lines[2]?.records, [{ device: "json:x/t" }]);
});

t.test("broken lines are answered one by one", async (t) => {
  const { code, lines } = await decode(
    ["-"],
    `not json\n[1]\n${json({ id: "x" })}${json({ id: "y", topic: "a/b" })}`,
  );
  t.equal(code, 0);
  t.same(
    lines.map(({ reason }) => reason),
    ["line is not JSON", "line is not a JSON object", "topic is missing", "payload is missing"],
  );
});

t.test("needs that are missing or go in a circle do not end it", async (t) => {
  const { lines } = await decode(
    ["-"],
    json({ id: "a", topic: "x/temp", payload: "1", needs: ["b", "nowhere"] }) +
      json({ id: "b", topic: "x/temp", payload: "2", needs: ["a"] }),
  );
  t.match(lines, [{ id: "a", missing: ["nowhere"] }, { id: "b" }]);
});

t.test("a wrong command line and an unreadable file say so", async (t) => {
  t.equal((await decode([])).code, 2);
  const { code, errors } = await decode(["/nowhere/at/all.jsonl"]);
  t.equal(code, 1);
  t.match(errors, /cannot be read/);
});

const corpus = fileURLToPath(new URL("../../../shared/corpus-mqtt/samples.jsonl", import.meta.url));
const skip = existsSync(corpus) ? false : "the shared corpus of MQTT samples is not beside this project";

t.test("the shared corpus", { skip }, async (t) => {
  const wanted = readFileSync(corpus, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Expectation);
  const { lines } = await decode([corpus]);
  let good = 0;
  for (const [i, expectation] of wanted.entries()) {
    const got = lines[i];
    const problems = got ? differences(expectation, got) : ["no line came out"];
    if (problems.length === 0) good++;
    t.same(problems, [], expectation.id);
  }
  t.comment(`corpus: ${good}/${wanted.length}`);
});
