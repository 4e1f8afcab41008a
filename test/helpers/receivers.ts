import http from "node:http";
import net, { type AddressInfo } from "node:net";
import type { OutMessage } from "../../appliance/model/contracts.ts";
import { deviceId } from "../../appliance/model/site.ts";

/** What a test needs of tap to clean up. */
interface Cleanup {
  teardown(run: () => void): void;
}

/** How a receiver behaves. `away`: nobody listens. */
export type Manner = "takes" | "busy" | "refuses" | "hangs" | "away";

/** A port of this machine where nobody listens. */
export async function deadPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface Mail {
  readonly commands: readonly string[];
  /** Headers and body as they came, dots unstuffed. */
  readonly text: string;
}

export interface MailSink {
  readonly port: number;
  readonly mails: Mail[];
  connections(): number;
}

const rcptAnswers: Readonly<Record<Manner, string>> = {
  takes: "250 ok",
  busy: "451 greylisted, come back",
  refuses: "550 no such user",
  hangs: "",
  away: "",
};

/** One session of a mail server: takes lines, gives answers. */
class MailSession {
  readonly #mails: Mail[];
  readonly #answers: Readonly<Record<string, string>>;
  #commands: string[] = [];
  #data: string[] | undefined;

  constructor(mails: Mail[], answers: Readonly<Record<string, string>>) {
    this.#mails = mails;
    this.#answers = answers;
  }

  /** The answer to a line; undefined while a text is coming in. */
  line(line: string): string | undefined {
    if (this.#data) return this.#text(this.#data, line);
    this.#commands.push(line);
    const word = line.split(" ")[0]?.toUpperCase() ?? "";
    const answer = this.#answers[word] ?? "250 ok";
    if (word === "DATA" && answer.startsWith("354")) this.#data = [];
    return answer;
  }

  #text(data: string[], line: string): string | undefined {
    if (line !== ".") {
      data.push(line.replace(/^\./, ""));
      return undefined;
    }
    this.#mails.push({ commands: this.#commands, text: data.join("\n") });
    this.#commands = [];
    this.#data = undefined;
    return "250 taken";
  }
}

/** A mail server that keeps what it gets (RFC 5321). `answers` replaces its answer to a command, by its first word. */
export async function mailSink(
  t: Cleanup,
  { manner = "takes", answers = {} }: { manner?: Manner; answers?: Readonly<Record<string, string>> } = {},
): Promise<MailSink> {
  const mails: Mail[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const all: Record<string, string> = {
    EHLO: "250-sink\r\n250 AUTH PLAIN LOGIN",
    STARTTLS: "502 not here",
    AUTH: "235 welcome",
    DATA: "354 go on",
    QUIT: "221 bye",
    RCPT: rcptAnswers[manner],
    ...answers,
  };
  const server = net.createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    if (manner === "hangs") return;
    socket.write("220 sink ready\r\n");
    const session = new MailSession(mails, all);
    let rest = "";
    socket.on("data", (chunk) => {
      const lines = (rest + chunk.toString("utf8")).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const answer = session.line(line);
        if (answer !== undefined) socket.write(`${answer}\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, mails, connections: () => connections };
}

export interface Posted {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface HttpSink {
  readonly url: string;
  readonly port: number;
  readonly posts: Posted[];
}

/** A web server on 127.0.0.1 that keeps what is posted. `answer` says what it answers; by default 200. */
export async function httpSink(
  t: Cleanup,
  answer: (response: http.ServerResponse, path: string) => void = (response) => void response.end("ok"),
): Promise<HttpSink> {
  const posts: Posted[] = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      posts.push({ method, path, headers, body });
      answer(response, path);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, posts };
}

/** A message about a switch that does not answer, with texts of a device that means harm. */
export function sampleMessage(more: Partial<OutMessage> = {}): OutMessage {
  const device = deviceId("switch-2");
  const startedMs = Date.UTC(2026, 2, 2, 9, 42, 5);
  return {
    id: "office-214-k3x9-1-opened-it",
    change: "opened",
    site: { id: "office", name: "Office", timezone: "Europe/Berlin", url: "http://box.example/" },
    deviceName: "Switch 2",
    deviceAddress: "10.0.0.12",
    headline: "9 devices on Switch 2 cannot be reached since 10:42.",
    incident: {
      id: 214,
      device,
      state: "open",
      severity: "critical",
      deviceState: "down",
      summary: "Switch 2 does not answer.",
      startedMs,
      openedMs: startedMs + 15_000,
      alerts: [
        {
          key: "down/switch-2",
          rule: "down",
          check: "down",
          device,
          severity: "critical",
          state: "firing",
          startedMs,
          firedMs: startedMs + 15_000,
          summary: "Switch 2 does not answer.",
          evidence: ["ping: no answer to 3 requests (3 in a row)"],
          tell: [],
        },
      ],
      affected: [deviceId("printer"), deviceId("ap")],
      timeline: [{ atMs: startedMs + 15_000, kind: "confirmed", text: "ping: no answer" }],
    },
    ...more,
  };
}
