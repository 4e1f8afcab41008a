import type { JsonObject } from "./json.ts";
import { isObject, member, textMember } from "./json.ts";
import { parseTemplate, type Template } from "./template.ts";

export type Mode = "all" | "any" | "latest";

/** A topic that says whether a device is there. */
export interface Watch {
  readonly topic: string;
  readonly available: string;
  readonly notAvailable: string;
  readonly template: Template | undefined;
}

/** The availability topics of a discovery document, with their payloads. */
export function watchesOf(document: JsonObject): { readonly mode: Mode; readonly watches: readonly Watch[] } {
  const listed = member(document, "availability");
  const entries = [
    ...(Array.isArray(listed) ? listed.filter(isObject) : isObject(listed) ? [listed] : []),
    ...(member(document, "availability_topic") === undefined ? [] : [document]),
  ];
  const watches = entries.slice(0, 32).flatMap((entry) => {
    const topic = textMember(entry, "topic") ?? textMember(entry, "availability_topic");
    if (topic === undefined) return [];
    return [
      {
        topic,
        available: textMember(entry, "payload_available") ?? "online",
        notAvailable: textMember(entry, "payload_not_available") ?? "offline",
        template: parseTemplate(
          textMember(entry, "value_template") ?? textMember(entry, "availability_template"),
        ),
      },
    ];
  });
  const mode = textMember(document, "availability_mode");
  return { mode: mode === "all" || mode === "any" ? mode : "latest", watches };
}

/** What a payload says by a watch; undefined when it is neither word. */
export function saidBy(watch: Watch, payload: string): "online" | "offline" | undefined {
  const value = watch.template?.read(payload);
  const text = typeof value === "string" ? value.trim() : value === undefined ? undefined : String(value);
  if (text === watch.available) return "online";
  return text === watch.notAvailable ? "offline" : undefined;
}

/** The availability of one device from its topics, by mode. */
export interface Presence {
  readonly mode: Mode;
  readonly watches: Map<string, Watch>;
  readonly said: Map<string, "online" | "offline">;
}

/**
 * The device's state after `topic` said something: the newest word counts for `latest`; `all` needs every topic, `any`
 * one. Undefined while that cannot be told.
 */
export function combined({ mode, watches, said }: Presence, topic: string): "online" | "offline" | undefined {
  if (mode === "latest") return said.get(topic);
  const words = [...watches.keys()].map((one) => said.get(one));
  const decisive = mode === "all" ? "offline" : "online";
  if (words.includes(decisive)) return decisive;
  if (words.includes(undefined)) return undefined;
  return decisive === "offline" ? "online" : "offline";
}
