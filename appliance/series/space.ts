import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** Never filled: the last 10 % of the file system, or 200 MB where that is more than enough. */
const reserveShare = 0.1;
const reserveBytesMost = 200_000_000;
const ballastBytes = 8 * 1_048_576;
const ballastName = "series.ballast";

export interface Space {
  /** Bytes that may still be written before the reserve is touched; 0 or less: stop. */
  left(): number;
  /** Size of the file system, bytes. */
  total(): number;
  /** Gives the ballast back to the file system, so that even deleting has room to work. */
  dropBallast(): void;
  /** Lays ballast in again when there is plenty of room. */
  layBallast(): void;
}

/**
 * How full the file system of the data directory is.
 *
 * @param wal - the write-ahead log: what is in it may have to be written to the database file once more
 */
export function createSpace(dataDir: string, wal: string): Space {
  const ballast = join(dataDir, ballastName);
  const read = () => {
    const { bsize, blocks, bavail } = statfsSync(dataDir);
    const total = bsize * blocks;
    const reserve = Math.min(total * reserveShare, reserveBytesMost);
    const pending = statSync(wal, { throwIfNoEntry: false })?.size ?? 0;
    return { total, left: bsize * bavail - reserve - pending };
  };
  return {
    left: () => read().left,
    total: () => read().total,
    dropBallast: () => rmSync(ballast, { force: true }),
    layBallast() {
      if (existsSync(ballast) || read().left < 4 * ballastBytes) return;
      const file = openSync(ballast, "w");
      try {
        // Written out: a file with holes would hold no room.
        const block = Buffer.alloc(1_048_576, 0x50);
        for (let at = 0; at < ballastBytes; at += block.length) writeSync(file, block);
        ftruncateSync(file, ballastBytes);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    },
  };
}
