import { compare } from "./agent.ts";
import { type MibObject, type Tag, tags, type Value } from "./ber.ts";
import type { Faults } from "./faults.ts";
import { addNeighbours, macOf } from "./neighbours.ts";
import type { OfficeDevice } from "./office.ts";
import { portsOf } from "./sockets.ts";
import { fixed, octetCounter, presence, wander } from "./weather.ts";

type Live = Value | ((nowMs: number) => Value);

/** Collects objects by dotted OID. */
export interface Mib {
  add(oid: string, tag: Tag, value: Live): void;
}

/** All objects that a device of the office answers, in OID order. Numbers follow the time and the faults. */
export function mibOf(device: OfficeDevice, faults: Faults, startMs: number): MibObject[] {
  const objects: MibObject[] = [];
  const mib: Mib = {
    add(oid, tag, value) {
      objects.push({
        oid: oid.split(".").map(Number),
        tag,
        value: typeof value === "function" ? value : () => value,
      });
    },
  };
  addSystem(mib, device, startMs);
  addPorts(mib, device, faults, startMs);
  addEntity(mib, device);
  addNeighbours(mib, device);
  extras[device.kind]?.(mib, device, faults);
  return objects.sort((a, b) => compare(a.oid, b.oid));
}

// SNMPv2-MIB
function addSystem(mib: Mib, device: OfficeDevice, startMs: number): void {
  const bootedMs = startMs - Math.floor((2 + 110 * fixed(`up-${device.id}`)) * 86_400_000);
  mib.add("1.3.6.1.2.1.1.1.0", tags.text, device.sysDescr);
  mib.add("1.3.6.1.2.1.1.2.0", tags.oid, device.sysObjectID);
  mib.add("1.3.6.1.2.1.1.3.0", tags.ticks, (nowMs) => Math.floor((nowMs - bootedMs) / 10) % 2 ** 32);
  mib.add("1.3.6.1.2.1.1.4.0", tags.text, "it@office.example");
  mib.add("1.3.6.1.2.1.1.5.0", tags.text, device.id);
  mib.add("1.3.6.1.2.1.1.6.0", tags.text, device.room);
}

// IF-MIB
function addPorts(mib: Mib, device: OfficeDevice, faults: Faults, startMs: number): void {
  const table = "1.3.6.1.2.1.2.2.1";
  const extended = "1.3.6.1.2.1.31.1.1.1";
  const ports = portsOf(device);
  mib.add("1.3.6.1.2.1.2.1.0", tags.integer, ports.length);
  for (const port of ports) {
    const i = port.index;
    const up = () => port.up && !(port.child && faults.dead.has(port.child.id));
    const key = `${device.id}/${port.name}`;
    mib.add(`${table}.1.${i}`, tags.integer, i);
    mib.add(`${table}.2.${i}`, tags.text, port.name);
    mib.add(`${table}.3.${i}`, tags.integer, 6);
    mib.add(`${table}.4.${i}`, tags.integer, 1500);
    mib.add(`${table}.5.${i}`, tags.gauge, port.speedMbps * 1_000_000);
    mib.add(`${table}.6.${i}`, tags.text, macOf(key));
    mib.add(`${table}.7.${i}`, tags.integer, 1);
    mib.add(`${table}.8.${i}`, tags.integer, () => (up() ? 1 : 2));
    for (const column of [13, 14, 19, 20])
      mib.add(`${table}.${column}.${i}`, tags.counter32, Math.floor(40 * fixed(`${key}-${column}`)));
    mib.add(`${extended}.1.${i}`, tags.text, port.name);
    const received = port.up ? octetCounter(`${key}/in`, startMs, port.scale) : () => 0n;
    const sent = port.up ? octetCounter(`${key}/out`, startMs, port.scale / 3) : () => 0n;
    mib.add(`${extended}.6.${i}`, tags.counter64, received);
    mib.add(`${extended}.7.${i}`, tags.counter64, (nowMs) => received(nowMs) / 900n);
    mib.add(`${extended}.10.${i}`, tags.counter64, sent);
    mib.add(`${extended}.11.${i}`, tags.counter64, (nowMs) => sent(nowMs) / 600n);
    mib.add(`${extended}.15.${i}`, tags.gauge, port.speedMbps);
    mib.add(`${extended}.18.${i}`, tags.text, port.alias);
  }
}

// ENTITY-MIB: the chassis, for the serial number
function addEntity(mib: Mib, device: OfficeDevice): void {
  const table = "1.3.6.1.2.1.47.1.1.1.1";
  mib.add(`${table}.2.1`, tags.text, device.sysDescr.split(",")[0] ?? "");
  mib.add(`${table}.5.1`, tags.integer, 3);
  mib.add(`${table}.7.1`, tags.text, "Chassis");
  mib.add(`${table}.11.1`, tags.text, device.serial);
}

type Extra = (mib: Mib, device: OfficeDevice, faults: Faults) => void;

// RFC 1628
const ups: Extra = (mib, device, faults) => {
  const tree = "1.3.6.1.2.1.33.1";
  const sinceMs = () => faults.onBattery.get(device.id);
  const onBattery = () => sinceMs() !== undefined;
  const minutes = (nowMs: number) => (nowMs - (sinceMs() ?? nowMs)) / 60_000;
  mib.add(`${tree}.1.1.0`, tags.text, "Demo Power");
  mib.add(`${tree}.1.2.0`, tags.text, "Line interactive 1500");
  mib.add(`${tree}.1.3.0`, tags.text, "2.14");
  mib.add(`${tree}.2.1.0`, tags.integer, 2);
  mib.add(`${tree}.2.2.0`, tags.integer, (nowMs) => Math.floor(minutes(nowMs) * 60));
  mib.add(`${tree}.2.3.0`, tags.integer, (nowMs) => Math.max(0, Math.floor(34 - minutes(nowMs))));
  mib.add(`${tree}.2.4.0`, tags.integer, (nowMs) => Math.max(0, Math.floor(100 - 3 * minutes(nowMs))));
  mib.add(`${tree}.2.5.0`, tags.integer, 273);
  mib.add(`${tree}.2.7.0`, tags.integer, (nowMs) => Math.round(26 + 2 * wander(device.id, nowMs)));
  mib.add(`${tree}.3.2.0`, tags.integer, 1);
  mib.add(`${tree}.3.3.1.2.1`, tags.integer, () => (onBattery() ? 0 : 500));
  mib.add(`${tree}.3.3.1.3.1`, tags.integer, (nowMs) =>
    onBattery() ? 0 : Math.round(231 + 3 * wander("mains", nowMs)),
  );
  mib.add(`${tree}.4.1.0`, tags.integer, () => (onBattery() ? 5 : 3));
  mib.add(`${tree}.4.3.0`, tags.integer, 1);
  mib.add(`${tree}.4.4.1.2.1`, tags.integer, 230);
  mib.add(`${tree}.4.4.1.4.1`, tags.integer, (nowMs) => Math.round(320 + 60 * presence(nowMs)));
  mib.add(`${tree}.4.4.1.5.1`, tags.integer, (nowMs) => Math.round(32 + 6 * presence(nowMs)));
  mib.add(`${tree}.6.1.0`, tags.gauge, () => (onBattery() ? 1 : 0));
};

// Printer-MIB (RFC 3805) and HOST-RESOURCES-MIB
const printer: Extra = (mib, device, faults) => {
  const supplies = "1.3.6.1.2.1.43.11.1.1";
  mib.add("1.3.6.1.2.1.25.3.2.1.2.1", tags.oid, "1.3.6.1.2.1.25.3.1.5");
  mib.add("1.3.6.1.2.1.25.3.2.1.3.1", tags.text, device.sysDescr);
  mib.add("1.3.6.1.2.1.25.3.5.1.1.1", tags.integer, (nowMs) =>
    presence(nowMs) > 0.5 && wander(device.id, nowMs) > 0.3 ? 4 : 3,
  );
  mib.add("1.3.6.1.2.1.43.5.1.1.17.1", tags.text, device.serial);
  mib.add("1.3.6.1.2.1.43.10.2.1.4.1.1", tags.counter32, (nowMs) =>
    Math.floor(48_000 + (nowMs / 60_000 - 29_000_000) / 12),
  );
  [
    "Black Toner Cartridge",
    "Cyan Toner Cartridge",
    "Magenta Toner Cartridge",
    "Yellow Toner Cartridge",
  ].forEach((name, at) => {
    const level = Math.round(25 + 70 * fixed(`${device.id}-${name}`));
    mib.add(`${supplies}.5.1.${at + 1}`, tags.integer, 3);
    mib.add(`${supplies}.6.1.${at + 1}`, tags.text, name);
    mib.add(`${supplies}.7.1.${at + 1}`, tags.integer, 19);
    mib.add(`${supplies}.8.1.${at + 1}`, tags.integer, 100);
    mib.add(`${supplies}.9.1.${at + 1}`, tags.integer, () =>
      at === 0 && faults.noToner.has(device.id) ? 2 : level,
    );
  });
};

// HOST-RESOURCES-MIB and UCD-SNMP-MIB
const computer: Extra = (mib, device, faults) => {
  const storage = "1.3.6.1.2.1.25.2.3.1";
  const totalBlocks = device.kind === "nas" ? 1_900_000_000 : 60_000_000;
  const usedShare = () => (faults.full.has(device.id) ? 0.98 : 0.35 + 0.4 * fixed(`disk-${device.id}`));
  const row = (i: number, type: string, name: string, blocks: number, used: Live) => {
    mib.add(`${storage}.1.${i}`, tags.integer, i);
    mib.add(`${storage}.2.${i}`, tags.oid, `1.3.6.1.2.1.25.2.1.${type}`);
    mib.add(`${storage}.3.${i}`, tags.text, name);
    mib.add(`${storage}.4.${i}`, tags.integer, 4096);
    mib.add(`${storage}.5.${i}`, tags.integer, blocks);
    mib.add(`${storage}.6.${i}`, tags.integer, used);
  };
  const memoryShare = (nowMs: number) => 0.45 + 0.15 * wander(`mem-${device.id}`, nowMs);
  row(1, "2", "Physical memory", 2_097_152, (nowMs) => Math.floor(2_097_152 * memoryShare(nowMs)));
  row(31, "4", device.kind === "nas" ? "/volume1" : "/", totalBlocks, () =>
    Math.floor(totalBlocks * usedShare()),
  );
  for (const core of [1, 2, 3, 4]) {
    mib.add(`1.3.6.1.2.1.25.3.3.1.2.${196_607 + core}`, tags.integer, (nowMs) =>
      Math.round(Math.max(1, 25 * presence(nowMs) + 12 * wander(`${device.id}-${core}`, nowMs) + 12)),
    );
  }
  mib.add("1.3.6.1.2.1.25.1.5.0", tags.gauge, 1);
  mib.add("1.3.6.1.2.1.25.1.6.0", tags.gauge, Math.round(180 + 120 * fixed(`proc-${device.id}`)));
};

// ENTITY-SENSOR-MIB (RFC 3433): 8 is degrees Celsius, 9 per cent relative humidity, scale 9 is units, one digit
const climate: Extra = (mib, device, faults) => {
  const entity = "1.3.6.1.2.1.47.1.1.1.1";
  const sensor = "1.3.6.1.2.1.99.1.1.1";
  const add = (index: number, name: string, type: number, value: (nowMs: number) => number) => {
    mib.add(`${entity}.2.${index}`, tags.text, name);
    mib.add(`${entity}.5.${index}`, tags.integer, 8);
    mib.add(`${entity}.7.${index}`, tags.text, name);
    mib.add(`${sensor}.1.${index}`, tags.integer, type);
    mib.add(`${sensor}.2.${index}`, tags.integer, 9);
    mib.add(`${sensor}.3.${index}`, tags.integer, 1);
    mib.add(`${sensor}.4.${index}`, tags.integer, (nowMs) => Math.round(10 * value(nowMs)));
    mib.add(`${sensor}.5.${index}`, tags.integer, 1);
  };
  add(
    1001,
    "Temperature",
    8,
    (nowMs) => (faults.hot.has(device.room) ? 41 : 24) + 1.5 * wander("rack-temperature", nowMs),
  );
  add(1002, "Humidity", 9, (nowMs) => 41 + 4 * wander("rack-humidity", nowMs));
};

const extras: Partial<Record<OfficeDevice["kind"], Extra>> = {
  ups,
  printer,
  nas: computer,
  server: computer,
  router: computer,
  env: climate,
};
