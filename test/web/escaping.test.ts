import t from "tap";
import type { Device } from "../../appliance/model/site.ts";
import { deviceId } from "../../appliance/model/site.ts";
import { serve } from "../helpers/sample-serve.ts";
import { sampleView } from "../helpers/sample-view.ts";

const naughty = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  "javascript:alert(1)",
  "</title><script>alert(1)</script>",
  "{{7*7}} <%= 7*7 %>",
  "<div hx-get=/x hx-trigger=load>",
  "<svg/onload=alert(1)>",
  "\u202Eevil\u202C",
  "Z\u0351\u036B\u0343\u036A\u0302\u036B\u033D",
  "\u0000\u0001\u001b[2J",
  "\uD800",
  "&lt;script&gt;",
  "<hx-partial hx-target='#main'>x</hx-partial>",
  "</div></main></body>",
  "<!--",
  "😀".repeat(5_000),
  "x".repeat(5_000),
];

t.test("no name of a device becomes markup, anywhere", async (t) => {
  const view = sampleView();
  const [like] = view.inventory.devices();
  if (!like) throw new Error("no devices");
  const rows: Device[] = naughty.map((name, index) => ({
    ...like,
    id: deviceId(`bad-${index}`),
    name,
    group: name,
    room: name,
    address: name,
    identity: { vendor: name, model: name, version: name, serial: name },
    ports: [],
    sensors: [{ metric: "temperature", channel: "c", description: name, unit: "°C" }],
  }));
  view.replace(rows);
  const url = await serve(t, view);
  const paths = [
    "/",
    "/devices",
    ...rows.flatMap(({ id }) => ["", "/sensors", "/events"].map((tab) => `/devices/${id}${tab}`)),
  ];
  for (const path of paths) {
    const answer = await fetch(url + path);
    const text = await answer.text();
    t.equal(answer.status, 200, path);
    t.notMatch(
      text,
      /<script(?!(?:\sdefer|\stype="module")?\ssrc="\/static\/)|<img|<svg\/onload|<hx-|<div hx-get=\/x|<!--/i,
      path,
    );
    t.notMatch(text, /x{201}|(?:😀){201}/u, `${path} is cut`);
    t.notMatch(text, /[^\P{Cc}\n\r\t]|\p{Cs}/u, `${path} has no control characters`);
  }
});
