import type { Candidate } from "../model/discovery.ts";
import type { Device } from "../model/site.ts";

/** What speaks by MQTT and waits for approval, as a candidate: it is shown already, approval switches its alarms on. */
export function speakerOf(device: Device, mark: Candidate | undefined): Candidate {
  const { id, kind, name, identity, firstSeenMs, address } = device;
  return {
    id,
    state: mark?.state ?? "new",
    ...(mark?.ignoredBy === undefined ? {} : { ignoredBy: mark.ignoredBy }),
    firstSeenMs,
    seenMs: firstSeenMs,
    addresses: address === undefined ? [] : [address],
    isRandomMac: false,
    ...(identity.vendor === undefined ? {} : { maker: identity.vendor }),
    ...(identity.mac === undefined ? {} : { mac: identity.mac }),
    kind,
    confidence: "sure",
    reasons: ["MQTT"],
    name,
    identity,
    keys: [],
    checks: [],
    speaks: "mqtt",
  };
}
