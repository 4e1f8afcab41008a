import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../../appliance/clock.ts";
import { collector } from "../../../appliance/collectors/snmp-trap.ts";
import type { Target } from "../../../appliance/model/contracts.ts";
import type { Event, Observation } from "../../../appliance/model/observation.ts";
import { type DeviceId, deviceId } from "../../../appliance/model/site.ts";
import type { Clock } from "../../../appliance/model/time.ts";
import type { PolledEngine } from "../../../appliance/snmp/usm-engine.ts";
import { collectorDeps, quietLog } from "./deps.ts";

interface Teardown {
  teardown(run: () => unknown): unknown;
}

const fixtures = fileURLToPath(new URL("../../fixtures/mibs", import.meta.url));
const switchId = deviceId("switch-1");

/** A receiver of traps on a free loopback port, for devices that are polled by these settings. */
export async function trapReceiver(
  t: Teardown,
  options: {
    readonly targets: readonly Target[];
    readonly settings?: object;
    readonly clock?: Clock;
    readonly mibs?: readonly string[];
  },
) {
  const dataDir = mkdtempSync(path.join(tmpdir(), "porchlight-traps-"));
  mkdirSync(path.join(dataDir, "mibs"));
  for (const name of readdirSync(fixtures))
    if (options.mibs?.includes(name))
      copyFileSync(path.join(fixtures, name), path.join(dataDir, "mibs", name));
  const events: Event[] = [];
  const others: Observation[] = [];
  const polled: DeviceId[] = [];
  const warnings: string[] = [];
  let wake = () => {};
  let opened: (port: number) => void = () => {};
  const listening = new Promise<number>((resolve) => {
    opened = resolve;
  });
  const engines = new Map<string, PolledEngine>();
  const ports = [1, 2, 3].map((ifIndex) => ({ id: `gi${ifIndex}`, ifIndex, ifName: `gi${ifIndex}` }));
  const parts = {
    dataDir,
    targets: () => options.targets,
    device: (id: DeviceId) => (id === switchId ? { ports } : { ports: [] }),
    pollDevice: (id: DeviceId) => void polled.push(id),
    engines,
    onListening: (port: number) => opened(port),
  };
  const deps = collectorDeps(options.clock ?? systemClock, { parts, log: quietLog(warnings) });
  const made = collector.create(collector.config.parse({ listen: "127.0.0.1:0", ...options.settings }), deps);
  const leaving = new AbortController();
  const running = made.listen(
    async (observations) => {
      for (const one of observations) (one.record === "event" ? events : others).push(one as Event);
      wake();
    },
    { signal: leaving.signal },
  );
  t.teardown(async () => {
    leaving.abort();
    await running;
    rmSync(dataDir, { recursive: true, force: true });
  });
  const port = await Promise.race([listening, running.then(() => 0)]);
  return {
    port,
    events,
    others,
    polled,
    warnings,
    engines,
    dataDir,
    count: (name: string) => deps.counters.all().get(name) ?? 0,
    /** Resolves when there are that many events. */
    async reached(many: number): Promise<void> {
      while (events.length < many)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    },
  };
}

/** A device that is polled by SNMP with these settings. */
export function sendingTarget(address: string, settings: object, device: DeviceId = switchId): Target {
  return {
    id: `${device}:snmp`,
    device,
    type: "snmp",
    address,
    settings: { version: "2c", port: 161, ...settings },
    intervalMs: 60_000,
    timeoutMs: 2_000,
  };
}

/** Runs a tool of net-snmp; resolves with its exit code and what it wrote. */
export function tool(
  name: "snmptrap" | "snmpinform",
  words: readonly string[],
): Promise<{ readonly code: number; readonly said: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), "porchlight-tool-"));
  const child = spawn(name, words, {
    env: { PATH: "/usr/bin:/bin", MIBS: "", SNMP_PERSISTENT_DIR: folder, SNMPCONFPATH: folder },
  });
  let said = "";
  child.stdout.on("data", (bytes) => {
    said += String(bytes);
  });
  child.stderr.on("data", (bytes) => {
    said += String(bytes);
  });
  return new Promise((resolve) =>
    child.once("exit", (code) => {
      rmSync(folder, { recursive: true, force: true });
      resolve({ code: code ?? -1, said });
    }),
  );
}
