import { type Frame, frameAt, maxFrameBytes } from "./frames.ts";

/** What becomes of one packet: passed on, left out, kept back with all behind it, or the end of the connection. */
export type Verdict = "pass" | "drop" | "wait" | { readonly close: string };

export interface Sifted {
  /** Whole packets that passed, in order. */
  readonly passed: Buffer | null;
  /** Where what is kept back begins. */
  readonly from: number;
  /** How many bytes of it must be there before it is worth another look. */
  readonly neededBytes: number;
  /** Why the connection must end. */
  readonly close?: string;
}

/** Goes through the packets in `data` and asks about each whole one. */
export function sift(data: Buffer, judge: (frame: Frame) => Verdict): Sifted {
  const passed: Buffer[] = [];
  let from = 0;
  let at = 0;
  let neededBytes = 1;
  while (at < data.length) {
    const frame = wholeFrame(data, at);
    if ("close" in frame) return { passed: null, from: at, neededBytes: 1, close: frame.close };
    if ("neededBytes" in frame) {
      neededBytes = frame.neededBytes;
      break;
    }
    const verdict = judge(frame);
    if (verdict === "wait") break;
    if (typeof verdict === "object") return { passed: null, from: at, neededBytes: 1, close: verdict.close };
    if (verdict === "drop") {
      if (at > from) passed.push(data.subarray(from, at));
      from = frame.end;
    }
    at = frame.end;
  }
  if (at > from) passed.push(data.subarray(from, at));
  return { passed: joined(passed), from: at, neededBytes };
}

function wholeFrame(
  data: Buffer,
  at: number,
): Frame | { readonly neededBytes: number } | { readonly close: string } {
  const frame = frameAt(data, at);
  if (frame === "bad") return { close: "malformed length" };
  if (frame === "more") return { neededBytes: data.length - at + 1 };
  if (frame.end - at > maxFrameBytes) return { close: "packet too large" };
  return frame.end > data.length ? { neededBytes: frame.end - at } : frame;
}

function joined(parts: readonly Buffer[]): Buffer | null {
  if (parts.length > 1) return Buffer.concat(parts);
  return parts[0] ?? null;
}
