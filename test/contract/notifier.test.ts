import t, { type Test } from "tap";
import { systemClock } from "../../appliance/clock.ts";
import type { Notifier, NotifierPlugin } from "../../appliance/model/contracts.ts";
import { NotifyError } from "../../appliance/model/errors.ts";
import { loadPlugins } from "../../appliance/plugins.ts";
import { deadPort, httpSink, type Manner, mailSink, sampleMessage } from "../helpers/receivers.ts";
import { keptLog } from "../helpers/state.ts";

const plugins = await loadPlugins<NotifierPlugin>(
  new URL("../../appliance/notifiers/", import.meta.url),
  "notifier",
);

interface Receiver {
  readonly settings: object;
  /** What arrived, as text that holds the message's id. */
  readonly received: () => string[];
}

const httpAnswers: Readonly<Record<Manner, number | undefined>> = {
  takes: 204,
  busy: 503,
  refuses: 404,
  hangs: undefined,
  away: undefined,
};

/** A receiver of each kind that behaves as wished; a plugin without an entry here fails by name. */
const receivers: Record<string, (t: Test, manner: Manner) => Promise<Receiver>> = {
  async email(t, manner) {
    const sink = await mailSink(t, { manner });
    const port = manner === "away" ? await deadPort() : sink.port;
    return {
      settings: {
        type: "email",
        host: "127.0.0.1",
        port,
        tls: "none",
        from: "box@example.org",
        to: ["it@example.org"],
      },
      received: () => sink.mails.map(({ text }) => text),
    };
  },
  async webhook(t, manner) {
    const status = httpAnswers[manner];
    const sink = await httpSink(t, (response) => {
      if (status !== undefined) response.writeHead(status).end();
    });
    const url = manner === "away" ? `http://127.0.0.1:${await deadPort()}/` : sink.url;
    return {
      settings: { type: "webhook", url, reach: "this-machine" },
      received: () => sink.posts.map(({ body }) => body),
    };
  },
};

async function opened(t: Test, plugin: NotifierPlugin, manner: Manner) {
  const make = receivers[plugin.type];
  if (!make) throw new Error(`Say in this suite how to receive from the notifier "${plugin.type}".`);
  const { settings, received } = await make(t, manner);
  const notifier: Notifier = plugin.create(plugin.config.parse(settings), {
    clock: systemClock,
    log: keptLog(),
  });
  const abort = new AbortController();
  return { notifier, received, abort, settings };
}

t.ok(plugins.size >= 2, "sees the plugins");
for (const plugin of plugins.values()) {
  t.test(plugin.type, async (t) => {
    t.test("delivers once, with the id and the sentence", async (t) => {
      const { notifier, received, abort } = await opened(t, plugin, "takes");
      await notifier.send(sampleMessage(), { signal: abort.signal });
      const [text = ""] = received();
      t.equal(received().length, 1);
      t.match(text, "office-214-k3x9-1-opened-it");
      t.match(text, "Switch 2 does not answer");
    });

    t.test("a second send of the same message carries the same id", async (t) => {
      const { notifier, received, abort } = await opened(t, plugin, "takes");
      for (let n = 0; n < 2; n++) await notifier.send(sampleMessage(), { signal: abort.signal });
      t.match(received(), [/office-214-k3x9-1-opened-it/, /office-214-k3x9-1-opened-it/]);
    });

    const failures = [
      {
        name: "a receiver that is busy is worth another try",
        manner: "busy",
        retryable: true,
        reached: true,
      },
      { name: "a receiver that refuses is not", manner: "refuses", retryable: false, reached: true },
      { name: "one that nobody reaches waits for the line", manner: "away", retryable: true, reached: false },
    ] as const;
    for (const { name, manner, retryable, reached } of failures) {
      t.test(name, async (t) => {
        const { notifier, abort } = await opened(t, plugin, manner);
        const error = await notifier.send(sampleMessage(), { signal: abort.signal }).catch((e: unknown) => e);
        t.ok(error instanceof NotifyError);
        t.match(error, { retryable, reached });
      });
    }

    t.test("ends when it is told to", async (t) => {
      const { notifier, abort } = await opened(t, plugin, "hangs");
      const sending = notifier.send(sampleMessage(), { signal: abort.signal });
      setImmediate(() => abort.abort(new NotifyError("enough", true)));
      await t.rejects(sending);
    });

    t.test("an unknown setting is refused", async (t) => {
      const { settings } = await opened(t, plugin, "takes");
      t.throws(() => plugin.config.parse({ ...settings, nonsense: 1 }));
    });

    t.test("texts of devices do no harm", async (t) => {
      const { notifier, received, abort } = await opened(t, plugin, "takes");
      const evil = "<script>alert(1)</script>\r\nBcc: all@example.org\r\n.\r\nQUIT\u0000\u202e".repeat(100);
      const { incident } = sampleMessage();
      const alerts = incident.alerts.map((alert) => ({ ...alert, summary: evil, evidence: [evil, evil] }));
      await notifier.send(
        sampleMessage({
          deviceName: evil,
          deviceAddress: evil,
          headline: evil,
          incident: { ...incident, summary: evil, alerts },
        }),
        { signal: abort.signal },
      );
      t.equal(received().length, 1);
      const [head = ""] = (received()[0] ?? "").split("\n\n");
      t.notMatch(head, /^Bcc:/m);
    });
  });
}
