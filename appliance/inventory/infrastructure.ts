import type { Device, DeviceKind } from "../model/site.ts";

const passing: ReadonlySet<DeviceKind> = new Set(["switch", "router", "firewall", "ap", "wlc", "lte-router"]);

/** Whether a kind passes frames on; a server with two cables joins no networks. */
export const isPassing = (kind: DeviceKind) => passing.has(kind);

export const isInfrastructure = ({ kind }: Device) => isPassing(kind);
