import { dialect as generic } from "../../appliance/dialects/generic.ts";
import type { DeviceId } from "../../appliance/model/site.ts";
import type { Telemetry } from "../../appliance/model/telemetry.ts";
import { createDecoder } from "../../appliance/payload/decoder.ts";
import { createHeard } from "../../appliance/payload/heard.ts";
import { createDialects } from "../../appliance/payload/intake.ts";
import { createTelemetry } from "../../appliance/payload/telemetry.ts";

/** One message of each of these devices, `site/<device>/climate`, and one topic that nobody can read. */
export function sampleTelemetry(devices: readonly DeviceId[], nowMs: number): Telemetry {
  const heard = createHeard();
  const decoder = createDecoder(createDialects(new Map([["generic", generic]]), {}));
  const say = (topic: string, text: string) => {
    const message = { topic, payload: Buffer.from(text), retained: false, receivedAtMs: nowMs - 90_000 };
    heard.note(message, decoder.decode(message));
  };
  for (const id of devices)
    say(`site/${id}/climate`, '{"temperature": 22.9, "humidity": 41, "probe": {"value": 612}}');
  say("site/unknown/<b>thing</b>", "\u0000\u0001");
  return createTelemetry({
    heard,
    refsOf: (id) => [`json:site/${id}/climate`],
    generic: (mappings) => generic.create({ mappings: [] }, { mappings: () => mappings }),
  });
}
