// The import table of docs/ARCHITECTURE.md, for `npm run check` and test/architecture.test.ts.

const plugins = ["collectors", "dialects", "finders", "stores", "checks", "notifiers", "reports"];

/** Beside itself, the model and what is named here, a folder of the appliance imports no code of ours. */
const mayImport = {
  model: [],
  config: ["appliance/model"],
  snmp: ["appliance/model"],
  engine: ["appliance/model"],
  inventory: ["appliance/model"],
  access: ["appliance/model"],
  state: ["appliance/model"],
  broker: ["appliance/model"],
  // What the local stores share: the worker thread, the packed chunks.
  series: ["appliance/model"],
  // What collectors share.
  probe: ["appliance/model"],
  // What dialects share, and what picks one for a message.
  payload: ["appliance/model"],
  api: ["appliance/model"],
  collectors: [
    "appliance/model",
    "appliance/config/fields.ts",
    "appliance/snmp",
    "appliance/probe",
    // The collector of MQTT hands its messages to the dialects by this.
    "appliance/payload",
  ],
  finders: ["appliance/model", "appliance/config/fields.ts", "appliance/snmp", "appliance/probe"],
  stores: ["appliance/model", "appliance/config/fields.ts", "appliance/series"],
  dialects: ["appliance/model", "appliance/config/fields.ts", "appliance/payload"],
  checks: ["appliance/model", "appliance/config/fields.ts"],
  notifiers: ["appliance/model", "appliance/config/fields.ts"],
  reports: ["appliance/model", "appliance/config/fields.ts"],
};

/** Library to the places that may import it. */
const homes = {
  aedes: ["appliance/broker/"],
  "aedes-persistence": ["appliance/broker/"],
  "better-sqlite3": ["appliance/state/", "appliance/broker/", "appliance/series/", "appliance/stores/"],
  express: ["appliance/api/", "web/", "appliance/app.ts"],
  "express-rate-limit": ["appliance/api/", "web/"],
  helmet: ["appliance/api/", "web/"],
  influx: ["appliance/stores/influx[^/]*[.]ts"],
  mqtt: ["appliance/collectors/mqtt[.]ts", "appliance/demo/"],
  nodemailer: ["appliance/notifiers/email[.]ts"],
  ping: ["appliance/collectors/ping[.]ts", "appliance/probe/"],
  pino: ["appliance/log[.]ts"],
  ws: ["appliance/broker/"],
  yaml: ["appliance/config/", "appliance/snmp/profiles[.]ts"],
  zod: [
    "appliance/config/",
    ...plugins.map((folder) => `appliance/${folder}/`),
    "appliance/snmp/",
    "appliance/api/",
    "web/",
  ],
};

const startOf = (path) => `^${path.replaceAll(".", "[.]")}(/|$)`;

const folderRules = Object.entries(mayImport).map(([folder, allowed]) => ({
  name: `${folder}-imports`,
  comment: `appliance/${folder}/ may import ${allowed.join(", ") || "nothing of ours"}.`,
  severity: "error",
  from: { path: startOf(`appliance/${folder}`) },
  to: {
    path: "^(appliance|web|test)/",
    pathNot: [
      folder === "model" || !plugins.includes(folder) ? startOf(`appliance/${folder}`) : "^$",
      ...allowed.map(startOf),
    ],
  },
}));

const libraryRules = Object.entries(homes).map(([library, places]) => ({
  name: `${library}-home`,
  comment: `${library} is imported in ${places.join(", ")} only.`,
  severity: "error",
  from: { path: "^(appliance|web)/", pathNot: places.map((place) => `^${place}`) },
  to: { path: `(^|/)node_modules/(@types/)?${library}(/|$)` },
}));

export default {
  forbidden: [
    ...folderRules,
    ...libraryRules,
    {
      name: "web-imports",
      comment: "web/ may import the model only.",
      severity: "error",
      from: { path: "^web/" },
      to: { path: "^(appliance|test)/", pathNot: "^appliance/model/" },
    },
    {
      name: "no-tests-in-the-product",
      severity: "error",
      from: { path: "^(appliance|web)/" },
      to: { path: "^test/" },
    },
    {
      // app.ts, main.ts, the commands, wiring/ and demo/ put the parts together: they may import everything.
      name: "tools-of-the-top",
      comment: "clock.ts, log.ts and plugins.ts may import the model only.",
      severity: "error",
      from: { path: "^appliance/(clock|log|plugins)[.]ts$" },
      to: { path: "^(appliance|web)/", pathNot: "^appliance/model/" },
    },
    {
      name: "no-import-of-main",
      severity: "error",
      from: { path: "^(appliance|web)/" },
      to: { path: "^appliance/main[.]ts$" },
    },
    {
      name: "no-circles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "no-development-packages",
      comment: "What runs may import only what is installed for running.",
      severity: "error",
      from: { path: "^(appliance|web)/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["type-only"],
        pathNot: "node_modules/@types/",
      },
    },
  ],
  options: {
    doNotFollow: { path: ["node_modules"] },
    exclude: { path: ["^web/static/", "^build/"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
