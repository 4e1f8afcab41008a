import { connectAsync, type MqttClient } from "mqtt";
import t, { type Test } from "tap";
import { type Appliance, folderFor, startAppliance, until } from "../helpers/appliance.ts";
import { startMosquitto } from "../helpers/mosquitto.ts";
import { without } from "../helpers/servers.ts";

t.setTimeout(100_000);

const devices = `
devices:
  - {id: door, name: Front door, kind: server, room: Hall, address: 127.0.0.1, tcp: {port: 9}}
rules: []
`;

interface Watcher {
  readonly client: MqttClient;
  readonly has: ReadonlyMap<string, string>;
}

/** Keeps what a broker has retained, as a wall or Home Assistant sees it. */
async function watcher(t: Test, url: string, options: object = {}): Promise<Watcher> {
  const client = await connectAsync(url, { reconnectPeriod: 0, ...options }, false);
  t.teardown(() => client.endAsync(true));
  const has = new Map<string, string>();
  client.on("message", (topic, payload) => {
    if (payload.length === 0) has.delete(topic);
    else has.set(topic, payload.toString());
  });
  await client.subscribeAsync(["porchlight/#", "homeassistant/#"]);
  return { client, has };
}

async function devicesOf(box: Appliance): Promise<string> {
  return (await box.ask("/api/v1/devices")).text;
}

t.test("the built-in broker tells what there is to tell, and what is gone is taken away", async (t) => {
  const folder = folderFor(t);
  const config = (publish: string) => `
version: 1
site: {id: berlin, name: Berlin, anchors: []}
broker:
  listen: 127.0.0.1:0
  ${publish}
  devices:
    - {name: wall, password: "wall-password-1", publish: [], subscribe: ["porchlight/#", "homeassistant/#"]}
${devices}`;
  const start = (publish: string) => startAppliance(t, { folder, config: config(publish) });
  const portOf = async (box: Appliance) => {
    const { text } = await box.ask("/api/v1/credentials");
    return (JSON.parse(text) as { entrances: { port: number }[] }).entrances[0]?.port ?? 0;
  };
  const wall = { username: "wall", password: "wall-password-1" };

  const first = await start("publish: {discovery: homeassistant, sensors: main}");
  const { has, client } = await watcher(t, `mqtt://127.0.0.1:${await portOf(first)}`, wall);
  const state = await until(() => has.get("porchlight/berlin/devices/door/state"));
  t.match(JSON.parse(state), { name: "Front door", room: "Hall" });
  t.equal(has.get("porchlight/berlin/status"), "online");
  t.ok(JSON.parse(has.get("porchlight/berlin/headline") ?? "{}").text);
  t.match(JSON.parse(has.get("homeassistant/device/porchlight_berlin_door/config") ?? "{}"), {
    dev: { name: "Front door", sa: "Hall" },
    cmps: { connectivity: { dev_cla: "connectivity" }, problem: { dev_cla: "problem" } },
  });
  t.ok(has.has("homeassistant/device/porchlight_berlin/config"));
  const incident = await until(() =>
    [...has].find(([topic]) => topic.startsWith("porchlight/berlin/incidents/")),
  );
  t.match(JSON.parse(incident[1]), { device: "door", name: "Front door" });
  t.notMatch(await devicesOf(first), "porchlight_berlin", "and nothing of it becomes a device");
  await client.endAsync(true);
  await first.stop();

  const second = await start("");
  t.notMatch(await devicesOf(second), "porchlight_berlin", "nor after a restart");
  const late = await watcher(t, `mqtt://127.0.0.1:${await portOf(second)}`, wall);
  await late.client.subscribeAsync("porchlight/x");
  t.same([...late.has.keys()], [], "switched off, all of it is taken away");
  await late.client.endAsync(true);
  await second.stop();
});

t.test(
  "an external broker too; the will says that the box is gone",
  { skip: without("mosquitto") },
  async (t) => {
    const mosquitto = await startMosquitto();
    t.teardown(() => mosquitto.stop());
    const { has, client } = await watcher(t, mosquitto.url);
    const old = "porchlight/berlin/incidents/77";
    await client.publishAsync(old, '{"id":77}', { retain: true, qos: 1 });
    await client.publishAsync(
      "homeassistant/device/porchlight_berlin_gone/config",
      '{"dev":{"ids":["porchlight_berlin_gone"]},"o":{"name":"x"},"cmps":{}}',
      { retain: true, qos: 1 },
    );
    const folder = folderFor(t);
    const box = await startAppliance(t, {
      folder,
      config: `
version: 1
site: {id: berlin, name: Berlin, anchors: []}
collect:
  mqtt:
    brokers:
      - {id: office, url: "${mosquitto.url}", publish: {discovery: homeassistant}}
${devices}`,
    });
    await until(() => has.get("porchlight/berlin/devices/door/state"));
    await until(() =>
      has.has(old) || has.has("homeassistant/device/porchlight_berlin_gone/config") ? undefined : true,
    );
    t.pass("what an earlier run left is taken away");
    t.equal(has.get("porchlight/berlin/status"), "online");
    await client.publishAsync("site/hall/temperature", "21", { qos: 1 });
    await until(async () => ((await devicesOf(box)).includes("hall temperature") ? true : undefined));
    const known = await devicesOf(box);
    t.notMatch(known, "porchlight_berlin", "the box's own is no device");
    t.notMatch(known, "porchlight/berlin");
    box.process.kill("SIGKILL");
    await until(() => (has.get("porchlight/berlin/status") === "offline" ? true : undefined));
    t.pass("killed: the will says so");
  },
);
