import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import t from "tap";
import { parse } from "yaml";
import { serverPath, without } from "../helpers/servers.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../..", import.meta.url));
const deploy = path.join(root, "deploy");

function textOf(name: string): string {
  return readFileSync(path.join(root, name), "utf8");
}

t.test("the unit's exposure is at most 2.5", { skip: without("systemd-analyze") }, async (t) => {
  const unit = path.join(deploy, "porchlight.service");
  const { stdout } = await run("systemd-analyze", ["security", "--offline=true", "--no-pager", unit]);
  const score = Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
  t.ok(score <= 2.5, `exposure ${score}`);
});

const withoutRoot = process.getuid?.() === 0 ? without("fping", "unshare", "ip") : "needs root";
t.test(
  "fping pings and node takes low ports by ambient capabilities alone",
  { skip: withoutRoot },
  async (t) => {
    const unit = textOf("deploy/porchlight.service");
    t.match(unit, /^AmbientCapabilities=CAP_NET_RAW CAP_NET_BIND_SERVICE$/m);
    t.match(unit, /^CapabilityBoundingSet=CAP_NET_RAW CAP_NET_BIND_SERVICE$/m);
    t.match(unit, /^NoNewPrivileges=yes$/m);
    const asUnit = [
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      "--no-new-privs",
      "--bounding-set=-all,+net_raw,+net_bind_service",
      "--inh-caps=-all,+net_raw,+net_bind_service",
      "--ambient-caps=-all,+net_raw,+net_bind_service",
    ];
    const listen = `require("net").createServer().listen(80, function () { console.log("listens"); this.close() })`;
    const script = `ip link set lo up
    setpriv ${asUnit.join(" ")} -- fping -C 1 -q 127.0.0.1 2>&1
    setpriv ${asUnit.join(" ")} -- ${process.execPath} -e '${listen}'`;
    const { stdout } = await run("unshare", ["--net", "sh", "-ec", script]);
    t.match(stdout, /127\.0\.0\.1 : [\d.]+\nlistens/);
  },
);

t.test("the image is pinned, and its process is nobody's root", async (t) => {
  const dockerfile = textOf("Dockerfile");
  t.match(dockerfile, /^ARG NODE_IMAGE=node:24\.\d+\.\d+-bookworm-slim$/m);
  const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
  t.match(last, /^USER \d{4,}:\d{4,}$/m);
  t.match(last, /^HEALTHCHECK /m);
  t.match(last, /^VOLUME \/data$/m);
});

interface ComposeService {
  readonly image: string;
  readonly read_only?: boolean;
  readonly network_mode?: string;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
}

t.test("compose runs Porchlight read-only, with two capabilities and no engine's socket", async (t) => {
  const { services } = parse(textOf("deploy/compose.yaml")) as { services: Record<string, ComposeService> };
  t.match(services.porchlight, {
    network_mode: "host",
    read_only: true,
    cap_drop: ["ALL"],
    cap_add: ["NET_RAW", "NET_BIND_SERVICE"],
  });
  for (const [name, { image, volumes = [] }] of Object.entries(services)) {
    t.match(image, /:\d+\.\d+\.\d+$/, `${name} is pinned to one version`);
    t.notMatch(volumes.join(), /docker\.sock/);
  }
  t.same(services.influxdb?.ports, ["127.0.0.1:8086:8086"], "InfluxDB is not open to the network");
  t.match(textOf("package.json"), `"version": "${services.porchlight?.image.split(":")[1]}"`);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

t.test(
  "the broker's file is one that mosquitto takes",
  { skip: without("mosquitto", "mosquitto_pub") },
  async (t) => {
    const port = await freePort();
    const folder = t.testdir({ data: {}, passwords: "" });
    writeFileSync(path.join(folder, "acl"), textOf("deploy/mosquitto/acl"), { mode: 0o600 });
    const moved = textOf("deploy/mosquitto/mosquitto.conf")
      .replaceAll("/mosquitto/config/", `${folder}/`)
      .replaceAll("/mosquitto/data/", `${folder}/data/`)
      .replace(
        /^listener 1883$/m,
        `listener ${port} 127.0.0.1\nuser ${process.getuid?.() === 0 ? "root" : ""}`,
      )
      .replace(/^user $/m, "");
    writeFileSync(path.join(folder, "mosquitto.conf"), moved);
    const passwords = path.join(folder, "passwords");
    for (const user of ["porchlight", "hall"])
      await run(String(serverPath("mosquitto")).replace(/sbin\/mosquitto$/, "bin/mosquitto_passwd"), [
        "-b",
        passwords,
        user,
        "secret",
      ]);
    const broker = spawn(String(serverPath("mosquitto")), ["-v", "-c", path.join(folder, "mosquitto.conf")]);
    t.teardown(async () => {
      if (broker.exitCode !== null) return;
      const ended = once(broker, "exit");
      broker.kill();
      await ended;
    });
    let log = "";
    const isRunning = new Promise<boolean>((resolve) => {
      broker.on("exit", () => resolve(false));
      broker.stderr.on("data", (text) => {
        log += text;
        if (log.includes("running")) resolve(true);
      });
    });
    if (!(await isRunning)) return t.fail(`mosquitto ended: ${log}`);
    const at = ["-h", "127.0.0.1", "-p", String(port)];
    const publish = (...args: string[]) => run("mosquitto_pub", [...at, "-q", "1", "-m", "21.5", ...args]);
    await t.rejects(publish("-t", "hall/temperature"), /not authori[sz]ed/i, "nobody without a password");
    await publish("-u", "hall", "-P", "secret", "-r", "-t", "hall/temperature");
    await publish("-u", "hall", "-P", "secret", "-r", "-t", "kitchen/temperature");
    const { stdout } = await run("mosquitto_sub", [
      ...at,
      "-u",
      "porchlight",
      "-P",
      "secret",
      "-v",
      "-t",
      "#",
      "-W",
      "1",
    ]).catch((error: { stdout: string }) => error);
    t.equal(stdout, "hall/temperature 21.5\n", "a sensor writes its own branch only, Porchlight reads it");
  },
);

t.test("install.sh --dry-run says what it would do and does nothing", async (t) => {
  const { stdout } = await run("bash", [path.join(deploy, "install.sh"), "--dry-run", "--no-start"]).catch(
    (error: { stdout: string; stderr: string }) => ({ stdout: error.stdout + error.stderr }),
  );
  // On a machine without Node from the system, it says where to get one instead.
  t.match(stdout, /^\+ systemctl enable porchlight$|Node 20\.19 or newer is needed/m);
  t.notMatch(stdout, /^\+ systemctl restart porchlight$/m);
});

t.test("install.sh refuses an option that it does not know", async (t) => {
  await t.rejects(run("bash", [path.join(deploy, "install.sh"), "--yes"]), { code: 2, stderr: /^Usage: / });
});
