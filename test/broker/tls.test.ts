import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { connectAsync } from "mqtt";
import t from "tap";
import { ownCertificate } from "../../appliance/broker/own-certificate.ts";
import { options, started, strangers } from "../helpers/mqtt/embedded.ts";
import { serverPath, without } from "../helpers/servers.ts";

const dayMs = 86_400_000;

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

t.test(
  "the box's own certificate is believed by whoever has its authority, and made anew in time",
  async (t) => {
    const folder = path.join(t.testdir({}), "tls");
    const names = ["localhost", "box.example", "127.0.0.1", "::1"];
    const nowMs = Date.now();
    const first = ownCertificate({ folder, names, nowMs, site: "berlin" });
    t.same(ownCertificate({ folder, names, nowMs: nowMs + dayMs, site: "berlin" }), first, "kept");
    const later = ownCertificate({ folder, names, nowMs: nowMs + 370 * dayMs, site: "berlin" });
    t.not(later.cert, first.cert, "a month before its end");
    const moved = ownCertificate({ folder, names: [...names, "10.0.0.9"], nowMs, site: "berlin" });
    const [server = "", ca = ""] = moved.cert.split(/(?<=-----END CERTIFICATE-----\n)/);
    t.equal(new X509Certificate(ca).ca, true);
    t.ok(new X509Certificate(server).verify(new X509Certificate(ca).publicKey));
    t.ok(new X509Certificate(server).checkIP("10.0.0.9"), "with the new address");
    t.equal(ca, first.cert.split(/(?<=-----END CERTIFICATE-----\n)/)[1], "the authority stays");
    const tls = { key: moved.key, cert: moved.cert };
    const { port } = await started(t, async () => undefined, {
      listen: [{ host: "127.0.0.1", port: 0, tls }],
    });
    const hall = await connectAsync(`mqtts://localhost:${port}`, options("hall", { ca }));
    await hall.endAsync();
    await t.rejects(connectAsync(`mqtts://localhost:${port}`, options("hall"), false), "unknown to others");
  },
);

t.test("a clock that is not set spoils no certificate", async (t) => {
  const folder = path.join(t.testdir({}), "tls");
  const names = ["localhost"];
  const at = (nowMs: number) => ownCertificate({ folder, names, nowMs, site: "x" });
  const nowMs = Date.now();
  const validAt = (cert: string, ms: number) =>
    cert.split(/(?<=-----END CERTIFICATE-----\n)/).every((one) => {
      const { validFrom, validTo } = new X509Certificate(one);
      return Date.parse(validFrom) <= ms && ms < Date.parse(validTo);
    });
  at(dayMs);
  const first = at(nowMs);
  t.ok(validAt(first.cert, nowMs), "made anew once the time is known");
  t.same(at(dayMs), first, "kept while it is not");
  const moved = ownCertificate({ folder, names: ["box.example"], nowMs: dayMs, site: "x" });
  t.ok(validAt(moved.cert, nowMs), "another name without the time");
  const [server = ""] = moved.cert.split(/(?<=-----END CERTIFICATE-----\n)/);
  t.equal(new X509Certificate(server).checkHost("box.example"), "box.example");
});

t.test("strangers of one address are counted before the handshake", async (t) => {
  const folder = path.join(t.testdir({}), "tls");
  const tls = ownCertificate({ folder, names: ["localhost"], nowMs: Date.now(), site: "x" });
  const { port, counters } = await started(t, async () => undefined, {
    listen: [{ host: "127.0.0.1", port: 0, tls }],
  });
  await strangers(t, port, 21);
  t.equal(counters.all().get("broker_refused_connections"), 1);
});
