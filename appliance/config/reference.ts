import { z } from "zod";
import { discoverSection } from "./discover.ts";
import { ruleFields } from "./rules.ts";
import {
  asZod,
  brokerSection,
  deviceFields,
  type PluginSection,
  type PluginSections,
  siteSection,
  webSection,
} from "./schema.ts";
import { alternatives, fieldMark } from "./schema-walk.ts";

const forms: Readonly<Record<string, string>> = {
  duration: "duration: `30s`, `5m`, `12h`",
  size: "size: `500MB`, `8GB`",
  secret: "secret: text, `{env: NAME}` or `{file: PATH}`",
  "secret-url": "URL, kept secret: text, `{env: NAME}` or `{file: PATH}`",
  host: "host name or IP address",
  port: "port, 1 to 65535",
  listen: "`HOST:PORT`, `:PORT` or `unix:/path`",
  cidr: "network: `10.0.0.0/24`",
  "topic-filter": "MQTT topic filter",
  "device-id": "id of a device",
  id: "id",
  url: "URL",
  timezone: "time zone: `Europe/Berlin`",
};

interface Row {
  readonly key: string;
  readonly form: string;
  readonly standard: string;
  readonly what: string;
}

type Json = Readonly<Record<string, unknown>>;

function jsonOf(schema: z.ZodType): Json {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" }) as Json;
}

function range({ minimum, maximum }: Json): string {
  const isGiven = (value: unknown) => typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  if (isGiven(minimum) && isGiven(maximum)) return `, ${minimum} to ${maximum}`;
  if (isGiven(minimum)) return `, from ${minimum}`;
  return isGiven(maximum) ? `, up to ${maximum}` : "";
}

function formOf(schema: z.ZodType): string {
  const mark = fieldMark(schema);
  if (mark !== undefined && forms[mark] !== undefined) return forms[mark];
  const found = alternatives(schema).map((inner): string => {
    const innerMark = fieldMark(inner);
    if (innerMark !== undefined && forms[innerMark] !== undefined) return forms[innerMark];
    if (inner instanceof z.ZodEnum || inner instanceof z.ZodLiteral)
      return [...(inner.def.type === "enum" ? (inner as z.ZodEnum).options : (inner as z.ZodLiteral).values)]
        .map((value) => `\`${String(value)}\``)
        .join(", ");
    if (inner instanceof z.ZodArray) return `list of ${formOf(inner.def.element as z.ZodType)}`;
    if (inner instanceof z.ZodObject) return "section";
    const json = jsonOf(inner);
    const words: Readonly<Record<string, string>> = {
      integer: "whole number",
      number: "number",
      string: "text",
      boolean: "`true` or `false`",
    };
    return `${words[String(json.type)] ?? "value"}${range(json)}`;
  });
  const ways = [...new Set(found)];
  const [first = "", second] = ways;
  if (ways.length === 2 && second === `list of ${first}`) return `${first}; or a list of these`;
  return ways.join("; or ");
}

function isRequired(schema: z.ZodType): boolean {
  return !schema.safeParse(undefined).success;
}

function standardOf(schema: z.ZodType): string {
  const value = jsonOf(schema).default;
  if (value !== undefined && value !== "" && JSON.stringify(value) !== "{}")
    return `\`${JSON.stringify(value).replace(/^"(.*)"$/, "$1")}\``;
  return isRequired(schema) ? "required" : "";
}

/** The object that a field is, or is a list of. */
function objectIn(schema: z.ZodType): { object: z.ZodObject; isList: boolean } | undefined {
  for (const inner of alternatives(schema)) {
    if (inner instanceof z.ZodObject) return { object: inner, isList: false };
    if (inner instanceof z.ZodArray) {
      const element = alternatives(inner.def.element as z.ZodType).find((one) => one instanceof z.ZodObject);
      if (element instanceof z.ZodObject) return { object: element, isList: true };
    }
  }
  return undefined;
}

function rowsOf(shape: Readonly<Record<string, z.ZodType>>, prefix = ""): Row[] {
  return Object.entries(shape).flatMap(([name, schema]) => {
    const inner = objectIn(schema);
    const key = `${prefix}${name}${inner?.isList ? "[]" : ""}`;
    const row = {
      key,
      form: formOf(schema),
      standard: standardOf(schema),
      what: schema.description ?? "",
    };
    return inner ? [row, ...rowsOf(inner.object.def.shape, `${key}.`)] : [row];
  });
}

function table(rows: readonly Row[]): string {
  if (rows.length === 0) return "Nothing to set.\n";
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const lines = rows.map(
    ({ key, form, standard, what }) => `| \`${key}\` | ${cell(form)} | ${cell(standard)} | ${cell(what)} |`,
  );
  return ["| key | form | default | what |", "| --- | --- | --- | --- |", ...lines, ""].join("\n");
}

const shapeOf = (schema: z.ZodType) => objectIn(schema)?.object.def.shape ?? {};

function pluginTables(
  plugins: ReadonlyMap<string, PluginSection>,
  schemaOf: (plugin: PluginSection) => PluginSection["config"] | undefined,
  title: (type: string) => string,
): string {
  return [...plugins.values()]
    .flatMap((plugin) => {
      const schema = schemaOf(plugin);
      if (!schema) return [];
      const rows = rowsOf(shapeOf(asZod(schema, plugin.type)));
      return [`### ${title(plugin.type)}\n\n${plugin.summary.replace(/\.?$/, ".")}\n\n${table(rows)}`];
    })
    .join("\n");
}

const intro = `# Configuration

Made from the schemas that check the file: \`npm run --silent check-config -- --reference > docs/CONFIGURATION.md\`.

One YAML 1.2 file, \`porchlight.yaml\` where the box is started, or \`--config FILE\`. Everything has a default: without a
file the box watches itself, its gateway, name lookup and the way to the internet. \`npm run --silent check-config -- FILE\`
lists every mistake with its line. A key that is not listed here is a mistake.

Secrets are written as text, as \`{env: NAME}\` from the environment, or as \`{file: PATH}\` (relative to the folder of this
file, final line break left out). They are never printed. \`SIGHUP\` reads the file again; a wrong one is refused and the old
one stays in force. Numbers are in the unit of the metric's catalogue.
`;

/** The names of all settings, each once: what the example file must show. */
export function settingNames(plugins: PluginSections): string[] {
  const schemas = [
    ...[...plugins.collectors.values()].flatMap(({ config, target }) =>
      target ? [config, target] : [config],
    ),
    ...[plugins.dialects, plugins.finders, plugins.checks, plugins.notifiers, plugins.stores].flatMap(
      (kind) => [...kind.values()].map(({ config }) => config),
    ),
  ].map((schema) => shapeOf(asZod(schema, "plugin")));
  const shapes = [
    shapeOf(siteSection),
    shapeOf(webSection),
    shapeOf(brokerSection),
    shapeOf(discoverSection),
    deviceFields,
    ruleFields,
  ];
  const rows = [...shapes, ...schemas].flatMap((shape) => rowsOf(shape));
  return [...new Set(rows.map(({ key }) => key.replace(/\[\]$/, "").replace(/^.*\./, "")))];
}

function discoverParts(plugins: PluginSections): string[] {
  return [
    `## discover

What is looked for in the network, and proposed on the page \`/inbox\`. With the section, the networks are looked through every \`interval\`; without it only when somebody asks for it there. Nothing is watched before a person or a rule approves it.

${table(rowsOf(shapeOf(discoverSection)))}`,
    `## discover.finders

How each way of looking works; \`mdns: off\` takes one away.
`,
    pluginTables(
      plugins.finders,
      ({ config }) => config,
      (type) => `discover.finders.${type}`,
    ),
  ];
}

/** The reference page, as Markdown. */
export function reference(plugins: PluginSections): string {
  const parts = [
    intro,
    `## version\n\n\`version: 1\` is the version of this format, and the default.\n`,
    `## site\n\nThe place.\n\n${table(rowsOf(shapeOf(siteSection)))}`,
    `## web\n\nThe page and the API.\n\n${table(rowsOf(shapeOf(webSection)))}`,
    `## devices\n\nA list. A device with an address is pinged unless it says \`ping: off\`; each further section below names one more way of asking it, and may be a list of several.\n\n${table(rowsOf(deviceFields))}`,
    pluginTables(
      plugins.collectors,
      ({ target }) => target,
      (type) => `devices[].${type}`,
    ),
    `## collect\n\nHow each way of measuring works for all devices.\n`,
    pluginTables(
      plugins.collectors,
      ({ config }) => config,
      (type) => `collect.${type}`,
    ),
    `## broker\n\nThe built-in MQTT broker.\n\n${table(rowsOf(shapeOf(brokerSection)))}`,
    `## dialects\n\nHow MQTT payloads are read.\n`,
    pluginTables(
      plugins.dialects,
      ({ config }) => config,
      (type) => `dialects.${type}`,
    ),
    ...discoverParts(plugins),
    `## rules\n\nA list. A rule replaces the shipped one of the same id (deploy/rules.default.yaml); \`{id: ..., check: off}\` switches it off. Beside the keys here a rule has those of its check.\n\n${table(rowsOf(ruleFields))}`,
    pluginTables(
      plugins.checks,
      ({ config }) => config,
      (type) => `check: ${type}`,
    ),
    `## notify\n\nWho is told: \`notify.<id>\` with a \`type\`. The id is what \`tell\` of a rule names.\n`,
    pluginTables(
      plugins.notifiers,
      ({ config }) => config,
      (type) => `type: ${type}`,
    ),
    `## stores\n\nWhere history is kept besides the box itself.\n`,
    pluginTables(
      plugins.stores,
      ({ config }) => config,
      (type) => `stores.${type}`,
    ),
  ];
  return `${parts.map((part) => part.trim()).join("\n\n")}\n`;
}
