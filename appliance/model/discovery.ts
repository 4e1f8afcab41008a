import type { DeviceId, DeviceKind, Identity } from "./site.ts";

/** What one finder saw of one thing. Texts come from the network: cleaned and cut by the finder, never trusted. */
export interface Evidence {
  /** Type of the finder. */
  readonly finder: string;
  /** For people: "answers ping", "mDNS _ipp._tcp". */
  readonly words: string;
  /** It is there now. A lease or a name alone says nothing of that. */
  readonly isPresent: boolean;
  /** It is there and leaves pings unanswered. */
  readonly isMuteToPing?: true;
  /** Literal IP address, without a zone. */
  readonly address?: string;
  /** MAC of the port that has the address; lower-case hex digits only. */
  readonly mac?: string;
  /** MAC of the whole device, as it says itself (LLDP, bridge). */
  readonly chassis?: string;
  /** SNMP engine id (RFC 3411); lower-case hex digits only. */
  readonly engineId?: string;
  readonly identity?: Identity;
  readonly name?: string;
  readonly kind?: DeviceKind;
  /** How much the word about the kind counts: the device's own answer to a question, an announcement, a guess. */
  readonly trust?: "answer" | "announcement" | "guess";
  /** Its word is signed with a key that only we and the device have (SNMP version 3). */
  readonly isSigned?: true;
  /** Id of the SNMP credential that it answered to. */
  readonly credential?: string;
  /** A TCP port of the service that makes it what it is: a printer's. */
  readonly servicePort?: number;
  /** Where it hangs: the neighbour that sees it. */
  readonly at?: { readonly device: DeviceId; readonly port: string };
}

/** An IPv4 network to look through. */
export interface Network4 {
  /** `10.0.0.0/24`, the address being the first. */
  readonly cidr: string;
  /** The box's own place in it; absent: it lies behind a router. */
  readonly own?: { readonly interface: string; readonly address: string };
}

/** An address at which something is. */
export interface FoundAddress {
  readonly address: string;
  readonly mac?: string;
  /** It is a device that is watched already. */
  readonly device?: DeviceId;
  /** SNMP credential that it answered to, in this scan. */
  readonly credential?: string;
}

/** Where a finder looks. */
export interface FindRange {
  readonly networks: readonly Network4[];
  /** Interfaces of the box in these networks, for multicast. */
  readonly interfaces: readonly OwnInterface[];
  /** What earlier stages of this scan found. */
  readonly found: readonly FoundAddress[];
  /** Every address of the networks was asked in this scan. */
  readonly isSwept: boolean;
}

export interface OwnInterface {
  readonly name: string;
  readonly address: string;
  /** It has a link-local IPv6 address. */
  readonly hasIpv6: boolean;
}

/** Lets packets out at the scan's rate. */
export interface Pace {
  /** Resolves when so many packets may be sent; rejects with the signal's reason. */
  take(packets: number, signal: AbortSignal): Promise<void>;
  /** Between two packets. */
  readonly gapMs: number;
  /** Packets so far. */
  taken(): number;
}

/** One way of asking by SNMP, from the settings. */
export interface SnmpCredential {
  readonly id: string;
  /** `1`, `2c` or `3`. */
  readonly version: string;
  /** As the SNMP collector's target schema parsed them. */
  readonly settings: unknown;
}

/** Which credential was tried at which address when; kept over restarts once a scan has ended. */
export interface TryBook {
  lastMs(address: string, credential: string): number | undefined;
  tried(address: string, credential: string, atMs: number): void;
}

export const confidences = ["sure", "likely", "guess"] as const;
export type Confidence = (typeof confidences)[number];

/** One more thing to measure, as a person would write it into the file: `snmp: {credential: office}`. */
export interface ProposedCheck {
  readonly type: "ping" | "snmp" | "tcp";
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Something that is there and not watched. */
export interface Candidate {
  /** Becomes the id of the device. */
  readonly id: DeviceId;
  readonly state: "new" | "ignored";
  readonly firstSeenMs: number;
  readonly seenMs: number;
  /** Newest first. */
  readonly addresses: readonly string[];
  readonly mac?: string;
  /** Drawn by lot: a telephone or notebook that passes by. */
  readonly isRandomMac: boolean;
  readonly maker?: string;
  readonly kind: DeviceKind;
  readonly confidence: Confidence;
  /** Why, in words, strongest first. */
  readonly reasons: readonly string[];
  /** Proposed. */
  readonly name: string;
  readonly identity: Identity;
  /** Strongest first, `kind:value`. */
  readonly keys: readonly string[];
  readonly checks: readonly ProposedCheck[];
  readonly at?: { readonly device: DeviceId; readonly port: string };
  /** It is a device already, and only its alarms wait for approval. */
  readonly speaks?: "mqtt";
  /** A person or rule has ignored it. */
  readonly ignoredBy?: string;
}

/** A watched device as discovery saw it. */
export interface Sighting {
  readonly device: DeviceId;
  readonly seenMs: number;
  readonly address?: string;
  /** Address to ask instead of the configured one, since the device went there. */
  readonly movedTo?: string;
  /** The configured address that `movedTo` stands for; a person who changes it ends that. */
  readonly movedFrom?: string;
  /** Keys seen besides those of the inventory: `port:...`, `engine:...`. */
  readonly keys: readonly string[];
  readonly at?: { readonly device: DeviceId; readonly port: string };
  /** It was told that it is gone. */
  readonly isGone?: boolean;
}

/** A change that discovery saw, of a candidate or a watched device. */
export interface Discovered {
  readonly kind: "new" | "address" | "replaced" | "port" | "firmware" | "gone" | "back";
  readonly atMs: number;
  readonly name: string;
  /** From what to what, in words. */
  readonly text: string;
  readonly device?: DeviceId;
  readonly candidate?: DeviceId;
}

/** How far a scan is. */
export interface ScanProgress {
  readonly startedMs: number;
  /** Absent: it still runs. */
  readonly endedMs?: number;
  /** Types of the finders that run now. */
  readonly running: readonly string[];
  readonly done: number;
  readonly total: number;
  readonly packets: number;
  readonly remainingMs?: number;
  readonly networks: readonly string[];
  /** What could not be done, a sentence each. */
  readonly problems: readonly string[];
  readonly found: number;
}

/** How a candidate becomes a device. Absent members: as proposed. */
export interface Approval {
  readonly by: string;
  readonly name?: string;
  readonly kind?: DeviceKind;
  readonly room?: string;
  readonly group?: string;
}

/** What pages and the API read of discovery and do with it. */
export interface Discovery {
  /** All, newest first; the ignored too. */
  candidates(): readonly Candidate[];
  candidate(id: string): Candidate | undefined;
  /** The scan that runs, else the last one. */
  progress(): ScanProgress | undefined;
  /** What will be looked through, and whether that happens by itself. */
  plan(): {
    readonly networks: readonly string[];
    readonly intervalMs?: number;
    /** Ids of credentials whose community goes in clear to every candidate. */
    readonly clear: readonly string[];
    readonly rate: number;
  };
  /** Throws CONFLICT while one runs. */
  scan(): void;
  /** Watches it from now on. Throws NOT_FOUND, CONFIG_INVALID. */
  approve(id: string, approval: Approval): DeviceId;
  /** Throws NOT_FOUND. */
  ignore(id: string, by: string): void;
  /** An ignored one is a candidate again. */
  restore(id: string): void;
  /** Changes of the last 30 days, newest first. */
  changes(): readonly Discovered[];
  /** Watched devices not seen for 30 days. */
  gone(): readonly { readonly device: DeviceId; readonly seenMs: number }[];
  onChange(listener: () => void): () => void;
}

/** Candidates and what discovery knows of watched devices, in state.db. */
export interface CandidateKeeper extends TryBook {
  /** All that `run` saves is written at once, and the tries so far with it. */
  together(run: () => void): void;
  load(): readonly StoredCandidate[];
  save(candidate: StoredCandidate): void;
  remove(id: DeviceId): void;
  sightings(): readonly Sighting[];
  saveSighting(sighting: Sighting): void;
  removeSighting(device: DeviceId): void;
  changes(sinceMs: number): readonly Discovered[];
  addChange(change: Discovered): void;
  /** Takes away changes and tries from before. */
  prune(beforeMs: number): void;
}

/** What of a candidate is kept: what was seen; what it looks like is worked out anew. */
export interface StoredCandidate {
  readonly id: DeviceId;
  readonly state: "new" | "ignored";
  readonly ignoredBy?: string;
  readonly firstSeenMs: number;
  readonly seenMs: number;
  /** The newest of each finder, and when. */
  readonly evidence: readonly (Evidence & { readonly seenMs: number })[];
}
