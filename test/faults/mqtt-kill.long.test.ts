import { setTimeout as wait } from "node:timers/promises";
import t from "tap";
import { freePort, startMosquitto } from "../helpers/mosquitto.ts";
import { without } from "../helpers/servers.ts";
import { killStory } from "./mqtt-kill.ts";

t.setTimeout(900_000);

const progress = () => wait(500);
const size = { clients: 50, perClient: 2_000, kills: 5 };

t.test("100,000 messages to our own broker, killed five times", { timeout: 450_000 }, async (t) => {
  const port = await freePort();
  const url = `mqtt://127.0.0.1:${port}`;
  const figures = await killStory(
    { folder: t.testdir({}), where: `${port}`, url, ...size, signIn: true },
    progress,
  );
  t.comment(`embedded: ${JSON.stringify(figures)}`);
  t.match(figures, { acknowledged: 100_000, lost: 0, twiceByTime: 0 });
});

t.test(
  "100,000 messages to a Mosquitto, our box killed five times",
  { skip: without("mosquitto"), timeout: 450_000 },
  async (t) => {
    const mosquitto = await startMosquitto();
    t.teardown(() => mosquitto.stop());
    const { url } = mosquitto;
    const figures = await killStory(
      { folder: t.testdir({}), where: url, url, ...size, signIn: false },
      progress,
    );
    t.comment(`mosquitto: ${JSON.stringify(figures)}`);
    t.match(figures, { acknowledged: 100_000, lost: 0, twiceByTime: 0 });
  },
);
