import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { connect, type MqttClient } from "mqtt";

const box = fileURLToPath(new URL("./mqtt-box.js", import.meta.url));

export interface KillStory {
  readonly folder: string;
  /** What the box is told: a port for the embedded broker, an address of another. */
  readonly where: string;
  /** Where devices publish. */
  readonly url: string;
  readonly clients: number;
  readonly perClient: number;
  readonly kills: number;
  /** With the embedded broker a device signs in by its name. */
  readonly signIn: boolean;
}

export interface KillFigures {
  readonly acknowledged: number;
  readonly lost: number;
  /** Stored more than once, before and after deduplication by series and time. */
  readonly twice: number;
  readonly twiceByTime: number;
  readonly kills: number;
}

const startMs = Date.UTC(2026, 2, 2, 8);
const window = 20;

async function startBox({ folder, where, clients }: KillStory): Promise<ChildProcess> {
  const child = spawn(process.execPath, [box, folder, where, `${clients}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (!child.stdout) throw new Error("no output of the box");
  await once(child.stdout, "data");
  return child;
}

/**
 * Publishes numbered messages with QoS 1, `window` at a time; resolves when each is acknowledged. What counts is PUBACK on
 * the wire: mqtt.js forgets callbacks when the connection breaks while it sends again what an earlier break left over.
 */
function publishAll(client: MqttClient, name: string, count: number, onAck: (key: string) => void) {
  const sent = new Map<number, number>();
  const acknowledged = new Set<number>();
  let next = 0;
  return new Promise<void>((resolve) => {
    const more = () => {
      while (next < count && next - acknowledged.size < window) {
        const n = next++;
        client.publish(`site/${name}/x`, `{"n":${n},"ts":${startMs + n}}`, { qos: 1 });
      }
    };
    client.on("packetsend", (packet) => {
      if (packet.cmd !== "publish") return;
      const { n } = JSON.parse(String(packet.payload)) as { n: number };
      sent.set(packet.messageId ?? 0, n);
    });
    client.on("packetreceive", ({ cmd, messageId = 0 }) => {
      const n = cmd === "puback" ? sent.get(messageId) : undefined;
      if (n === undefined || acknowledged.has(n)) return;
      acknowledged.add(n);
      onAck(`json:site/${name}/x n ${startMs + n} ${n}`);
      if (acknowledged.size === count) resolve();
      else more();
    });
    more();
  });
}

/**
 * Devices publish while the box is killed again and again; then compares what was acknowledged with what is committed.
 */
export async function killStory(story: KillStory, progress: () => Promise<void>): Promise<KillFigures> {
  let child = await startBox(story);
  const acknowledged = new Set<string>();
  const names = Array.from({ length: story.clients }, (_, i) => `d${i}`);
  const clients = names.map((name) =>
    connect(story.url, {
      clientId: name,
      clean: false,
      reconnectPeriod: 100,
      ...(story.signIn ? { username: name, password: `${name}-secret` } : {}),
    }),
  );
  for (const client of clients) client.on("error", () => undefined);
  const publishing = Promise.all(
    clients.map((client, i) =>
      publishAll(client, names[i] ?? "", story.perClient, (key) => acknowledged.add(key)),
    ),
  );
  const total = story.clients * story.perClient;
  for (let kill = 1; kill <= story.kills; kill++) {
    // Spread over the work, so that each hits the box in the middle of it.
    while (committed(story.folder).length < (total * kill) / (story.kills + 1)) await progress();
    child.kill("SIGKILL");
    await once(child, "exit");
    child = await startBox(story);
  }
  await publishing;
  while (new Set(committed(story.folder)).size < total) await progress();
  await Promise.all(clients.map((client) => client.endAsync()));
  child.kill("SIGTERM");
  await once(child, "exit");
  const lines = committed(story.folder);
  const stored = new Set(lines);
  const byTime = new Set(lines.map((line) => line.split(" ").slice(0, 3).join(" ")));
  return {
    acknowledged: acknowledged.size,
    lost: [...acknowledged].filter((key) => !stored.has(key)).length,
    twice: lines.length - stored.size,
    twiceByTime: stored.size - byTime.size,
    kills: story.kills,
  };
}

function committed(folder: string): string[] {
  try {
    const text = readFileSync(path.join(folder, "committed"), "utf8");
    // A line without its end was not committed.
    return text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .filter((line) => line.includes(" n "));
  } catch {
    // Not begun yet.
    return [];
  }
}
