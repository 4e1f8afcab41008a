import type { Faults } from "./faults.ts";
import { presence, wander } from "./weather.ts";

/** An IoT sensor of the demo office: what it publishes, where and how often. */
export interface OfficeSensor {
  readonly name: string;
  readonly topic: string;
  readonly everyMs: number;
  payload(atMs: number, faults: Faults): Readonly<Record<string, number | boolean>>;
}

const round = (value: number, digits: number) => Number(value.toFixed(digits));

function climate(name: string, room: string, usualC: number): OfficeSensor {
  return {
    name,
    topic: `site/${name}/climate`,
    everyMs: 30_000,
    payload: (atMs, faults) => ({
      temperature: round(
        usualC + 1.2 * wander(name, atMs) + 1.5 * presence(atMs) + (faults.hot.has(room) ? 14 : 0),
        1,
      ),
      humidity: round(44 + 6 * wander(`${name}-h`, atMs), 0),
      battery: round(88 + 4 * wander(`${name}-b`, atMs / 50), 0),
    }),
  };
}

/** The sensors that publish to the box's broker, each with a credential of its own (user name = name). */
export const sensors: readonly OfficeSensor[] = [
  climate("server-room", "Rack", 21),
  climate("archive", "Archive", 19),
  climate("meeting-room-1", "Meeting rooms", 21),
  climate("reception", "Reception", 22),
  {
    name: "freezer",
    topic: "site/freezer/climate",
    everyMs: 30_000,
    payload: (atMs) => ({ temperature: round(-18.5 + 0.8 * wander("freezer", atMs), 1), open: false }),
  },
  {
    name: "meter",
    topic: "site/meter/energy",
    everyMs: 10_000,
    payload: (atMs) => ({
      power: round(900 + 5200 * presence(atMs) + 600 * wander("meter", atMs), 0),
      voltage: round(231 + 2 * wander("mains", atMs), 1),
      energy: round((atMs - 1_700_000_000_000) / 1_200_000, 2),
    }),
  },
  {
    name: "air-meeting",
    topic: "site/air-meeting/air",
    everyMs: 60_000,
    payload: (atMs) => ({
      co2: round(450 + 500 * presence(atMs) + 120 * wander("co2", atMs), 0),
      temperature: round(21.5 + wander("air", atMs), 1),
    }),
  },
  {
    name: "warehouse-door",
    topic: "site/warehouse-door/contact",
    everyMs: 60_000,
    payload: (atMs) => ({ open: presence(atMs) > 0.4 && wander("door", atMs) > 0.5, battery: 71 }),
  },
];
