import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface Snmpd {
  readonly address: string;
  readonly port: number;
  stop(): Promise<void>;
}

export interface SnmpdUser {
  readonly name: string;
  readonly auth?: { readonly protocol: string; readonly key: string };
  readonly priv?: { readonly protocol: string; readonly key: string };
}

/** Debian's agent on a free loopback port with files of its own: v1 and v2c with community `public`, and the users given. */
export async function startSnmpd(users: readonly SnmpdUser[] = []): Promise<Snmpd> {
  const folder = await mkdtemp(path.join(tmpdir(), "snmpd-"));
  const port = await freePort();
  const lines = [
    "rocommunity public 127.0.0.1",
    "sysName bench-box",
    "sysLocation lab",
    "sysContact nobody",
    "disk / 10%",
  ];
  for (const { name, auth, priv } of users) {
    const keys = [auth && `${auth.protocol} "${auth.key}"`, priv && `${priv.protocol} "${priv.key}"`]
      .filter(Boolean)
      .join(" ");
    lines.push(`createUser ${name} ${keys}`, `rouser ${name} ${priv ? "priv" : auth ? "auth" : "noauth"}`);
  }
  const file = path.join(folder, "snmpd.conf");
  await writeFile(file, `${lines.join("\n")}\n`);
  const args = ["-f", "-Lo", "-C", "-c", file, "-I", "-smux", `udp:127.0.0.1:${port}`];
  const child = spawn("/usr/sbin/snmpd", args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: "/usr/sbin:/usr/bin:/bin", SNMP_PERSISTENT_DIR: folder, MIBS: "" },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let said = "";
    const hear = (bytes: Buffer) => {
      said += bytes.toString();
      if (said.includes("NET-SNMP version")) resolve();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`snmpd ended: ${said.slice(-400)}`)));
  });
  return {
    address: "127.0.0.1",
    port,
    async stop() {
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
