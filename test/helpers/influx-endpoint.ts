import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** What the endpoint does with a write. `store-and-drop` keeps the lines and closes the connection unanswered. */
export type Mood = "ok" | "500" | "reset" | "hang" | "drop" | "store-and-drop";

/** An endpoint that takes InfluxDB's writes and can be made to fail. */
export async function influxEndpoint() {
  /** By series and time: what a database would hold. */
  const points = new Map<string, string>();
  const state = { mood: "ok" as Mood, writes: 0, inFlight: 0, most: 0 };

  async function bodyOf(request: IncomingMessage): Promise<string> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    return Buffer.concat(parts).toString("utf8");
  }

  function keep(body: string): void {
    for (const line of body.split("\n")) {
      const [key = "", fields = "", time = ""] = line.split(/(?<!\\) /);
      for (const field of fields.split(",")) {
        const [name = "", value = ""] = field.split("=");
        points.set(`${key} ${name} ${time}`, value);
      }
    }
  }

  async function write(request: IncomingMessage, response: ServerResponse): Promise<void> {
    state.writes++;
    state.most = Math.max(state.most, ++state.inFlight);
    response.on("close", () => state.inFlight--);
    const { mood } = state;
    if (mood === "reset") return void request.socket.resetAndDestroy();
    const body = await bodyOf(request);
    if (mood === "hang") return;
    if (mood === "500") return void response.writeHead(500).end('{"error":"engine: cache full"}');
    if (mood === "drop") return void request.socket.destroy();
    keep(body);
    if (mood === "store-and-drop") return void request.socket.destroy();
    response.writeHead(204).end();
  }

  const server = createServer((request, response) => {
    if (request.url?.includes("/write")) void write(request, response).catch(() => undefined);
    else response.writeHead(200, { "content-type": "application/json" }).end('{"results":[{}]}');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    points,
    state,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
