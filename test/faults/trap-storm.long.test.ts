import { execFile } from "node:child_process";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t from "tap";
import { Secret } from "../../appliance/model/secret.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { availabilityOf } from "../helpers/snmp/small-switch.ts";
import { sendingTarget, trapReceiver } from "../helpers/snmp/traps.ts";
import { watchedSwitch } from "../helpers/snmp/watching.ts";

const sender = fileURLToPath(new URL("./trap-sender.js", import.meta.url));
const run = promisify(execFile);
const storms = [
  { rate: 2_000, seconds: 60 },
  { rate: 10_000, seconds: 10 },
];

for (const { rate, seconds } of storms)
  t.test(`${rate} traps a second for ${seconds} s`, { timeout: 200_000 }, async (t) => {
    const target = sendingTarget("127.0.0.1", { community: new Secret("office") });
    const receiver = await trapReceiver(t, { targets: [target] });
    const { made, one } = await watchedSwitch(t);
    const { signal } = new AbortController();
    await made.poll([one], { signal });
    const loop = monitorEventLoopDelay({ resolution: 5 });
    loop.enable();
    const cpu = process.cpuUsage();
    const startMs = performance.now();
    let firstMs = Number.NaN;
    void receiver.reached(1).then(() => {
      firstMs = performance.now() - startMs;
    });
    const state = { isOver: false };
    const storm = run(process.execPath, [sender, `${receiver.port}`, `${rate}`, `${seconds}`]).finally(() => {
      state.isOver = true;
    });
    let polls = 0;
    let missed = 0;
    while (!state.isOver) {
      polls++;
      if (availabilityOf(await made.poll([one], { signal }))?.state !== "online") missed++;
      await wait(500);
    }
    const sent = Number((await storm).stdout);
    const used = process.cpuUsage(cpu);
    loop.disable();
    const cpuShare = (used.user + used.system) / 10 / (performance.now() - startMs);
    // The receiver looks for what the kernel dropped every ten seconds.
    await wait(10_500);
    const received = receiver.count("traps_received");
    const dropped = receiver.count("traps_dropped_by_kernel");
    const events = receiver.events.filter(({ device }) => device === deviceId("switch-1"));
    t.comment(
      `sent ${sent}: received ${received}, dropped by the kernel ${dropped}, read ${receiver.count("traps_taken")}, above the budget ${receiver.count("traps_refused_rate")}; first event after ${firstMs.toFixed(0)} ms, events ${events.length}, polls of the device ${receiver.polled.length}; polls beside it ${polls}, missed ${missed}; event loop p99 ${(loop.percentile(99) / 1e6).toFixed(0)} ms, most ${(loop.max / 1e6).toFixed(0)} ms; processor ${cpuShare.toFixed(0)} % of one`,
    );
    t.equal(missed, 0);
    t.equal(received + dropped, sent, "every trap is accounted for");
    t.ok(events.length <= 1 + Math.ceil(seconds / 60) + 1, "one row a minute");
    t.ok(firstMs < 5_000);
  });
