import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { readNetwork, watchNetwork } from "../../appliance/probe/network.ts";
import { diskOf, linuxSystem } from "../../appliance/probe/system.ts";
import { fakeClock } from "../helpers/fake-clock.ts";

function root(t: { testdir(): string }, files: Record<string, string>): string {
  const folder = t.testdir();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
const head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
const route4 = (gateway: string, metric: number, name = "eth0", flags = "0003") =>
  `${name}\t00000000\t${gateway}\t${flags}\t0\t0\t${metric}\t00000000\t0\t0\t0\n`;

t.test("the default gateway with the lowest metric, and literal name servers", async (t) => {
  const network = await readNetwork(
    root(t, {
      "proc/net/route": head + route4("0101A8C0", 100) + route4("FE01A8C0", 50, "wlan0"),
      "etc/resolv.conf": "# by hand\nnameserver 192.168.1.53\nnameserver -x\nnameserver fe80::1%eth0\n",
      "sys/class/net/wlan0/carrier": "1\n",
    }),
  );
  t.same(network, {
    gateway: "192.168.1.254",
    interface: "wlan0",
    hasCarrier: true,
    resolvers: ["192.168.1.53", "fe80::1%eth0"],
  });
});

t.test("IPv6 alone: a link-local gateway carries its interface", async (t) => {
  const zeros = "0".repeat(32);
  const network = await readNetwork(
    root(t, {
      "proc/net/ipv6_route": `${zeros} 00 ${zeros} 00 fe8000000000000000000000000000aa 00000400 1 0 00000003 eth0\n`,
    }),
  );
  t.equal(network.gateway, "fe80:0:0:0:0:0:0:aa%eth0");
});

t.test("a machine without a default route has no gateway", async (t) => {
  t.same(await readNetwork(root(t, { "proc/net/route": head })), { resolvers: [] });
  const pointToPoint = await readNetwork(
    root(t, { "proc/net/route": head + route4("00000000", 0, "ppp0", "0001") }),
  );
  t.same(pointToPoint, { interface: "ppp0", resolvers: [] });
});

t.test("a new gateway is noticed", async (t) => {
  const folder = root(t, { "proc/net/route": head + route4("0101A8C0", 0) });
  const clock = fakeClock();
  const seen = new Promise<string | undefined>((resolve) => {
    const watch = watchNetwork({ clock, root: folder, onChange: ({ gateway }) => resolve(gateway) });
    t.teardown(() => watch.stop());
    void watch.start().then(() => {
      t.equal(watch.now().gateway, "192.168.1.1");
      writeFileSync(join(folder, "proc/net/route"), head + route4("0201A8C0", 0));
      return clock.advance(10_000);
    });
  });
  t.equal(await seen, "192.168.1.2");
});

t.test("what the machine says of itself", async (t) => {
  const system = linuxSystem(
    root(t, {
      "proc/stat": "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 1 1 1\n",
      "proc/meminfo":
        "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:  250 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
      "proc/loadavg": "0.42 0.1 0.1 1/100 4242\n",
      "proc/uptime": "3600.25 1000.00\n",
      "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
      "sys/class/thermal/thermal_zone0/temp": "51500\n",
      "sys/class/thermal/thermal_zone1/type": "broken\n",
      "sys/class/thermal/thermal_zone1/temp": "-274000\n",
      "run/systemd/timesync/synchronized": "",
    }),
  );
  t.same(await system.processor(), { total: 1_000, idle: 800 });
  t.match(await system.memory(), { totalBytes: 1_024_000, availableBytes: 256_000 });
  t.equal(await system.load(), 0.42);
  t.equal(await system.uptimeS(), 3_600.25);
  t.same(await system.temperatures(), [{ name: "cpu-thermal", temperatureC: 51.5 }]);
  t.equal(await system.isSynchronised(), true);
  const bare = linuxSystem(root(t, {}));
  t.same(
    [
      await bare.processor(),
      await bare.memory(),
      await bare.load(),
      await bare.temperatures(),
      await bare.isSynchronised(),
    ],
    [undefined, undefined, undefined, [], undefined],
  );
  const disk = await diskOf(t.testdirName);
  t.ok(disk && disk.usedPercent >= 0 && disk.usedPercent <= 100);
  t.equal(await diskOf("/no/such/folder"), undefined);
});
