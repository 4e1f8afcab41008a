import type { Socket } from "node:net";
import type { Counters } from "../model/contracts.ts";
import type { Clock } from "../model/time.ts";

/** Connections of one address that have not signed in. */
export const maxStrangersPerAddress = 20;
/** Connections in all. */
export const maxConnections = 1_000;
const maxNoted = 50;

/** Counts who is in and who only stands at the door. */
export interface Door {
  /** False when there is no room: the socket is closed and counted. */
  enter(socket: Socket, address: string): boolean;
  signedIn(socket: Socket): void;
  noteVersion5(name: string, address: string): void;
  version5(): readonly {
    readonly name: string;
    readonly address: string;
    readonly atMs: number;
  }[];
  count(): number;
  closeAll(): void;
}

export function createDoor({
  clock,
  counters,
}: {
  readonly clock: Clock;
  readonly counters: Counters;
}): Door {
  const open = new Set<Socket>();
  // In order of arrival: the first is the oldest.
  const strangers = new Map<Socket, string>();
  const perAddress = new Map<string, number>();
  const noted: { name: string; address: string; atMs: number }[] = [];

  const leaveStrangers = (socket: Socket) => {
    const address = strangers.get(socket);
    if (address === undefined) return;
    strangers.delete(socket);
    const left = (perAddress.get(address) ?? 1) - 1;
    if (left > 0) perAddress.set(address, left);
    else perAddress.delete(address);
  };

  /** When all places are taken the oldest stranger gives way: a flood from many addresses cannot keep devices out. */
  const makeRoom = (): boolean => {
    if (open.size < maxConnections) return true;
    const [oldest] = strangers.keys();
    if (!oldest) return false;
    counters.add("broker_refused_strangers_gave_way");
    open.delete(oldest);
    leaveStrangers(oldest);
    oldest.destroy();
    return true;
  };

  return {
    enter(socket, address) {
      socket.on("error", () => counters.add("broker_socket_errors"));
      const here = perAddress.get(address) ?? 0;
      if (here >= maxStrangersPerAddress || !makeRoom()) {
        counters.add("broker_refused_connections");
        socket.destroy();
        return false;
      }
      open.add(socket);
      strangers.set(socket, address);
      perAddress.set(address, here + 1);
      socket.once("close", () => {
        open.delete(socket);
        leaveStrangers(socket);
      });
      return true;
    },
    signedIn: leaveStrangers,
    noteVersion5(name, address) {
      const again = noted.findIndex((n) => n.name === name && n.address === address);
      if (again >= 0) noted.splice(again, 1);
      noted.push({ name: name.slice(0, 64), address, atMs: clock.nowMs() });
      if (noted.length > maxNoted) noted.shift();
    },
    version5: () => [...noted],
    count: () => open.size,
    closeAll() {
      for (const socket of open) socket.destroy();
    },
  };
}
