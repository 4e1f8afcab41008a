import type { Plan } from "./sample-plan.ts";
import { sensor } from "./sample-plan.ts";

/** What people use. */
export const edge: readonly Plan[] = [
  ...["Entrance", "Yard", "Loading dock", "Stairs"].map(
    (name, index): Plan => ({
      id: `camera-${index + 1}`,
      name: `Camera ${name.toLowerCase()}`,
      kind: "camera",
      group: "Cameras",
      room: name,
      address: `10.0.0.${60 + index}`,
      behind: index === 3 ? "switch-2" : "switch-3",
      rttMs: 2.6,
      identity: { vendor: "Axis", model: "P3265-LV" },
    }),
  ),
  ...["Reception", "Accounts", "Meeting room", "Workshop", "2nd floor east", "2nd floor west"].map(
    (name, index): Plan => ({
      id: `phone-${index + 1}`,
      name: `Phone ${name.charAt(0).toLowerCase()}${name.slice(1)}`,
      kind: "voip",
      group: "Phones",
      room: name,
      address: `10.0.0.${70 + index}`,
      behind: index > 3 ? "switch-2" : "switch-1",
      rttMs: 2.2,
      identity: { vendor: "Yealink", model: "T54W", version: "96.86.0.70" },
    }),
  ),
  ...[
    "Server room",
    "Archive",
    "Freezer",
    "Meeting room",
    "Office east",
    "Office west",
    "Workshop",
    "Kitchen",
  ].map(
    (room, index): Plan => ({
      id: `climate-${index + 1}`,
      name: room,
      kind: "sensor",
      group: "Sensors",
      room,
      collectors: ["mqtt"],
      identity: { vendor: "Aqara", model: "WSDCGQ11LM" },
      sensors: [
        sensor("temperature", "°C", "Temperature", {
          base: [22.9, 20.1, -18.4, 21.6, 22.2, 21.9, 18.7, 21][index] ?? 21,
          day: index === 2 ? 0 : 0.05,
          noise: 0.5,
          min: -40,
        }),
        sensor("humidity", "%", "Humidity", { base: 43 + index * 3, noise: 4, max: 100 }),
        sensor("battery", "%", "Battery", { base: 92 - index * 6, max: 100, whole: true }),
      ],
    }),
  ),
  ...["Main door", "Server room door", "Yard gate"].map(
    (name, index): Plan => ({
      id: `door-${index + 1}`,
      name,
      kind: "sensor",
      group: "Sensors",
      room: name,
      collectors: ["mqtt"],
      identity: { vendor: "Sonoff", model: "SNZB-04" },
      sensors: [
        sensor(
          "open",
          "",
          "Door",
          { base: 0 },
          { words: { "0": { text: "closed", severity: "ok" }, "1": { text: "open", severity: "ok" } } },
        ),
        sensor("battery", "%", "Battery", { base: 81, max: 100, whole: true }),
      ],
    }),
  ),
  ...["Name lookup", "Accounting cloud", "E-mail"].map(
    (name, index): Plan => ({
      id: `service-${index + 1}`,
      name,
      kind: "service",
      group: "Services",
      address: ["10.0.0.1", "accounting.example", "mail.example"][index] ?? "",
      collectors: [index === 0 ? "dns" : "http"],
      shapes: { [index === 0 ? "dns_time" : "http_time"]: { base: 60 + index * 40, noise: 30, peak: 200 } },
    }),
  ),
  { id: "anchor-1", name: "Internet", kind: "service", group: "Internet", address: "192.0.2.1", rttMs: 18 },
];
