import type { Device } from "../../appliance/model/site.ts";
import { deviceId } from "../../appliance/model/site.ts";
import type { SampleView } from "./sample-view.ts";
import { sampleView } from "./sample-view.ts";

/** Names as a hostile device may send them. */
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

/** An office in which every text that a device can send is hostile. */
export function naughtyView(): SampleView {
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
  return view;
}
