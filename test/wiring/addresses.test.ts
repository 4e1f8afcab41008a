import t from "tap";
import { listenAddresses, ownAddresses, ownNames, pageAddresses } from "../../appliance/wiring/addresses.ts";

const web = { listen: [":8080"], names: ["status.example.org"] };
const site = { id: "x", name: "x", timezone: "UTC", anchors: [], url: "http://porch.lan:8080" };

t.test("--http wins over the file", async (t) => {
  t.strictSame(listenAddresses({ web }, undefined), [{ kind: "tcp", port: 8080 }]);
  t.strictSame(listenAddresses({ web }, "127.0.0.1:0"), [{ kind: "tcp", host: "127.0.0.1", port: 0 }]);
  t.throws(() => listenAddresses({ web }, "8080"), { code: "USAGE", message: /--http takes/ });
});

t.test("the box goes by its names of the file and of the machine", async (t) => {
  const names = ownNames({ site, web });
  for (const name of ["porch.lan", "status.example.org"]) t.ok(names.includes(name), name);
  t.ok(names.some((name) => name.endsWith(".local")));
});

t.test("all addresses are named where it listens on all, without those no browser takes", async (t) => {
  const [first, ...others] = pageAddresses([{ kind: "tcp", port: 80 }]);
  t.equal(first, "http://localhost/");
  for (const address of others) t.notMatch(address, /fe80|127\.|%/);
  t.strictSame(pageAddresses([{ kind: "tcp", host: "fd00::1", port: 8080 }]), ["http://[fd00::1]:8080/"]);
  t.match(pageAddresses([{ kind: "unix", path: "/run/x" }]), [/\/run\/x/]);
  t.ok(ownAddresses().includes("127.0.0.1"));
});
