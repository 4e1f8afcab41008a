import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Secret } from "../model/secret.ts";
import { filterCovers, topicMatches } from "../model/topic.ts";

/** One device that may sign in; its user name is its name. */
export interface BrokerDevice {
  readonly name: string;
  readonly password: Secret;
  /** Topics it may publish to; absent: `site/<name>/#`. */
  readonly publish?: readonly string[] | undefined;
  /** Topics it may read; absent: as `publish`'s default. */
  readonly subscribe?: readonly string[] | undefined;
}

/** What a signed-in device may do. */
export interface Permit {
  readonly name: string;
  mayPublish(topic: string): boolean;
  /** A shared subscription or one of `$SYS` is never allowed. */
  maySubscribe(filter: string): boolean;
  mayRead(topic: string): boolean;
}

export interface Credentials {
  /** Takes the same time for an unknown name as for a wrong password. */
  verify(name: string | undefined, password: Uint8Array | undefined): Permit | undefined;
  permit(name: string): Permit | undefined;
  names(): readonly string[];
}

const maxRemembered = 2_000;

export function createCredentials(devices: readonly BrokerDevice[]): Credentials {
  // A fresh key in each process: what is compared says nothing about the password.
  const salt = randomBytes(32);
  const digest = (secret: string | Uint8Array) => createHash("sha256").update(salt).update(secret).digest();
  const known = new Map(
    devices.map((device) => [
      device.name,
      { permit: createPermit(device), digest: digest(device.password.reveal()) },
    ]),
  );
  const nobody = digest(randomBytes(32));
  return {
    verify(name, password) {
      const entry = name === undefined ? undefined : known.get(name);
      const same = timingSafeEqual(digest(password ?? ""), entry?.digest ?? nobody);
      return same && password !== undefined ? entry?.permit : undefined;
    },
    permit: (name) => known.get(name)?.permit,
    names: () => [...known.keys()],
  };
}

function createPermit(device: BrokerDevice): Permit {
  const own = [`site/${device.name}/#`];
  const publish = device.publish ?? own;
  const subscribe = device.subscribe ?? own;
  const matches = (filters: readonly string[], topic: string) =>
    !topic.startsWith("$") && filters.some((f) => topicMatches(f, topic));
  return {
    name: device.name,
    mayPublish: remembered((topic) => matches(publish, topic)),
    mayRead: remembered((topic) => matches(subscribe, topic)),
    maySubscribe: (filter) => !filter.startsWith("$") && subscribe.some((f) => filterCovers(f, filter)),
  };
}

/** Remembers answers, since a device uses few topics again and again. */
function remembered(ask: (topic: string) => boolean) {
  const answers = new Map<string, boolean>();
  return (topic: string): boolean => {
    const before = answers.get(topic);
    if (before !== undefined) return before;
    const answer = ask(topic);
    if (answers.size >= maxRemembered) answers.clear();
    answers.set(topic, answer);
    return answer;
  };
}
