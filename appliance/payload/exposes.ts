import { type Json, member, textMember } from "./json.ts";

/** One property of a Zigbee2MQTT device, as its definition exposes it. */
export interface Exposed {
  readonly property: string;
  readonly name: string;
  readonly type: string;
  readonly unit?: string;
  /** Which of several equal parts: `l1`, `left`. */
  readonly endpoint?: string;
  readonly valueOn?: Json;
  readonly valueOff?: Json;
}

const maxDepth = 6;
const maxProperties = 256;

/**
 * The properties that appear in a device's state: `access` bit 0, features of switches, lights and the like included.
 * Composite values are nested in the state and left out.
 *
 * Source: zigbee2mqtt.io docs/guide/usage/exposes.md.
 */
export function exposedProperties(exposes: Json | undefined): Map<string, Exposed> {
  const found = new Map<string, Exposed>();
  visit(exposes, undefined, 0, found);
  return found;
}

function visit(
  entries: Json | undefined,
  endpoint: string | undefined,
  depth: number,
  found: Map<string, Exposed>,
): void {
  if (!Array.isArray(entries) || depth > maxDepth) return;
  for (const entry of entries) {
    if (found.size >= maxProperties) return;
    const type = textMember(entry, "type") ?? "";
    if (type === "composite") continue;
    const own = textMember(entry, "endpoint") ?? endpoint;
    const exposed = type === "list" ? undefined : exposedOf(entry, type, own);
    if (exposed) found.set(exposed.property, exposed);
    visit(member(entry, "features"), own, depth + 1, found);
  }
}

function exposedOf(entry: Json, type: string, endpoint: string | undefined): Exposed | undefined {
  const property = textMember(entry, "property");
  const access = member(entry, "access");
  if (property === undefined || (typeof access === "number" && (access & 1) === 0)) return undefined;
  const unit = textMember(entry, "unit");
  const valueOn = member(entry, "value_on");
  const valueOff = member(entry, "value_off");
  return {
    property,
    name: textMember(entry, "name") ?? property,
    type,
    ...(unit === undefined ? {} : { unit }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(valueOn === undefined ? {} : { valueOn }),
    ...(valueOff === undefined ? {} : { valueOff }),
  };
}
