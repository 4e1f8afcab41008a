import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { connectAsync } from "mqtt";
import t from "tap";
import { options, started } from "../helpers/mqtt/embedded.ts";
import { serverPath, without } from "../helpers/servers.ts";

t.test(
  "a listener with a certificate speaks TLS, with the same rules",
  { skip: without("openssl") },
  async (t) => {
    const folder = t.testdir({});
    const [keyFile, certFile] = [path.join(folder, "key.pem"), path.join(folder, "cert.pem")];
    const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync(
      serverPath("openssl") ?? "openssl",
      [...words, "-keyout", keyFile, "-out", certFile, "-days", "2", "-subj", "/CN=localhost"],
      { stdio: "ignore" },
    );
    const tls = { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8") };
    const got: string[] = [];
    const { broker, port } = await started(t, async ({ from, topic }) => void got.push(`${from} ${topic}`), {
      listen: [{ host: "127.0.0.1", port: 0, tls }],
    });
    t.equal(broker.status().listening[0]?.tls, true);
    const url = `mqtts://127.0.0.1:${port}`;
    const hall = await connectAsync(url, options("hall", { rejectUnauthorized: false }));
    t.teardown(() => hall.endAsync(true));
    await hall.publishAsync("site/hall/t", "1", { qos: 1 });
    t.same(got, ["hall site/hall/t"]);
    const wrong = connectAsync(url, options("hall", { rejectUnauthorized: false, password: "x" }), false);
    await t.rejects(wrong);
  },
);

t.test("an address that is taken is said with its code", async (t) => {
  const { port } = await started(t, async () => undefined);
  await t.rejects(
    started(t, async () => undefined, { listen: [{ host: "127.0.0.1", port }] }),
    { code: "PORT_IN_USE" },
  );
});
