import type { Message } from "./contracts.ts";
import type { Observation } from "./observation.ts";
import type { DeviceId } from "./site.ts";

/** The newest message of one topic, and what the box made of it. */
export interface HeardMessage extends Omit<Message, "payload"> {
  /** Its beginning. */
  readonly payload: Uint8Array;
  /** Of the whole payload. */
  readonly bytes: number;
  /** Type of the dialect that read it; absent: none knows the topic. */
  readonly dialect?: string;
  /** Why it gave nothing. */
  readonly reason?: string;
  readonly records: readonly Observation[];
}

/** Where a value stands in messages of a topic, and what it is: what a person knows better than the word rules. */
export interface Mapping {
  /** MQTT topic filter. */
  readonly topic: string;
  /** `readings.0.t`; empty for a bare value. */
  readonly path: string;
  readonly metric: string;
  /** As the device sends it. */
  readonly unit?: string;
  readonly channel?: string;
}

/** What devices published last, for pages and the API. Lost at a restart; retained messages come again. */
export interface Telemetry {
  /** Newest first. */
  of(device: DeviceId): readonly HeardMessage[];
  /** Topics of which nothing could be read, newest first. */
  unread(): readonly HeardMessage[];
  /** What a message would give with this mapping beside the saved ones. */
  preview(message: HeardMessage, mapping: Mapping): readonly Observation[];
  /** Every number, word and switch in a payload with its path; empty when it is no JSON. */
  fields(message: HeardMessage): readonly { readonly path: string; readonly value: string }[];
}
