import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import t from "tap";
import { type Appliance, folderFor, startAppliance, until } from "../helpers/appliance.ts";

t.setTimeout(60_000);

const config = `
version: 1
site: {anchors: []}
broker:
  listen: 127.0.0.1:0
  tls: {listen: "127.0.0.1:0"}
  websocket: {listen: "127.0.0.1:0"}
  devices:
    - {name: hall, password: of-the-file-1234}
`;

interface Credentials {
  readonly entrances: readonly { readonly protocol: string; readonly port: number }[];
  readonly items: readonly { readonly id: string; readonly origin: string; readonly connections: number }[];
  readonly version5: readonly { readonly name: string }[];
}

async function listOf(box: Appliance): Promise<Credentials> {
  return JSON.parse((await box.ask("/api/v1/credentials")).text) as Credentials;
}

async function make(box: Appliance, id: string, more: object = {}): Promise<string> {
  const { status, text } = await box.ask("/api/v1/credentials", { method: "POST", body: { id, ...more } });
  if (status !== 200) throw new Error(text);
  return (JSON.parse(text) as { password: string }).password;
}

/** Sends the form of the page as a browser without script does. */
async function post(box: Appliance, path: string, fields: Readonly<Record<string, string>>) {
  const cookie = await new Promise<string>((resolve, reject) => {
    const asked = request({
      socketPath: box.socketPath,
      path: "/credentials",
      headers: { host: "localhost" },
    });
    asked.on("response", (answer) => {
      answer.resume();
      resolve(answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? "");
    });
    asked.on("error", reject).end();
  });
  const page = (await box.ask("/credentials", { headers: { cookie } })).text;
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? "";
  const body = new URLSearchParams({ csrf, ...fields }).toString();
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request({
      socketPath: box.socketPath,
      path,
      method: "POST",
      headers: {
        host: "localhost",
        cookie,
        origin: "http://localhost",
        "content-type": "application/x-www-form-urlencoded",
      },
    });
    sent.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.on("error", reject).end(body);
  });
}

const signIn = (url: string, username: string, password: string, more: object = {}): Promise<MqttClient> =>
  connectAsync(url, { username, password, reconnectPeriod: 0, ...more }, false);

t.test("a credential made on the page lets its device in, and revoked puts it out at once", async (t) => {
  const box = await startAppliance(t, { folder: folderFor(t), config });
  const { entrances } = await listOf(box);
  const portOf = (protocol: string) => entrances.find((one) => one.protocol === protocol)?.port ?? 0;
  const url = `mqtt://127.0.0.1:${portOf("mqtt")}`;

  const made = await post(box, "/credentials/create", { device: "plug-1", preset: "tasmota" });
  t.equal(made.status, 200);
  const password = /id="password">([^<]+)</.exec(made.text)?.[1] ?? "";
  t.ok(Buffer.from(password, "base64url").length >= 16, "at least 128 bits");
  t.match(made.text, "%prefix%/%topic%/");
  const again = (await box.ask("/credentials")).text;
  t.notMatch(again, password, "shown once");
  t.match(again, "plug-1");
  const twice = await post(box, "/credentials/create", { device: "plug-1", preset: "tasmota" });
  t.equal(twice.status, 422);
  t.match(twice.text, "already a credential");
  t.notMatch(box.output().out + box.output().err, password, "not in the log");
  t.notOk(readFileSync(join(box.folder, "data", "state.db")).includes(password), "not in the database");

  const plug = await signIn(url, "plug-1", password);
  await plug.publishAsync("tele/plug-1/SENSOR", '{"AM2301":{"Temperature":21.4}}', { qos: 1 });
  const shown = await until(async () => {
    const { text } = await box.ask("/api/v1/devices");
    return text.includes("plug-1") ? text : undefined;
  });
  t.match(shown, "plug-1");

  const closed = new Promise<void>((resolve) => plug.once("close", () => resolve()));
  t.equal((await post(box, "/credentials/revoke", { device: "plug-1" })).status, 303);
  await closed;
  await t.rejects(signIn(url, "plug-1", password), "and not in again");
  t.equal((await post(box, "/credentials/revoke", { device: "hall" })).status, 422, "the file's stays");
});

t.test("by the API, over TLS with the box's own certificate and over WebSocket", async (t) => {
  const box = await startAppliance(t, { folder: folderFor(t), config });
  const password = await make(box, "attic");
  const { entrances } = await listOf(box);
  const portOf = (protocol: string) => entrances.find((one) => one.protocol === protocol)?.port ?? 0;
  const ca = readFileSync(join(box.folder, "data", "tls", "ca.crt"), "utf8");
  t.equal(new X509Certificate(ca).ca, true);
  t.match((await box.ask("/credentials")).text, new X509Certificate(ca).fingerprint256);
  const secure = await signIn(`mqtts://localhost:${portOf("mqtts")}`, "attic", password, { ca });
  t.teardown(() => secure.endAsync(true));
  await secure.publishAsync("site/attic/temperature", "21", { qos: 1 });
  const web = await signIn(`ws://127.0.0.1:${portOf("ws")}`, "attic", password);
  t.teardown(() => web.endAsync(true));
  await web.publishAsync("site/attic/temperature", "22", { qos: 1 });
  await t.rejects(
    signIn(`mqtt://127.0.0.1:${portOf("mqtt")}`, "attic", password, {
      protocolVersion: 5,
      clientId: "new-one",
    }),
  );
  const list = await listOf(box);
  t.match(list.version5, [{ name: "new-one" }]);
  t.match((await box.ask("/credentials")).text, "version 3.1.1");
  t.match(
    list.items.find(({ id }) => id === "attic"),
    { origin: "page", connections: 2 },
  );
  t.match(await box.ask("/api/v1/credentials/hall/revoke", { method: "POST", body: {} }), { status: 409 });
  t.match(await box.ask("/api/v1/credentials", { method: "POST", body: { id: "a/b" } }), { status: 422 });
  t.match(await box.ask("/api/v1/credentials/attic/revoke", { method: "POST", body: {} }), { status: 200 });
  await until(async () => (secure.connected || web.connected ? undefined : true));
  t.notOk(secure.connected || web.connected, "both are out");
});

t.test("credentials survive a restart; a broker that is off says how to switch it on", async (t) => {
  const folder = folderFor(t);
  const box = await startAppliance(t, { folder, config });
  const password = await make(box, "attic");
  await box.stop();
  const second = await startAppliance(t, { folder, config });
  const { entrances } = await listOf(second);
  const attic = await signIn(`mqtt://127.0.0.1:${entrances[0]?.port}`, "attic", password);
  await attic.endAsync(true);
  await second.stop();
  const off = await startAppliance(t, { folder, config: "version: 1\nsite: {anchors: []}\n" });
  const page = (await off.ask("/credentials")).text;
  t.match(page, "Switch the broker on");
  t.match(page, "attic");
});
