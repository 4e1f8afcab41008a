import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { get } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { createGuard } from "../../appliance/api/guard.ts";
import { type ListenAt, serve } from "../../appliance/api/server.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

function counters() {
  const counts = new Map<string, number>();
  return {
    add: (name: string, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by),
    all: () => counts,
  };
}

const local: ListenAt = { kind: "tcp", host: "127.0.0.1", port: 0 };
const portOf = (at: ListenAt | undefined) => (at?.kind === "tcp" ? at.port : 0);

t.test("a taken port is named with a remedy, and nothing stays open", async (t) => {
  const first = await serve(() => {}, [local], { counters: counters() });
  t.teardown(() => first.close(0));
  const port = portOf(first.at[0]);
  await t.rejects(
    serve(() => {}, [local, { ...local, port }], { counters: counters() }),
    {
      code: "PORT_IN_USE",
      message: new RegExp(`127\\.0\\.0\\.1, port ${port}.*--http`),
    },
  );
});

t.test("an address that is not ours is named", async (t) => {
  await t.rejects(
    serve(() => {}, [{ kind: "tcp", host: "192.0.2.1", port: 0 }], { counters: counters() }),
    {
      code: "NOT_PERMITTED",
      message: /no address 192\.0\.2\.1/,
    },
  );
});

t.test("a Unix socket counts as this machine, is closed to others and outlives a crash", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "porchlight-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "web.sock");
  const guard = createGuard({ clock: fakeClock(), names: [], addresses: () => [] });
  const listener: Parameters<typeof serve>[0] = (request, response) =>
    response.end(guard.isLocal(request) ? "local" : "elsewhere");
  const first = await serve(listener, [{ kind: "unix", path }], { counters: counters() });
  t.equal(statSync(path).mode & 0o777, 0o660);
  const answer = () =>
    new Promise<string>((resolve, reject) => {
      get({ socketPath: path, path: "/" }, (response) =>
        response.setEncoding("utf8").once("data", resolve),
      ).on("error", reject);
    });
  t.equal(await answer(), "local");
  await t.rejects(serve(listener, [{ kind: "unix", path }], { counters: counters() }), {
    code: "PORT_IN_USE",
  });
  t.equal(await answer(), "local", "the running one keeps its socket");
  await first.close(100);
  t.notOk(existsSync(path));
});

t.test("one address gets a limited number of connections", async (t) => {
  const counted = counters();
  const server = await serve(() => {}, [local], { counters: counted, socketsPerAddress: 3 });
  const sockets: Socket[] = [];
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await server.close(0);
  });
  const open = () =>
    new Promise<Socket>((resolve) => {
      const socket = connect(portOf(server.at[0]), "127.0.0.1", () => resolve(socket));
      socket.on("error", () => {});
      sockets.push(socket);
    });
  for (let at = 0; at < 3; at++) await open();
  const fourth = await open();
  await new Promise((resolve) => fourth.once("close", resolve));
  t.equal(counted.all().get("http_connections_refused"), 1);
});

t.test("close ends what is still open after the grace time", async (t) => {
  const server = await serve((_request, response) => void response.write("begun"), [local], {
    counters: counters(),
  });
  const ended = new Promise<void>((resolve) => {
    get({ port: portOf(server.at[0]), host: "127.0.0.1", agent: false }, (response) => {
      response.on("error", () => {}).once("close", resolve);
      response.resume();
      response.once("data", () => void server.close(20));
    }).on("error", () => resolve());
  });
  await ended;
  t.pass();
});
