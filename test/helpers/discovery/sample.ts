import type {
  Approval,
  Candidate,
  Discovered,
  Discovery,
  ScanProgress,
} from "../../../appliance/model/discovery.ts";
import { ApplianceError } from "../../../appliance/model/errors.ts";
import { deviceId } from "../../../appliance/model/site.ts";

const hourMs = 3_600_000;

function candidate(id: string, nowMs: number, more: Partial<Candidate>): Candidate {
  return {
    id: deviceId(id),
    state: "new",
    firstSeenMs: nowMs - hourMs,
    seenMs: nowMs - 120_000,
    addresses: [],
    isRandomMac: false,
    kind: "other",
    confidence: "guess",
    reasons: ["answers ping"],
    name: id,
    identity: {},
    keys: [],
    checks: [{ type: "ping", settings: {} }],
    ...more,
  };
}

/** What a scan of a small office finds, one of each. */
export function sampleCandidates(nowMs: number): Candidate[] {
  return [
    candidate("print001", nowMs, {
      kind: "printer",
      confidence: "sure",
      name: "Printer 2nd floor",
      addresses: ["10.0.0.31"],
      mac: "008077000031",
      maker: "Brother industries",
      identity: { vendor: "Brother", model: "HL-L2350DW series" },
      reasons: ["SNMP v2c", "mDNS _ipp._tcp", "maker Brother industries", "answers ping"],
      checks: [
        { type: "ping", settings: {} },
        { type: "snmp", settings: { credential: "office" } },
        { type: "tcp", settings: { port: 9100 } },
      ],
    }),
    candidate("accessp1", nowMs, {
      kind: "ap",
      confidence: "likely",
      name: "AP kitchen",
      addresses: ["10.0.0.44", "fe80::1%eth0"],
      maker: "Ubiquiti",
      reasons: ["maker Ubiquiti", "LLDP", "answers ping"],
    }),
    candidate("visitor1", nowMs, {
      name: "Device 87",
      addresses: ["10.0.0.87"],
      mac: "daa119770057",
      isRandomMac: true,
    }),
    candidate("visitor2", nowMs, {
      name: "Device 88",
      addresses: ["10.0.0.88"],
      mac: "daa119770058",
      isRandomMac: true,
    }),
    candidate("mystery1", nowMs, {
      name: "Dell device 33",
      addresses: ["10.0.0.33"],
      maker: "Dell",
      reasons: ["is there, but does not answer ping", "maker Dell"],
    }),
    candidate("climate1", nowMs, {
      kind: "sensor",
      confidence: "sure",
      name: "Server room climate",
      identity: { vendor: "Aqara", model: "WSDCGQ11LM" },
      reasons: ["MQTT"],
      checks: [],
      speaks: "mqtt",
    }),
    candidate("ignored1", nowMs, {
      state: "ignored",
      name: "Old box",
      addresses: ["10.0.0.9"],
      ignoredBy: "Anna",
    }),
  ];
}

export interface SampleDiscovery extends Discovery {
  /** What was asked of it, in order. */
  readonly asked: string[];
  progressIs(progress: ScanProgress | undefined): void;
}

/** Discovery in memory: shows what it is given and keeps what it is asked. */
export function sampleDiscovery(
  all: readonly Candidate[],
  { changes = [] as readonly Discovered[], clear = ["office"] as readonly string[] } = {},
): SampleDiscovery {
  let candidates = [...all];
  let progress: ScanProgress | undefined;
  const asked: string[] = [];
  const listeners = new Set<() => void>();
  const told = (words: string) => {
    asked.push(words);
    for (const listener of listeners) listener();
  };
  const one = (id: string) => {
    const found = candidates.find((entry) => entry.id === id);
    if (!found) throw new ApplianceError("NOT_FOUND", `There is no candidate "${id}".`);
    return found;
  };
  const change = (id: string, more: Partial<Candidate>) => {
    one(id);
    candidates = candidates.map((entry) => (entry.id === id ? { ...entry, ...more } : entry));
  };
  return {
    asked,
    candidates: () => candidates,
    candidate: (id) => candidates.find((entry) => entry.id === id),
    progress: () => progress,
    progressIs(next) {
      progress = next;
      for (const listener of listeners) listener();
    },
    plan: () => ({ networks: ["10.0.0.0/24"], clear, rate: 50 }),
    scan: () => told("scan"),
    approve(id, { by, name, kind }: Approval) {
      const { id: device } = one(id);
      candidates = candidates.filter((entry) => entry.id !== id);
      told(`approve ${id} ${name} ${kind} by ${by}`);
      return device;
    },
    ignore(id, by) {
      change(id, { state: "ignored", ignoredBy: by });
      told(`ignore ${id}`);
    },
    restore(id) {
      change(id, { state: "new" });
      told(`restore ${id}`);
    },
    changes: () => changes,
    gone: () => [{ device: deviceId("printer-1"), seenMs: 0 }],
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
