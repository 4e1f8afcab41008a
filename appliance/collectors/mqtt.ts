import { hostname } from "node:os";
import { connect, type IClientOptions, type IClientPublishOptions, type MqttClient } from "mqtt";
import { z } from "zod";
import { duration, idField, publishField, secret, topicFilter } from "../config/fields.ts";
import type {
  Collector,
  CollectorDeps,
  CollectorPlugin,
  Counters,
  Log,
  Message,
} from "../model/contracts.ts";
import type { DeviceRef } from "../model/observation.ts";
import { isOwnTopic, type NoticeBoard, ownPrefix } from "../model/outlet.ts";
import { aborted, type Clock, type Timer } from "../model/time.ts";
import { topicMatches } from "../model/topic.ts";
import { createAsking } from "../probe/broker-asking.ts";
import {
  type BrokerReport,
  brokerKey,
  createReport,
  createWatchdog,
  type Sink,
} from "../probe/broker-report.ts";
import {
  type EmbeddedBroker,
  type EmbeddedWishes,
  type Intake,
  listenEmbedded,
} from "../probe/embedded-broker.ts";
import { createOutlet } from "../probe/outlet.ts";

const broker = z.strictObject({
  id: idField().describe("Its name on the page and in the logs."),
  url: z
    .string()
    .regex(/^(?:mqtts?|wss?):\/\/[^\s/]+/, {
      error: "expected an address such as mqtt://10.0.7.2:1883",
    })
    .describe("Where it listens: mqtt://, mqtts://, ws:// or wss://."),
  user: z.string().min(1).optional().describe("User name."),
  password: secret().optional().describe("Password."),
  clientId: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe("Name of our session there; by default porchlight-<host>-<id>."),
  subscribe: z.array(topicFilter()).min(1).prefault(["#"]).describe("Topics to read."),
  version: z.enum(["3.1.1", "5"]).default("3.1.1").describe("Version of MQTT."),
  victron: z
    .array(z.string().regex(/^[0-9a-f]{12}$/, { error: "expected a portal id of 12 hex digits" }))
    .max(64)
    .default([])
    .describe("Victron GX devices to keep talking, by portal id: they fall silent unless somebody asks."),
  shellyAnnounce: z
    .boolean()
    .default(false)
    .describe("Ask Shelly devices of the first generation to announce themselves when we connect."),
  sparkplugRebirth: z
    .boolean()
    .default(false)
    .describe("Ask Sparkplug edge nodes whose birth we missed to say all again."),
  publish: publishField().describe("What we publish there. Default: nothing."),
  silent: duration({ min: "10s", max: "7d" })
    .prefault("15m")
    .describe("Connected but without any message for so long is a problem."),
});

const config = z
  .strictObject({
    brokers: z.array(broker).max(16).default([]).describe("External brokers to read from."),
  })
  .prefault({});
type Settings = z.output<typeof config>;
type BrokerSettings = Settings["brokers"][number];

/**
 * Telemetry that devices publish: from external brokers, and from the embedded one in `parts.broker`.
 * Decoded by what `parts.intake` makes for each.
 */
export const collector = {
  type: "mqtt",
  summary: "Telemetry that devices publish by MQTT",
  config,
  create: (settings, deps) => createMqtt(settings, deps),
} satisfies CollectorPlugin<Settings>;

function createMqtt(settings: Settings, deps: CollectorDeps): Collector {
  const intake = deps.parts.intake as MakeIntake;
  const embedded = deps.parts.broker as EmbeddedBroker | undefined;
  const own = embedded && intake();
  const wishes = deps.parts.brokerWishes as EmbeddedWishes | undefined;
  const links = settings.brokers.map((one) => createLink(one, intake(brokerKey(one.id)), deps));
  return {
    async listen(sink, { signal }) {
      const ends = links.map((link) => link.start(sink));
      if (embedded && own) ends.push(await listenEmbedded(embedded, own, sink, wishes ?? {}, boardOf(deps)));
      await aborted(signal);
      await Promise.all(ends.map((end) => end()));
    },
    close: async () => undefined,
  };
}

/** `behind` is the key of the broker as a device; absent for the embedded one, which is this box. */
type MakeIntake = (behind?: DeviceRef) => Intake;

const boardOf = ({ parts }: Pick<CollectorDeps, "parts">) => parts.notices as NoticeBoard | undefined;

interface Link {
  start(sink: Sink): () => Promise<void>;
}

const maxUncommitted = 2_000;
const retryAfterMs = 5_000;

/** One external broker: connection, acknowledgement after commit, watchdog. */
function createLink(
  settings: BrokerSettings,
  intake: Intake,
  deps: Pick<CollectorDeps, "clock" | "log" | "counters" | "parts">,
): Link {
  return {
    start(sink) {
      const board = settings.publish && boardOf(deps);
      const client = connect(settings.url, optionsOf(settings, board));
      const send = (topic: string, payload: string | Buffer, options: IClientPublishOptions = {}) => {
        // While we are away nothing piles up: on the next connection all is said anew.
        if (client.connected) client.publish(topic, payload, { qos: 0, ...options });
      };
      const outlet =
        board && createOutlet(board.site, (topic, payload) => send(topic, payload, { qos: 1, retain: true }));
      const leave = outlet && settings.publish && board.add(outlet, settings.publish);
      const report = createReport(settings, sink, deps);
      const watchdog = createWatchdog(settings.silent, deps.clock, () => {
        report.silent(true);
        // Not mqtt.js's own reconnect: that would go on behind an end that comes meanwhile.
        client.stream.destroy();
      });
      acknowledgeAfterCommit(client, deps, (message, qos) => {
        if (message.retained) outlet?.found(message.topic, message.payload);
        if (!isWanted(settings, board, message.topic)) return Promise.resolve();
        // What we publish comes back to us, and would hide that nobody else says anything.
        if (!isOwnTopic(message.topic)) {
          watchdog.heard();
          report.silent(false);
        }
        const records = intake.take(message);
        askFor(intake, settings, send);
        return records.length === 0 ? Promise.resolve() : sink(records, { waiting: qos > 0 });
      });
      const asking = createAsking(settings, send, deps.clock);
      client.on("connect", () => {
        subscribe(client, settings, report);
        if (board) client.subscribe(ownFilters(board), { qos: 0 }, () => undefined);
        outlet?.open();
        asking.begin();
        watchdog.connected();
      });
      client.on("close", () => {
        asking.end();
        watchdog.lost();
        outlet?.lost();
        report.offline();
      });
      client.on("error", (error) => report.failed(error));
      return async () => {
        asking.end();
        watchdog.lost();
        report.stop();
        leave?.();
        await farewell(client, board);
        await client.endAsync(true);
      };
    },
  };
}

/** Where our own messages lie, those of an earlier run too. */
const ownFilters = ({ site }: NoticeBoard) => [`${ownPrefix}/${site}/#`, "+/device/+/config"];
/** Not what came by our own filter alone. */
const isWanted = ({ subscribe }: BrokerSettings, board: NoticeBoard | undefined, topic: string) =>
  !board || isOwnTopic(topic) || subscribe.some((filter) => topicMatches(filter, topic));

function askFor(intake: Intake, settings: BrokerSettings, send: (topic: string, payload: Buffer) => void) {
  for (const { topic, payload } of intake.requests())
    if (settings.sparkplugRebirth) send(topic, Buffer.from(payload));
}
const farewellMs = 1_000;

/** Says that we go. A clean end keeps the broker from saying it by the will. */
async function farewell(client: MqttClient, board: NoticeBoard | undefined): Promise<void> {
  if (!board || !client.connected) return;
  const { topic, offline } = board.status;
  const said = client.publishAsync(topic, offline, { qos: 1, retain: true }).catch(() => undefined);
  await Promise.race([said, new Promise((resolve) => setTimeout(resolve, farewellMs).unref())]);
}

function optionsOf(settings: BrokerSettings, board: NoticeBoard | undefined): IClientOptions {
  const version5 = settings.version === "5";
  return {
    protocolVersion: version5 ? 5 : 4,
    clientId: settings.clientId ?? `porchlight-${hostname()}-${settings.id}`,
    // The broker keeps what arrives while we are away.
    clean: false,
    resubscribe: false,
    keepalive: 30,
    reconnectPeriod: 2_000,
    connectTimeout: 10_000,
    ...(board
      ? {
          will: {
            topic: board.status.topic,
            payload: Buffer.from(board.status.offline),
            qos: 1,
            retain: true,
          },
        }
      : {}),
    ...(settings.user === undefined ? {} : { username: settings.user }),
    ...(settings.password ? { password: settings.password.reveal() } : {}),
    ...(version5
      ? {
          properties: {
            sessionExpiryInterval: 7 * 86_400,
            receiveMaximum: 1_000,
            maximumPacketSize: 512 * 1024,
          },
        }
      : {}),
  };
}

/** Online is a broker that grants what we ask for; a connection alone brings no message. */
function subscribe(client: MqttClient, settings: BrokerSettings, report: BrokerReport): void {
  client.subscribe([...settings.subscribe], { qos: 1 }, (error, granted) => {
    const refused = granted?.filter(({ qos }) => qos >= 128).map(({ topic }) => topic) ?? [];
    if (!error && refused.length === 0) report.online();
    // Without an answer from the broker the connection is gone, which is said by itself.
    else if (client.connected) report.refused((refused.length > 0 ? refused : settings.subscribe).join(", "));
  });
}

/**
 * Takes over from mqtt.js when a message is acknowledged. mqtt.js handles one packet after the other and sends PUBACK
 * when its callback comes without an error; an error lets it go on to the next without one. So the next message is
 * read at once and we acknowledge, in any order, when the commit is done, but only on the connection it came by.
 */
function acknowledgeAfterCommit(
  client: MqttClient,
  { clock, log, counters }: { readonly clock: Clock; readonly log: Log; readonly counters: Counters },
  commit: (message: Message, qos: number) => Promise<void>,
): void {
  let connection = 0;
  let uncommitted = 0;
  let resume: (() => void) | undefined;
  let retry: Timer | undefined;
  client.on("close", () => {
    connection++;
    retry?.cancel();
    retry = undefined;
  });
  const later = new Error("acknowledged when it is committed");

  const done = () => {
    uncommitted--;
    const go = resume;
    resume = undefined;
    go?.();
  };
  /** The broker sends unacknowledged messages again only on a new connection. */
  const failed = (error: unknown) => {
    counters.add("mqtt_not_committed");
    if (retry) return;
    log.warn("messages could not be stored and will be asked for again", {
      error: error instanceof Error ? error.message : String(error),
    });
    retry = clock.timer(() => client.stream.destroy(), retryAfterMs);
  };

  client.handleMessage = (packet, callback) => {
    const { qos, messageId } = packet;
    const cameBy = connection;
    uncommitted++;
    const message = {
      topic: packet.topic.toString(),
      payload: Buffer.from(packet.payload as Buffer),
      retained: packet.retain,
      receivedAtMs: clock.nowMs(),
    };
    commit(message, qos)
      .then(() => {
        if (qos === 1 && messageId !== undefined && cameBy === connection)
          // biome-ignore lint/complexity/useLiteralKeys: declared private; mqtt.js has no public way to acknowledge later
          client["_sendPacket"]({ cmd: "puback", messageId });
      }, failed)
      .finally(done);
    const go = () => callback(qos === 1 ? later : undefined);
    if (uncommitted < maxUncommitted) go();
    else resume = go;
  };
}
