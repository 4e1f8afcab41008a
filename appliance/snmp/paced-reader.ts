import { type Reader, SnmpFailure } from "./reader.ts";

/**
 * A reader that asks only when it may: `turn` resolves when the next packet may go out. What is not answered is asked
 * once more, after the first answer ever.
 *
 * @param reader - made with one try
 */
export function pacedReader(reader: Reader, turn: (packets: number) => Promise<void>): Reader {
  let hasAnswered = false;
  async function paced<T>(ask: () => Promise<T>): Promise<T> {
    // The first one makes both ends ask for each other's MAC; with version 3 the engine is asked for first.
    await turn(hasAnswered ? 1 : firstPackets[reader.version]);
    try {
      const answer = await ask();
      hasAnswered = true;
      return answer;
    } catch (error) {
      if (!hasAnswered || !(error instanceof SnmpFailure) || error.reason !== "timeout") throw error;
      await turn(1);
      return ask();
    }
  }
  return {
    version: reader.version,
    get: (oids) => paced(() => reader.get(oids)),
    next: (oids) => paced(() => reader.next(oids)),
    bulk: (oid, repetitions) => paced(() => reader.bulk(oid, repetitions)),
    get requests() {
      return reader.requests;
    },
  };
}

const firstPackets = { "1": 3, "2c": 3, "3": 5 } as const;
