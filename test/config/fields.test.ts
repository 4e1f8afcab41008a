import t from "tap";
import type { z } from "zod";
import {
  cidr,
  deviceIdField,
  duration,
  host,
  port,
  secret,
  secretUrl,
  size,
  timezone,
  topicFilter,
  url,
} from "../../appliance/config/fields.ts";
import { listenAddress, parseListen } from "../../appliance/config/listen.ts";
import { Secret } from "../../appliance/model/secret.ts";

const fields: readonly {
  name: string;
  field: z.ZodType;
  good: readonly (readonly [unknown, unknown])[];
  bad: readonly unknown[];
}[] = [
  {
    name: "duration",
    field: duration({ min: "1s", max: "1d" }),
    good: [
      ["1s", 1_000],
      ["1.5m", 90_000],
      ["24h", 86_400_000],
    ],
    bad: [30, "30", "30 sec", "500ms", "2d", "", "-1s", "1e3s", null],
  },
  {
    name: "host",
    field: host(),
    good: ["10.0.0.1", "fd00::1", "fe80::1%eth0", "printer", "nas.office.lan", "a_b.lan", "x.example."].map(
      (text) => [text, text] as const,
    ),
    bad: ["", "-f", "10.0.0.300", "10.0.0", "a b", "a..b", "a;reboot", "$(id)", "nas.lan:80", "http://x", 1],
  },
  {
    name: "port",
    field: port(),
    good: [
      [1, 1],
      [65_535, 65_535],
    ],
    bad: [0, 65_536, 1.5, "80", -1],
  },
  {
    name: "listenAddress",
    field: listenAddress(),
    good: [":8080", "0.0.0.0:80", "[::1]:80", "box.lan:1883", "*:80", "unix:/run/x.sock"].map(
      (text) => [text, text] as const,
    ),
    bad: ["8080", "::1:80", "[::g]:80", ":99999", "unix:relative", "host:", 8080],
  },
  {
    name: "cidr",
    field: cidr(),
    good: ["10.0.0.0/24", "fd00::/64", "0.0.0.0/0"].map((text) => [text, text] as const),
    bad: ["10.0.0.0", "10.0.0.0/33", "fd00::/129", "x/24", "10.0.0.0/24/8", "10.0.0.0/"],
  },
  {
    name: "topicFilter",
    field: topicFilter(),
    good: ["#", "+", "a/+/b", "a/#", "/", "$SYS/#"].map((text) => [text, text] as const),
    bad: ["", "a/#/b", "a#", "a+/b", "a\0b"],
  },
  {
    name: "deviceIdField",
    field: deviceIdField(),
    good: [["switch-1", "switch-1"]],
    bad: ["", "Switch", "a b", "a".repeat(33), "a:b", 7],
  },
  {
    name: "size",
    field: size(),
    good: [
      ["8GB", 8e9],
      ["1.5 MB", 1_500_000],
    ],
    bad: [8, "8", "8GiB", "8gb", "GB"],
  },
  {
    name: "url",
    field: url(),
    good: [["https://a.example/x?y", "https://a.example/x?y"]],
    bad: ["a.example", "ftp://a.example", "https://user:x@a.example", "javascript:alert(1)", ""],
  },
  {
    name: "timezone",
    field: timezone(),
    good: [
      ["Europe/Berlin", "Europe/Berlin"],
      ["UTC", "UTC"],
    ],
    bad: ["Berlin", "", 1],
  },
];

for (const { name, field, good, bad } of fields) {
  for (const [input, output] of good)
    t.test(`${name} takes ${JSON.stringify(input)}`, async (t) => t.strictSame(field.parse(input), output));
  for (const input of bad)
    t.test(`${name} refuses ${JSON.stringify(input)} and says what it expects`, async (t) => {
      const { error } = field.safeParse(input);
      t.match(error?.issues[0]?.message, /^expected /);
    });
}

t.test("a secret is wrapped, whether it was text or came from elsewhere", async (t) => {
  t.equal((secret().parse("x") as Secret).reveal(), "x");
  t.equal(String(secret().parse("x")), "***");
  const known = new Secret("y");
  t.equal(secret().parse(known), known);
  t.notOk(secret().safeParse("").success);
  t.notOk(secret().safeParse({ env: "X" }).success, "only the loader knows the environment");
  t.equal(JSON.stringify(secretUrl().parse("https://a.example/token")), '"***"');
  t.notOk(secretUrl().safeParse(new Secret("no url")).success);
});

t.test("a listening address is taken apart", async (t) => {
  t.strictSame(parseListen(":0"), { kind: "tcp", port: 0 });
  t.strictSame(parseListen("[::1]:80"), { kind: "tcp", host: "::1", port: 80 });
  t.strictSame(parseListen("unix:/a b"), { kind: "unix", path: "/a b" });
});
