import type { Cable, Cabling, Thing } from "./cabling.ts";

const sw = (id: string): Thing => ({ id, kind: "switch", announces: true, tables: ["fdb", "lldp"] });

/** Three switches in a row, the box and the router at the first of them. */
export const office: Cabling = {
  things: [
    { id: "box", kind: "box" },
    { id: "router", kind: "router", announces: true },
    ...["sw1", "sw2", "sw3"].map(sw),
    ...["nas", "printer", "camera", "phone"].map((id): Thing => ({ id, kind: "printer" })),
  ],
  cables: [
    ["box", 1, "sw1", 3],
    ["router", 1, "sw1", 1],
    ["sw1", 24, "sw2", 8],
    ["sw2", 7, "sw3", 1],
    ["nas", 1, "sw1", 5],
    ["printer", 1, "sw2", 2],
    ["camera", 1, "sw3", 4],
    ["phone", 1, "sw3", 5],
  ],
};

/** What each hangs on. */
export const officeBehind: Readonly<Record<string, string>> = {
  router: "sw1",
  sw2: "sw1",
  sw3: "sw2",
  nas: "sw1",
  printer: "sw2",
  camera: "sw3",
  phone: "sw3",
};

/** The office with another cable for the same device. */
export function recabled(cable: Cable): Cabling {
  return { ...office, cables: office.cables.map((one) => (one[0] === cable[0] ? cable : one)) };
}
