import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "./appliance.ts";
import { serverPath } from "./servers.ts";

export const community = "test-community";

/** Debian's snmpd on a loopback port, with files of its own; it can be killed and started again on the same port. */
export interface RealSnmpd {
  readonly port: number;
  start(): Promise<void>;
  /** As a crash: no goodbye. */
  kill(): Promise<void>;
}

export async function realSnmpd(
  t: { teardown(end: () => unknown): void },
  folder: string,
  port: number,
): Promise<RealSnmpd> {
  const state = join(folder, "snmpd");
  const config = join(folder, "snmpd.conf");
  mkdirSync(state, { recursive: true });
  writeFileSync(config, `rocommunity ${community} 127.0.0.1\nsysName test-server\nsysLocation Rack\n`);
  let child: ChildProcess | undefined;
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  const answers = () =>
    promisify(execFile)("snmpget", [
      "-v2c",
      "-c",
      community,
      "-t1",
      "-r0",
      `127.0.0.1:${port}`,
      "1.3.6.1.2.1.1.5.0",
    ]).then(
      () => true,
      () => undefined,
    );
  const start = async () => {
    child = spawn(
      serverPath("snmpd") ?? "snmpd",
      ["-f", "-Lo", "-C", "-c", config, "-p", join(state, "pid"), `udp:127.0.0.1:${port}`],
      { stdio: "ignore", env: { ...process.env, SNMP_PERSISTENT_DIR: state, MIBS: "" } },
    );
    await until(answers);
  };
  t.teardown(kill);
  await start();
  return { port, start, kill };
}
