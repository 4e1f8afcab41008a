import type { Dialect, DialectState } from "../model/contracts.ts";
import type { DeviceId } from "../model/site.ts";
import type { HeardMessage, Mapping, Telemetry } from "../model/telemetry.ts";
import { leaves } from "./flatten.ts";
import type { Heard } from "./heard.ts";
import { parseJson } from "./json.ts";

export interface TelemetryDeps {
  readonly heard: Heard;
  /** Keys under which a device speaks. */
  readonly refsOf: (device: DeviceId) => readonly string[];
  /** The dialect of free-form JSON, with these mappings and no others. */
  readonly generic: (mappings: readonly Mapping[]) => Dialect;
}

const mostFields = 200;

/** The newest messages as pages ask for them. */
export function createTelemetry({ heard, refsOf, generic }: TelemetryDeps): Telemetry {
  return {
    of: (device) =>
      refsOf(device)
        .flatMap((ref) => heard.of(ref))
        .sort((a, b) => b.receivedAtMs - a.receivedAtMs),
    unread: () => heard.unread(),
    preview: (message, mapping) => generic([mapping]).decode(message, ownMemory()).records,
    fields: (message) => fieldsOf(message),
  };
}

/** A preview must not teach the running dialects anything. */
function ownMemory(): DialectState {
  const parts = new Map<string, unknown>();
  return {
    of<T>(owner: string, create: () => T): T {
      if (!parts.has(owner)) parts.set(owner, create());
      return parts.get(owner) as T;
    },
  };
}

function fieldsOf({ payload }: HeardMessage): { path: string; value: string }[] {
  const parsed = parseJson(payload);
  if (!parsed.ok) return [];
  return leaves(parsed.value, mostFields).flatMap(({ path, value }) =>
    value === null ? [] : [{ path: path.join("."), value: String(value) }],
  );
}
