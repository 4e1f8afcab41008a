import t, { type Test } from "tap";
import { deviceId } from "../../appliance/model/site.ts";
import { notifier as email } from "../../appliance/notifiers/email.ts";
import { notifier as webhook } from "../../appliance/notifiers/webhook.ts";
import { fakeClock } from "../helpers/fake-clock.ts";
import { office } from "../helpers/office.ts";
import { httpSink, mailSink } from "../helpers/receivers.ts";
import { emptyDir, keptLog } from "../helpers/state.ts";

const hot = { rule: "hot", check: "threshold", severity: "warning", summary: "It is hot." } as const;

/** Real receivers of every manner at once, over a fake clock: their waits are turned, their answers are real. */
async function receivers(t: Test) {
  const clock = fakeClock();
  const deps = { clock, log: keptLog() };
  const good = await httpSink(t);
  const hangs = await httpSink(t, () => undefined);
  const broken = await httpSink(t, (response) => void response.writeHead(500).end());
  const cunning = await httpSink(t, (response) => {
    response.writeHead(302, { location: "http://169.254.169.254/" }).end();
  });
  const endless = await httpSink(t, (response) => {
    response.writeHead(200);
    response.on("error", () => response.destroy());
    const more = () => void (response.destroyed || response.write(Buffer.alloc(65_536), more));
    more();
  });
  const grey = await mailSink(t, { manner: "busy" });
  const hook = ({ url }: { url: string }) =>
    webhook.create(webhook.config.parse({ type: "webhook", url, reach: "this-machine" }), deps);
  const mail = email.create(
    email.config.parse({
      type: "email",
      host: "127.0.0.1",
      port: grey.port,
      tls: "none",
      from: "box@example.org",
      to: ["it@example.org"],
    }),
  );
  const sinks = { good, hangs, broken, cunning, endless };
  const notifiers = new Map([
    ...Object.entries(sinks).map(([id, sink]) => [id, hook(sink)] as const),
    ["grey", mail] as const,
  ]);
  return { clock, notifiers, sinks };
}

/** Lets real sockets do their work until it holds. */
async function until(holds: () => boolean): Promise<void> {
  const limit = AbortSignal.timeout(10_000);
  while (!holds()) {
    if (limit.aborted) throw new Error(`It never came true: ${holds}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

t.test("bad receivers of every kind: the others are told at once, nobody is told twice", async (t) => {
  const { clock, notifiers, sinks } = await receivers(t);
  const o = office({ dir: emptyDir(t), plans: [["nas", "NAS"]], clock, notifiers });
  o.alert({ device: deviceId("nas"), ...hot });
  const stateOf = (id: string) => o.keepers.outbox.ofIncident(1).find(({ notifier }) => notifier === id);
  await clock.advance(0);
  await until(() => stateOf("good")?.state === "sent" && stateOf("endless")?.state === "sent");
  await until(() => stateOf("broken")?.error === "the receiver answered HTTP 500");
  await until(() => stateOf("cunning")?.state === "failed");
  t.match(stateOf("cunning")?.error, /169\.254\.169\.254 is refused/);
  await until(() => /greylisted/.test(stateOf("grey")?.error ?? ""));
  await until(() => sinks.hangs.posts.length === 1);
  await clock.advance(10_000);
  await until(() => stateOf("hangs")?.error === "no answer within 10 s");
  for (let minute = 0; minute < 20; minute++) {
    await clock.advance(60_000);
    await until(() => ["broken", "grey"].every((id) => !stateOf(id)?.error?.startsWith("being sent")));
  }
  const about = (posts: readonly { body: string }[]) =>
    posts.filter(({ body }) => body.includes("It is hot.")).length;
  t.equal(about(sinks.good.posts), 1);
  t.equal(about(sinks.endless.posts), 1);
  t.equal(about(sinks.broken.posts), 5);
  t.equal(about(sinks.cunning.posts), 1);
  const ids = sinks.broken.posts
    .filter(({ body }) => body.includes("It is hot."))
    .map(({ headers }) => headers["x-message-id"]);
  t.equal(new Set(ids).size, 1);
  t.match(stateOf("grey"), { state: "failed", tries: 5 });
  await o.stop();
});
