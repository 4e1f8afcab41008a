import t from "tap";
import { demoConfiguration } from "../../appliance/demo/configuration.ts";
import { loadAllPlugins } from "../../appliance/wiring/plugins.ts";

t.test("a demo without a network of its own looks through nobody's network", async (t) => {
  const { finders } = await loadAllPlugins();
  const placement = {
    addressOf: () => "127.20.0.1",
    snmpPort: 16_161,
    ownNetwork: false,
    brokerListen: "127.20.0.250:1883",
  };
  const { discover } = JSON.parse(demoConfiguration(placement, new Map()));
  t.same(
    discover.finders,
    Object.fromEntries([...finders.keys()].map((type) => [type, "off"])),
    "every finder that there is",
  );
  t.equal(discover.interval, "off");
  t.notOk("discover" in JSON.parse(demoConfiguration({ ...placement, ownNetwork: true }, new Map())));
});
