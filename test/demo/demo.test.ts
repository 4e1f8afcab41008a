import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import t from "tap";
import { askAt, program, until } from "../helpers/appliance.ts";

const isAllowed = spawnSync("unshare", ["--user", "--map-root-user", "--net", "true"]).status === 0;
const skip = isAllowed || process.env.CI === "true" ? false : "network namespaces are not allowed here";

t.setTimeout(110_000);

interface Page {
  readonly sentence: string;
  readonly open: number;
}

t.test("the demo opens, breaks and mends a switch, and ends without a trace", { skip }, async (t) => {
  const demo = spawn(process.execPath, [program, "demo", "--http", "127.0.0.1:0"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let out = "";
  demo.stdout.setEncoding("utf8").on("data", (part: string) => {
    out += part;
  });
  t.teardown(() => demo.kill("SIGKILL"));
  const port = Number(await until(() => /127\.0\.0\.1:(\d+)/.exec(out)?.[1]));
  const where = { host: "127.0.0.1", port };
  const page = async (): Promise<Page | undefined> => {
    try {
      const { status, text } = await askAt(where, "/");
      if (status !== 200) return undefined;
      const incidents = JSON.parse((await askAt(where, "/api/v1/incidents?state=open")).text);
      return {
        sentence: /<h1[^>]*>([\s\S]*?)<\/h1>/.exec(text)?.[1]?.replace(/<[^>]+>/g, "") ?? "",
        open: incidents.items.length,
      };
    } catch {
      return undefined; // Not open yet.
    }
  };
  const says = (pattern: RegExp) =>
    until(async () => {
      const now = await page();
      return now && pattern.test(now.sentence) ? now : undefined;
    }, 500);

  t.equal((await says(/Everything works/)).open, 0);
  await until(() => (/pull switch 2/.test(out) ? true : undefined));
  demo.stdin.write("pull switch 2\n");
  t.equal((await says(/Switch 2/)).open, 1, "one cause, one incident");
  demo.stdin.write("mend all\n");
  t.equal((await says(/Everything works/)).open, 0);
  demo.stdin.write("sing a song\n");
  await until(() => (/There is no "sing a song"/.test(out) ? true : undefined));
  const ended = once(demo, "exit");
  demo.kill("SIGTERM");
  t.strictSame(await ended, [0, null]);
});
