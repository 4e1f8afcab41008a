import t from "tap";
import { startMosquitto } from "../helpers/mosquitto.ts";
import { without } from "../helpers/servers.ts";
import { emptyDir } from "../helpers/state.ts";
import { storedKillStory } from "./mqtt-whole.ts";

t.setTimeout(1_200_000);

const size = { devices: 50, perClient: 2_000, kills: 5 };

t.test("100,000 messages to the whole box, killed five times", { timeout: 600_000 }, async (t) => {
  const figures = await storedKillStory({ folder: emptyDir(t), ...size });
  t.comment(`built-in broker: ${JSON.stringify(figures)}`);
  t.match(figures, { acknowledged: 100_000, lost: 0, twice: 0, stored: 100_000 });
});

t.test(
  "100,000 messages by way of a Mosquitto, the box killed five times",
  { skip: without("mosquitto"), timeout: 600_000 },
  async (t) => {
    const mosquitto = await startMosquitto();
    t.teardown(() => mosquitto.stop());
    const figures = await storedKillStory({ folder: emptyDir(t), ...size, external: mosquitto.url });
    t.comment(`mosquitto: ${JSON.stringify(figures)}`);
    t.match(figures, { acknowledged: 100_000, lost: 0, twice: 0, stored: 100_000 });
  },
);
