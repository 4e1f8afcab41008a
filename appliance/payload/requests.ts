import type { DialectState } from "../model/contracts.ts";

/** A message that a dialect would like sent: what it reads asks for it. */
export interface Request {
  readonly topic: string;
  readonly payload: Uint8Array;
}

export interface Requests {
  ask(request: Request): void;
  /** What was asked for since the last call. */
  take(): readonly Request[];
}

const most = 100;
const none: readonly Request[] = [];

/** Requests of the dialects of one broker; whether they are sent is the collector's to say. */
export function requestsOf(state: DialectState): Requests {
  return state.of("requests", createRequests);
}

function createRequests(): Requests {
  let waiting: Request[] = [];
  return {
    ask(request) {
      if (waiting.length < most) waiting.push(request);
    },
    take() {
      if (waiting.length === 0) return none;
      const taken = waiting;
      waiting = [];
      return taken;
    },
  };
}
