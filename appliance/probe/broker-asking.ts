import type { Clock, Timer } from "../model/time.ts";

const askAgainMs = 30_000;

export interface AskingSettings {
  readonly victron: readonly string[];
  readonly shellyAnnounce: boolean;
}

/**
 * What devices must be asked for: Victron's keep-alive (it ends after 60 s) and the announcement of Shelly devices, each
 * behind its setting. Source: victronenergy/dbus-flashmq README; Shelly Gen1 API.
 */
export function createAsking(
  { victron, shellyAnnounce }: AskingSettings,
  publish: (topic: string, payload: string) => void,
  clock: Clock,
) {
  let timer: Timer | undefined;
  const keepAlive = (payload: string) => {
    for (const portal of victron) publish(`R/${portal}/keepalive`, payload);
    timer = clock.timer(() => keepAlive('{"keepalive-options":["suppress-republish"]}'), askAgainMs);
  };
  return {
    begin() {
      timer?.cancel();
      // The first, empty one makes it tell everything once.
      if (victron.length > 0) keepAlive("");
      if (shellyAnnounce) publish("shellies/command", "announce");
    },
    end() {
      timer?.cancel();
    },
  };
}
