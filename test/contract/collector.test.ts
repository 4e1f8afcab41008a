import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import { systemClock } from "../../appliance/clock.ts";
import type { Collector, CollectorPlugin } from "../../appliance/model/contracts.ts";
import { collectorDeps, target } from "../helpers/engine.ts";

const folder = new URL("../../appliance/collectors/", import.meta.url);
const files = readdirSync(fileURLToPath(folder)).filter((name) => /^[a-z-]+\.js$/.test(name));

/** What a device's section must say at least, where it must say something. */
const least: Readonly<Record<string, unknown>> = { tcp: { port: 1 } };

t.ok(files.length >= 5, "sees the plugins");
for (const file of files) {
  t.test(`collector ${file}`, async (t) => {
    const { collector } = (await import(new URL(file, folder).href)) as { collector: CollectorPlugin };
    t.equal(collector.type, file.replace(/\.js$/, ""), "its type is its file's name");
    t.ok(collector.summary.length > 10, "it says what it does");
    const settings = collector.config.parse(undefined);
    t.throws(() => collector.config.parse({ nonsense: 1 }), "an unknown setting is refused");
    if (collector.target) t.throws(() => collector.target?.parse({ nonsense: 1 }), "also of a device");
    const make = (): Collector =>
      collector.create(settings, collectorDeps(systemClock, { dataDir: t.testdirName }));
    const one = make();
    t.ok(one.poll || one.listen, "it polls or listens");
    if (one.poll && collector.target && ["tcp", "http", "dns"].includes(collector.type)) {
      const dead = target(collector.type, "127.0.0.1", collector.target.parse(least[collector.type] ?? {}), {
        timeoutMs: 300,
      });
      const { signal } = new AbortController();
      const before = (await one.poll([dead], { signal })) ?? [];
      const said = before.filter(({ record }) => record === "availability");
      t.equal(said.length, 1, "says of a device once whether it answers");
      const stopped = AbortSignal.abort(new Error("Stopping."));
      await t.rejects(one.poll([dead], { signal: stopped }), "does not go on when it is cancelled");
    }
    one.forget?.("dev:nothing");
    await one.close();
    await t.resolves(make().close(), "one that was never used closes too");
  });
}
