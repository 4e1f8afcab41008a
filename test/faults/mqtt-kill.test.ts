import { setTimeout as wait } from "node:timers/promises";
import t from "tap";
import { freePort, startMosquitto } from "../helpers/mosquitto.ts";
import { without } from "../helpers/servers.ts";
import { killStory } from "./mqtt-kill.ts";

const progress = () => wait(20);

t.test("killed with its own broker: nothing acknowledged is lost, nothing stored twice", async (t) => {
  const port = await freePort();
  const figures = await killStory(
    {
      folder: t.testdir({}),
      where: `${port}`,
      url: `mqtt://127.0.0.1:${port}`,
      clients: 10,
      perClient: 400,
      kills: 3,
      signIn: true,
    },
    progress,
  );
  t.comment(`embedded: ${JSON.stringify(figures)}`);
  t.match(figures, { acknowledged: 4_000, lost: 0, twiceByTime: 0 });
});

t.test(
  "killed beside a Mosquitto: nothing acknowledged is lost, nothing stored twice",
  { skip: without("mosquitto") },
  async (t) => {
    const mosquitto = await startMosquitto();
    t.teardown(() => mosquitto.stop());
    const figures = await killStory(
      {
        folder: t.testdir({}),
        where: mosquitto.url,
        url: mosquitto.url,
        clients: 10,
        perClient: 400,
        kills: 3,
        signIn: false,
      },
      progress,
    );
    t.comment(`mosquitto: ${JSON.stringify(figures)}`);
    t.match(figures, { acknowledged: 4_000, lost: 0, twiceByTime: 0 });
  },
);
