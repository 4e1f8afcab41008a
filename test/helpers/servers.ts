import { accessSync, constants } from "node:fs";
import path from "node:path";

/** Programs the tests run, with the Debian package each comes from (test/provide-servers.sh installs them). */
const packages = {
  snmpd: "snmpd",
  snmpget: "snmp",
  fping: "fping",
  influxd: "influxdb",
  influx: "influxdb-client",
  mosquitto: "mosquitto",
  mosquitto_pub: "mosquitto-clients",
  chromium: "chromium",
  ip: "iproute2",
  unshare: "util-linux",
  openssl: "openssl",
  "systemd-analyze": "systemd",
} as const;
export type ServerProgram = keyof typeof packages;

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not in this folder of the search path.
    return false;
  }
}

/** The path of a program; undefined when it is not installed. Debian keeps servers out of a user's PATH. */
export function serverPath(program: ServerProgram): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders.map((folder) => path.join(folder, program)).find(isExecutable);
}

/**
 * For a test's options: `t.test("...", { skip: without("snmpd", "snmpget") }, ...)`.
 *
 * @returns the reason to skip; false when all are here, and always with CI=true: there the test has to fail
 */
export function without(...programs: ServerProgram[]): string | false {
  const missing = programs.filter((program) => serverPath(program) === undefined);
  if (missing.length === 0 || process.env.CI === "true") return false;
  return missing.map((program) => `no ${program} here (Debian package ${packages[program]})`).join(", ");
}
