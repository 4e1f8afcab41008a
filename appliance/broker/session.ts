import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Aedes, Client } from "aedes";
import type { Counters } from "../model/contracts.ts";
import type { Clock } from "../model/time.ts";
import { type Budget, createBudget } from "./budget.ts";
import { type BrokerDevice, type Credentials, createCredentials, type Permit } from "./credentials.ts";
import { createDoor, type Door } from "./door.ts";
import { Guard } from "./guard.ts";
import type { BrokerPersistence } from "./memory.ts";

/** Live filters of one client. */
export const maxFilters = 500;
const defaultBudget = { perSecond: 20, burst: 200 };

interface DeviceCounts {
  connections: number;
  messages: number;
  dropped: number;
  slowed: number;
  readonly refused: Record<string, number>;
  readonly budget: Budget;
  /** Ends each of its connections. */
  readonly ends: Set<() => void>;
}

export interface Context {
  readonly credentials: Credentials;
  readonly devices: ReadonlyMap<string, DeviceCounts>;
  readonly counters: Counters;
  readonly door: Door;
  readonly clock: Clock;
  readonly signedBy: WeakMap<Client, Signed>;
  /**
   * Another list of devices: who is no longer on it, or has another password, is put out at once.
   *
   * @returns the names that are no longer on it
   */
  configure(list: readonly BrokerDevice[]): readonly string[];
}

interface Signed {
  permit?: Permit;
  will?: string;
  /** Why it cannot sign in, whatever its credential. */
  problem?: string;
  /** What it is subscribed to. */
  filters: Set<string>;
  signedIn(): void;
}

/** What the client may do now; undefined when its credential was revoked or changed after it signed in. */
export function permitOf({ signedBy, credentials }: Context, client: Client | null): Permit | undefined {
  const permit = client ? signedBy.get(client)?.permit : undefined;
  return permit && credentials.permit(permit.name) === permit ? permit : undefined;
}

export function refuse(context: Context, name: string | undefined, reason: string) {
  context.counters.add(`broker_refused_${reason.replace(/[^a-z0-9]+/gi, "_")}`);
  const counts = name === undefined ? undefined : context.devices.get(name);
  if (counts) counts.refused[reason] = (counts.refused[reason] ?? 0) + 1;
}

/** Whether a new connection may come in: limits by address. */
export function enter(socket: Socket, { door }: Context): boolean {
  return door.enter(socket, socket.remoteAddress ?? "");
}

/** Serves a connection that came in: the guard, then aedes. `stream` is what MQTT is spoken over. */
export function serve(stream: Duplex, socket: Socket, broker: Aedes, context: Context): void {
  const address = socket.remoteAddress ?? "";
  const signed: Signed = { filters: new Set(), signedIn: () => undefined };
  const name = () => signed.permit?.name;
  const guard = new Guard(
    stream,
    {
      connect(facts) {
        if (facts.version === 5) context.door.noteVersion5(facts.clientId, address);
        return undefined;
      },
      publish: (topic, qos) => judgePublish(context, signed, topic, qos),
      refused: (reason) => refuse(context, name(), reason),
    },
    context.clock,
  );
  signed.signedIn = () => {
    context.door.signedIn(socket);
    guard.signedIn();
    const counts = context.devices.get(name() ?? "");
    if (!counts) return;
    const end = () => socket.destroy();
    counts.connections++;
    counts.ends.add(end);
    socket.once("close", () => {
      counts.connections--;
      counts.ends.delete(end);
    });
  };
  context.signedBy.set(broker.handle(stream), signed);
}

function judgePublish(
  context: Context,
  { permit }: Signed,
  topic: string,
  qos: number,
): "pass" | "drop" | number {
  const counts = context.devices.get(permit?.name ?? "");
  if (!counts || !permit) return "drop";
  if (qos === 0 && !permit.mayPublish(topic)) {
    refuse(context, permit.name, "topic not allowed");
    return "drop";
  }
  if (counts.budget.take()) {
    counts.messages++;
    return "pass";
  }
  if (qos === 0) {
    counts.dropped++;
    context.counters.add("broker_dropped_over_budget");
    return "drop";
  }
  counts.slowed++;
  return Math.max(1, counts.budget.waitMs());
}

/** A message as aedes hands it over; `clientId` is the session's for a will of an earlier run. */
export interface Taken {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly qos: number;
  readonly retain: boolean;
  readonly clientId?: string;
}

type Hooks = Pick<
  NonNullable<ConstructorParameters<typeof Aedes>[0]>,
  "preConnect" | "authenticate" | "authorizePublish" | "authorizeSubscribe" | "authorizeForward"
>;

export function hooksOf(
  context: Context,
  take: (client: Client | null, packet: Taken) => Promise<void>,
  persistence: BrokerPersistence,
): Hooks {
  return {
    preConnect(client, packet, done) {
      const signed = context.signedBy.get(client);
      if (signed && packet.will) signed.will = packet.will.topic;
      // MQTT 3.1.1 [3.1.3-8]: a session that is kept needs an id.
      if (signed && !packet.clientId && !packet.clean) signed.problem = "client id missing";
      packet.clientId = sessionId(packet.username, packet.clientId);
      done(null, true);
    },
    authenticate(client, username, password, done) {
      const signed = context.signedBy.get(client);
      const permit = context.credentials.verify(username, password);
      const reason = signed ? signInProblem(permit, signed) : "no guard";
      if (!signed || !permit || reason) {
        refuse(context, username, reason ?? "bad credential");
        done(refusal(reason ?? ""), null);
        return;
      }
      signed.permit = permit;
      signed.signedIn();
      attend(client, context, persistence);
      done(null, true);
    },
    authorizePublish(client, packet, done) {
      take(client, packet).then(
        () => done(),
        (error) => {
          // A will of an earlier run that may no longer be published: aedes would try it for ever.
          const { clientId } = packet as { readonly clientId?: string };
          if (client === null && clientId !== undefined) void persistence.delWill({ id: clientId });
          done(error);
        },
      );
    },
    authorizeSubscribe(client, subscription, done) {
      const permit = permitOf(context, client);
      const reason = subscribeProblem(permit, context.signedBy.get(client)?.filters, subscription.topic);
      if (reason === undefined) return done(null, subscription);
      refuse(context, permit?.name, reason);
      persistence.leaveOut(subscription);
      done(null, null);
    },
    authorizeForward(client, packet) {
      if (!permitOf(context, client)?.mayRead(packet.topic)) return null;
      if (packet.qos > 0 && persistence.isSentAgain(client.id, packet)) packet.dup = true;
      return packet;
    },
  };
}

function subscribeProblem(permit: Permit | undefined, filters: Set<string> | undefined, filter: string) {
  if (!filters || !permit?.maySubscribe(filter)) return "subscription not allowed";
  if (filters.size >= maxFilters && !filters.has(filter)) return "too many subscriptions";
  filters.add(filter);
  return undefined;
}

/** Takes out what the client gave up; a filter that it asked for again meanwhile stays. */
export function noteUnsubscribed({ signedBy }: Context, client: Client, gone: readonly string[]): void {
  const signed = signedBy.get(client);
  if (!signed) return;
  const live = Object.keys((client as unknown as { subscriptions: object }).subscriptions);
  for (const filter of gone) signed.filters.delete(filter);
  signed.filters = new Set([...signed.filters, ...live]);
}

/** A session is in use while it has a connection. */
function attend(client: Client, { counters }: Context, persistence: BrokerPersistence): void {
  if (client.conn.destroyed) return;
  persistence.enter(client.id);
  client.conn.once("close", () =>
    persistence.leave(client.id).catch(() => counters.add("broker_sessions_not_dropped")),
  );
}

function signInProblem(permit: Permit | undefined, { will, problem }: Signed): string | undefined {
  if (!permit) return "bad credential";
  if (problem) return problem;
  return will === undefined || permit.mayPublish(will) ? undefined : "will topic not allowed";
}

/** Return codes of CONNACK, MQTT 3.1.1 §3.2.2.3. */
function refusal(reason: string) {
  const codes: Record<string, number> = {
    "client id missing": 2,
    "bad credential": 4,
  };
  return Object.assign(new Error(reason), { returnCode: codes[reason] ?? 5 });
}

/**
 * The broker's name for a session: the same client id of two devices is two sessions, so that nobody can end
 * another's. Begins with the device's name.
 */
function sessionId(name: string | undefined, clientId: string | undefined) {
  return `${encodeURIComponent(name ?? "")}/${clientId || randomUUID()}`;
}

export function nameOfSession(id: string | undefined): string {
  try {
    return decodeURIComponent(id?.split("/")[0] ?? "");
  } catch {
    // No id of ours: no device has an empty name.
    return "";
  }
}

/** Everything that connections share. */
export function createContext(
  list: readonly BrokerDevice[],
  budget: { readonly perSecond: number; readonly burst: number } | undefined,
  { clock, counters }: { readonly clock: Clock; readonly counters: Counters },
): Context {
  const devices = new Map<string, DeviceCounts>();
  const credentials = createCredentials(list);
  const fresh = (): DeviceCounts => ({
    connections: 0,
    messages: 0,
    dropped: 0,
    slowed: 0,
    refused: Object.create(null),
    budget: createBudget(budget ?? defaultBudget, clock),
    ends: new Set(),
  });
  const fill = () => {
    const names = new Set(credentials.names());
    for (const name of devices.keys()) if (!names.has(name)) devices.delete(name);
    for (const name of names) if (!devices.has(name)) devices.set(name, fresh());
  };
  fill();
  return {
    credentials,
    devices,
    counters,
    door: createDoor({ clock, counters }),
    clock,
    signedBy: new WeakMap(),
    configure(next) {
      const ended = credentials.set(next);
      for (const name of ended) for (const end of devices.get(name)?.ends ?? []) end();
      fill();
      return ended.filter((name) => !devices.has(name));
    },
  };
}
