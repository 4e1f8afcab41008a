/** Below this first level of a topic everything is the box's own, and nothing is a device's. */
export const ownPrefix = "porchlight";

/** The retained messages that a broker is to have of us: payload by topic. */
export type Notices = ReadonlyMap<string, string>;

/** Object ids of the discovery documents that the box writes begin so; the site's id follows. */
const ownObject = `${ownPrefix}_`;

/** Object id of a device's discovery document; without a device: the site's. Ids hold no underscore. */
export function discoveryObject(site: string, device?: string): string {
  return device === undefined ? `${ownObject}${site}` : `${ownObject}${site}_${device}`;
}

/** Whether a topic is one that a box of ours writes: it is never read as a device's. */
export function isOwnTopic(topic: string): boolean {
  return topic.startsWith(`${ownPrefix}/`) || topic.includes(`/device/${ownObject}`);
}

/** Whether a topic is this site's own. */
export function isOfSite(topic: string, site: string): boolean {
  const object = discoveryObject(site);
  return (
    topic.startsWith(`${ownPrefix}/${site}/`) ||
    topic.endsWith(`/device/${object}/config`) ||
    topic.includes(`/device/${object}_`)
  );
}

/** Where notices go: one broker. */
export interface Outlet {
  /** Puts the notices of now into force: publishes what changed and takes away what is gone. */
  set(notices: Notices): void;
}

/** What a broker may be told; each place says which. */
export interface OutletWishes {
  /** Whether discovery documents for Home Assistant are among it. */
  readonly discovery: "none" | "homeassistant";
  /** Whether the main readings of devices are. */
  readonly sensors: "none" | "main";
}

/** Keeps every outlet up to date; in `parts.notices` of the collectors. */
export interface NoticeBoard {
  readonly site: string;
  /** Topic and payloads that say whether we are there: the will of a connection. */
  readonly status: { readonly topic: string; readonly online: string; readonly offline: string };
  /** Returns what ends it. */
  add(outlet: Outlet, wishes: OutletWishes): () => void;
}
