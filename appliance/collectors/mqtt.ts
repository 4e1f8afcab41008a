import { hostname } from "node:os";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { z } from "zod";
import { duration, idField, secret, topicFilter } from "../config/fields.ts";
import type {
  Collector,
  CollectorDeps,
  CollectorPlugin,
  Counters,
  Log,
  Message,
} from "../model/contracts.ts";
import type { DeviceRef, Observation } from "../model/observation.ts";
import { aborted, type Clock, type Timer } from "../model/time.ts";
import {
  type BrokerReport,
  brokerKey,
  createReport,
  createWatchdog,
  type Sink,
} from "../probe/broker-report.ts";

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

/** Messages of one broker in, observations out; made by app.ts from the dialects. */
interface Intake {
  take(message: Message): readonly Observation[];
}
/** `behind` is the key of the broker as a device; absent for the embedded one, which is this box. */
type MakeIntake = (behind?: DeviceRef) => Intake;

/** What we need of the embedded broker. */
interface EmbeddedBroker {
  receive(handler: (message: Message & { readonly qos: number }) => Promise<void>): () => void;
  retained(): Promise<readonly Message[]>;
}

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
  const links = settings.brokers.map((one) => createLink(one, intake(brokerKey(one.id)), deps));
  return {
    async listen(sink, { signal }) {
      const ends = links.map((link) => link.start(sink));
      if (embedded && own) ends.push(await listenEmbedded(embedded, own, sink));
      await aborted(signal);
      await Promise.all(ends.map((end) => end()));
    },
    close: async () => undefined,
  };
}

/** What is retained comes first, as a replay: documents that name devices must be known before their values. */
async function listenEmbedded(
  embedded: EmbeddedBroker,
  intake: Intake,
  sink: Sink,
): Promise<() => Promise<void>> {
  for (const message of await embedded.retained()) {
    const records = intake.take(message);
    if (records.length > 0) await sink(records);
  }
  const stop = embedded.receive(async (message) => {
    const records = intake.take(message);
    if (records.length > 0) await sink(records, { waiting: message.qos > 0 });
  });
  return async () => stop();
}

interface Link {
  start(sink: Sink): () => Promise<void>;
}

const maxUncommitted = 2_000;
const retryAfterMs = 5_000;

/** One external broker: connection, acknowledgement after commit, watchdog. */
function createLink(
  settings: BrokerSettings,
  intake: Intake,
  deps: Pick<CollectorDeps, "clock" | "log" | "counters">,
): Link {
  return {
    start(sink) {
      const client = connect(settings.url, optionsOf(settings));
      const report = createReport(settings, sink, deps);
      const watchdog = createWatchdog(settings.silent, deps.clock, () => {
        report.silent(true);
        client.reconnect();
      });
      acknowledgeAfterCommit(client, deps, (message, qos) => {
        watchdog.heard();
        report.silent(false);
        const records = intake.take(message);
        return records.length === 0 ? Promise.resolve() : sink(records, { waiting: qos > 0 });
      });
      const asking = createAsking(settings, client, deps.clock);
      client.on("connect", () => {
        subscribe(client, settings, report);
        asking.begin();
        watchdog.connected();
      });
      client.on("close", () => {
        asking.end();
        watchdog.lost();
        report.offline();
      });
      client.on("error", (error) => report.failed(error));
      return async () => {
        asking.end();
        watchdog.lost();
        report.stop();
        await client.endAsync(true);
      };
    },
  };
}

function optionsOf(settings: BrokerSettings): IClientOptions {
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

const askAgainMs = 30_000;

/**
 * The only messages that we send: Victron's keep-alive (it ends after 60 s) and the announcement of Shelly devices, each
 * behind its setting. Source: victronenergy/dbus-flashmq README; Shelly Gen1 API.
 */
function createAsking({ victron, shellyAnnounce }: BrokerSettings, client: MqttClient, clock: Clock) {
  let timer: Timer | undefined;
  const keepAlive = (payload: string) => {
    for (const portal of victron) client.publish(`R/${portal}/keepalive`, payload, { qos: 0 });
    timer = clock.timer(() => keepAlive('{"keepalive-options":["suppress-republish"]}'), askAgainMs);
  };
  return {
    begin() {
      timer?.cancel();
      // The first, empty one makes it tell everything once.
      if (victron.length > 0) keepAlive("");
      if (shellyAnnounce) client.publish("shellies/command", "announce", { qos: 0 });
    },
    end() {
      timer?.cancel();
    },
  };
}
