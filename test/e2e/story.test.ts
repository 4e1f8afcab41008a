import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { folderFor, startAppliance, until } from "../helpers/appliance.ts";
import { enterNamespace } from "../helpers/namespace.ts";
import { community, realSnmpd } from "../helpers/real-snmpd.ts";
import { without } from "../helpers/servers.ts";

enterNamespace(import.meta.url);
const { default: t } = await import("tap");
t.setTimeout(115_000);

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  return text;
}

interface Told {
  readonly status: string;
  readonly atMs: number;
  readonly text: string;
}

/** A receiver of webhooks that keeps what it was told. */
async function receiver(t: { teardown(end: () => unknown): void }) {
  const told: Told[] = [];
  const server = createServer(async (request, response) => {
    const text = await bodyOf(request);
    told.push({ status: (JSON.parse(text) as { status: string }).status, atMs: performance.now(), text });
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.teardown(() => server.close());
  return { told, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

const seconds = (fromMs: number, toMs: number) => `${((toMs - fromMs) / 1_000).toFixed(1)} s`;

t.test(
  "an agent that dies and comes back: the page says so, one message each",
  { skip: without("snmpd", "snmpget"), timeout: 110_000 },
  async (t) => {
    const folder = folderFor(t);
    const snmpd = await realSnmpd(t, folder, 16_161);
    const { told, url } = await receiver(t);
    const appliance = await startAppliance(t, {
      folder,
      env: { COMMUNITY: community },
      config: `
site: {name: Test office, anchors: []}
collect:
  snmp: {interval: 10s, timeout: 1s}
devices:
  - {id: server, name: Rack server, address: 127.0.0.1, kind: server, ping: off, snmp: {version: 2c, port: ${snmpd.port}, community: {env: COMMUNITY}}}
notify:
  hook: {type: webhook, url: "${url}", reach: this-machine}
`,
    });
    const title = async () => /<h1[^>]*>([\s\S]*?)<\/h1>/.exec((await appliance.ask("/")).text)?.[1] ?? "";
    const state = async () =>
      JSON.parse((await appliance.ask("/api/v1/devices/server")).text) as {
        state: string;
        identity: { sysName?: string };
      };
    await until(async () => ((await state()).state === "ok" ? true : undefined));
    t.equal((await state()).identity.sysName, "test-server");
    await until(async () => (/Everything works/.test(await title()) ? true : undefined));

    const killedMs = performance.now();
    await snmpd.kill();
    await until(async () => (/Rack server/.test(await title()) ? true : undefined));
    const saidMs = performance.now();
    await until(() => told[0]);
    t.comment(`agent killed: the page says so after ${seconds(killedMs, saidMs)}`);
    t.comment(`agent killed: told after ${seconds(killedMs, told[0]?.atMs ?? 0)}`);
    const { items } = JSON.parse((await appliance.ask("/api/v1/incidents?state=open")).text) as {
      items: { id: number; device: string; deviceState: string }[];
    };
    t.match(items, [{ device: "server", deviceState: "down" }]);

    const acknowledged = await appliance.ask(`/api/v1/incidents/${items[0]?.id}/acknowledge`, {
      method: "POST",
      body: { by: "Anna", note: "On my way." },
    });
    t.equal(acknowledged.status, 200);

    const startedMs = performance.now();
    await snmpd.start();
    await until(async () => (/Everything works/.test(await title()) ? true : undefined));
    t.comment(`agent back: the page says so after ${seconds(startedMs, performance.now())}`);
    await until(() => told[1]);
    t.comment(`agent back: told after ${seconds(startedMs, told[1]?.atMs ?? 0)}`);
    t.strictSame(
      told.map(({ status }) => status),
      ["firing", "resolved"],
      "one message when it broke, one when it was well again",
    );
    for (const { text } of told) t.notMatch(text, community);

    const stopMs = performance.now();
    t.equal(await appliance.stop(), 0);
    t.comment(`stopped in ${seconds(stopMs, performance.now())}`);
    t.notMatch(appliance.output().out + appliance.output().err, community, "the log holds no secret");
  },
);
