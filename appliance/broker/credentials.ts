import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Secret } from "../model/secret.ts";
import { filterCovers, topicMatches } from "../model/topic.ts";

/** A password as it may lie in a database: SHA-256 over salt and password, which is random and long. Both hex. */
export interface HashedPassword {
  readonly salt: string;
  readonly hash: string;
}

/** One device that may sign in; its user name is its name. */
export interface BrokerDevice {
  readonly name: string;
  readonly password: Secret | HashedPassword;
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
  /** Takes another list; gives the names whose connections must end: gone, or with another password or filters. */
  set(devices: readonly BrokerDevice[]): readonly string[];
}

const maxRemembered = 2_000;

interface Entry {
  readonly permit: Permit;
  readonly salt: Buffer;
  readonly digest: Buffer;
  /** Changes when anything of it does. */
  readonly mark: string;
}

const digestOf = (salt: Uint8Array, password: string | Uint8Array) =>
  createHash("sha256").update(salt).update(password).digest();

/** A fresh password of 192 random bits, in letters and digits that every form takes, and what to keep of it. */
export function newPassword(): { readonly password: string; readonly kept: HashedPassword } {
  const password = randomBytes(24).toString("base64url");
  const salt = randomBytes(16);
  return { password, kept: { salt: salt.toString("hex"), hash: digestOf(salt, password).toString("hex") } };
}

function entryOf(device: BrokerDevice, salt: Buffer): Entry {
  const { name, password, publish, subscribe } = device;
  const permit = createPermit(device);
  const hashed =
    "hash" in password
      ? { salt: Buffer.from(password.salt, "hex"), digest: Buffer.from(password.hash, "hex") }
      : { salt, digest: digestOf(salt, password.reveal()) };
  const mark = JSON.stringify([name, hashed.digest.toString("hex"), publish, subscribe]);
  return { permit, ...hashed, mark };
}

export function createCredentials(devices: readonly BrokerDevice[]): Credentials {
  // A fresh key in each process for passwords of the file: what is compared says nothing about them.
  const salt = randomBytes(32);
  let known = new Map<string, Entry>();
  const nobody = { salt, digest: digestOf(salt, randomBytes(32)) };
  const set = (list: readonly BrokerDevice[]) => {
    const before = known;
    known = new Map(list.map((device) => [device.name, entryOf(device, salt)]));
    const ended: string[] = [];
    for (const [name, old] of before) {
      const now = known.get(name);
      if (now?.mark === old.mark) known.set(name, old);
      else ended.push(name);
    }
    return ended;
  };
  set(devices);
  return {
    verify(name, password) {
      const entry = name === undefined ? undefined : known.get(name);
      const { salt: own, digest } = entry ?? nobody;
      const given = digestOf(own, password ?? "");
      const same = given.length === digest.length && timingSafeEqual(given, digest);
      return same && password !== undefined ? entry?.permit : undefined;
    },
    permit: (name) => known.get(name)?.permit,
    names: () => [...known.keys()],
    set,
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
