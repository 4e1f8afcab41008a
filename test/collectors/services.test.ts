import { createSocket } from "node:dgram";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, createServer as createTcp, type Server } from "node:net";
import t from "tap";
import { systemClock } from "../../appliance/clock.ts";
import { collector as dns } from "../../appliance/collectors/dns.ts";
import { collector as host } from "../../appliance/collectors/host.ts";
import { collector as http } from "../../appliance/collectors/http.ts";
import { collector as tcp } from "../../appliance/collectors/tcp.ts";
import type { Observation } from "../../appliance/model/observation.ts";
import { collectorDeps, target } from "../helpers/engine.ts";
import { makeCertificate } from "../helpers/tls.ts";

const { signal } = new AbortController();
type Test = { teardown(run: () => void): void };

async function listening(t: Test, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

const values = (observations: readonly Observation[]) =>
  Object.fromEntries(
    observations.flatMap((one) => (one.record === "sample" ? [[one.metric, one.value]] : [])),
  );

async function fetched(settings: Record<string, unknown>, timeoutMs = 2_000) {
  const deps = collectorDeps(systemClock);
  const one = target("http", "127.0.0.1", http.target.parse(settings), { timeoutMs });
  const seen = await http.create(http.config.parse(undefined), deps).poll!([one], { signal });
  return { said: seen.find(({ record }) => record === "availability"), values: values(seen), deps };
}

t.test("http: status, text, time", async (t) => {
  const answer: RequestListener = ({ url }, response) => {
    if (url === "/broken") response.statusCode = 500;
    if (url === "/secret") response.statusCode = 401;
    if (url === "/never") return;
    if (url === "/moved") {
      response.writeHead(302, { location: "/" }).end();
      return;
    }
    if (url === "/round") {
      response.writeHead(302, { location: "/round" }).end();
      return;
    }
    response.end("Welcome to the office");
  };
  const port = await listening(t, createHttp(answer));
  const at = (path: string) => `http://127.0.0.1:${port}${path}`;
  const good = await fetched({ url: at("/"), text: "office" });
  t.match(good, { said: { state: "online" }, values: { http_status: 200 } });
  t.ok(Number(good.values.http_time) >= 0);
  t.match(await fetched({ url: at("/"), text: "bakery" }), { said: { state: "offline", reason: "text" } });
  t.match(await fetched({ url: at("/broken") }), {
    said: { state: "offline", reason: "status", detail: "HTTP 500" },
    values: { http_status: 500 },
  });
  t.match(await fetched({ url: at("/broken"), status: [500] }), { said: { state: "online" } });
  t.match(await fetched({ url: at("/secret") }), { said: { reason: "auth" } });
  t.match(await fetched({ url: at("/moved") }), { values: { http_status: 200 } });
  t.match(await fetched({ url: at("/moved"), redirects: 0, status: [200] }), { said: { reason: "status" } });
  t.match(
    await fetched({ url: at("/round") }),
    { values: { http_status: 302 } },
    "a round of redirects ends",
  );
  t.match(await fetched({ url: at("/never") }, 100), { said: { state: "offline", reason: "timeout" } });
});

t.test("http: a redirect to another host is counted", async (t) => {
  const there = await listening(
    t,
    createHttp((_request, response) => response.end("there")),
  );
  const here = await listening(
    t,
    createHttp((_request, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${there}/` }).end(),
    ),
  );
  const { deps, said } = await fetched({ url: `http://127.0.0.1:${here}/` });
  t.match(said, { state: "online" });
  t.equal(deps.counters.all().get("http_redirects_elsewhere"), 1);
});

t.test("http: an endless body is cut, a dead port refused", async (t) => {
  const port = await listening(
    t,
    createHttp((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
        response.once("drain", more);
      };
      more();
    }),
  );
  t.match(await fetched({ url: `http://127.0.0.1:${port}/` }), { said: { state: "online" } });
  const closed = createTcp();
  const gone = await listening({ teardown: () => undefined }, closed);
  await new Promise((resolve) => closed.close(resolve));
  t.match(await fetched({ url: `http://127.0.0.1:${gone}/` }), {
    said: { state: "offline", reason: "refused" },
  });
});

t.test("https: days left, and whether the certificate is to be trusted", async (t) => {
  const port = await listening(
    t,
    createHttps(makeCertificate(t.testdir(), 30), (_request, response) => response.end("safe")),
  );
  const url = `https://127.0.0.1:${port}/`;
  const strict = await fetched({ url });
  t.match(strict.said, { state: "offline", reason: "tls", detail: /self.signed/i });
  const days = Number(strict.values.certificate_days);
  t.ok(days > 29 && days <= 30, `${days} days`);
  t.match(await fetched({ url, certificate: "accept" }), { said: { state: "online" } });
});

t.test("tcp: opens, refuses; a second target has its own channel and answer", async (t) => {
  const server = createTcp((socket) => socket.end());
  const port = await listening(t, server);
  const deps = collectorDeps(systemClock);
  const opens = (id: string) =>
    tcp.create(tcp.config.parse(undefined), deps).poll!(
      [target("tcp", "127.0.0.1", tcp.target.parse({ port }), { id })],
      { signal },
    );
  t.match(await opens("dev:tcp"), [
    { via: "tcp", state: "online" },
    { metric: "tcp_time", channel: undefined },
  ]);
  t.match(await opens("dev:tcp:2"), [
    { via: "tcp:2", state: "online" },
    { metric: "tcp_time", channel: "2" },
  ]);
  await new Promise((resolve) => server.close(resolve));
  t.match(await opens("dev:tcp"), [{ state: "offline", reason: "refused" }]);
});

/** A name server that answers every question: with 192.0.2.7, with an error code, or not at all. */
async function nameServer(t: Test, code: number | "silent"): Promise<number> {
  const socket = createSocket("udp4");
  socket.on("message", (question, from) => {
    if (code === "silent") return;
    // RFC 1035 §4.1: the question with the answer bit set; one A record when there is no error.
    const head = Buffer.from(question.subarray(0, 12));
    head.writeUInt16BE(0x8180 | code, 2);
    head.writeUInt16BE(code === 0 ? 1 : 0, 6);
    head.writeUInt16BE(0, 10);
    const end = question.indexOf(0, 12) + 5;
    const record = Buffer.from("c00c00010001000000010004c0000207", "hex");
    socket.send(
      Buffer.concat([head, question.subarray(12, end), ...(code === 0 ? [record] : [])]),
      from.port,
      from.address,
    );
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  t.teardown(() => socket.close());
  return socket.address().port;
}

t.test("dns: each server is asked itself; one answer is enough for its device", async (t) => {
  const deps = collectorDeps(systemClock);
  const ask = (ports: readonly number[]) =>
    dns.create(dns.config.parse(undefined), deps).poll!(
      ports.map((port) =>
        target("dns", "127.0.0.1", dns.target.parse({ name: "office.test", port, channel: String(port) }), {
          id: `dev:dns:${port}`,
          timeoutMs: 300,
        }),
      ),
      { signal },
    );
  const [good, fails, silent] = [
    await nameServer(t, 0),
    await nameServer(t, 2),
    await nameServer(t, "silent"),
  ];
  t.match(await ask([good]), [
    { record: "availability", via: "dns", state: "online" },
    { metric: "dns_time", channel: String(good) },
  ]);
  t.match(await ask([fails]), [
    { state: "offline", reason: "protocol", detail: "office.test: the server failed" },
  ]);
  t.match(await ask([silent]), [{ state: "offline", reason: "timeout" }]);
  const all = await ask([silent, good, fails]);
  t.match(all[0], { state: "online" });
  t.equal(all.length, 2);
});

t.test("host: this machine as it is", async (t) => {
  const deps = collectorDeps(systemClock, { dataDir: t.testdir() });
  const box = host.create(host.config.parse(undefined), deps);
  t.teardown(() => box.close());
  const one = target("host", "localhost", {});
  await box.poll([one]);
  const seen = await box.poll([one]);
  t.match(seen[0], { record: "availability", via: "host", state: "online" });
  const { memory_used, disk_used, process_memory, uptime } = values(seen);
  for (const percent of [memory_used, disk_used]) t.ok(Number(percent) >= 0 && Number(percent) <= 100);
  t.ok(Number(process_memory) > 1e6 && Number(uptime) > 0);
});
