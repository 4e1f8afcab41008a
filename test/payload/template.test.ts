import t from "tap";
import { parseTemplate } from "../../appliance/payload/template.ts";

const json = '{"a":{"b":21.46},"list":[{"t":5},7],"raw":412,"text":"12.6","word":"open","yes":true}';
const cases = [
  { template: "", payload: "21.5", expected: "21.5" },
  { template: "{{ value }}", payload: "21.5", expected: "21.5" },
  { template: "{{value_json.a.b}}", expected: 21.46 },
  { template: "{{ value_json['a'][\"b\"] }}", expected: 21.46 },
  { template: "{{ value_json.list[0].t }}", expected: 5 },
  { template: "{{ value_json.list[1] }}", expected: 7 },
  { template: "{{ value_json.a.b | round(1) }}", expected: 21.5 },
  { template: "{{ value_json.a.b|float|round }}", expected: 21 },
  { template: "{{ value_json.text | int }}", expected: 12 },
  { template: "{{ value_json.raw / 10 }}", expected: 41.2 },
  { template: "{{ (value_json.raw | float * 0.1) | round(1) }}", expected: 41.2 },
  { template: "{{ value_json.raw / 10 | round(1) }}", expected: 41.2 },
  { template: "{{ value_json.none | default(3) }}", expected: 3 },
  { template: "{{ value_json.none | default('off') }}", expected: "off" },
  { template: "{{ value_json.none }}", expected: undefined },
  { template: "{{ value_json.word | float }}", expected: undefined },
  { template: "{{ value_json.constructor.name }}", expected: undefined },
  { template: "{{ value_json.__proto__.toString }}", expected: undefined },
  { template: "{{ value_json.yes }}", expected: true },
  { template: "{{ value_json.a.b }}", payload: "not json", expected: undefined },
];
for (const { template, payload = json, expected } of cases)
  t.test(`${template || "(empty)"} of ${payload.slice(0, 12)}`, async (t) =>
    t.equal(parseTemplate(template)?.read(payload), expected),
  );

for (const template of [
  "{% if value == 'x' %}1{% endif %}",
  "{{ states('sensor.x') }}",
  "{{ value_json.a * 2 * 3 }}",
  "{{ value_json.a + 1 }}",
  "{{ value_json.a | regex_replace('a','b') }}",
  "{{ value_json.a }} {{ value_json.b }}",
  "{{ value_json.a / 0 }}",
])
  t.test(`not read: ${template}`, async (t) => t.equal(parseTemplate(template), undefined));
