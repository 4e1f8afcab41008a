import { createServer } from "node:net";
import { Aedes } from "aedes";
import { connect } from "mqtt";

/*
 * What only counts: `aedes PORT` is a broker that counts in its own process, `subscriber PORT` reads a broker.
 */
const [kind, port = "0"] = process.argv.slice(2);
let count = 0;
process.on("SIGUSR1", () => process.stdout.write(`${count}\n`));
if (kind === "aedes") {
  const broker = await Aedes.createBroker({});
  broker.on("publish", (_packet, client) => {
    if (client) count++;
  });
  createServer({ noDelay: true }, broker.handle).listen(Number(port), "127.0.0.1", 1_024, () =>
    process.stdout.write("ready\n"),
  );
} else {
  const client = connect(`mqtt://127.0.0.1:${port}`, { clientId: "sink" });
  client.on("message", () => void count++);
  client.subscribe("site/#", { qos: 1 }, () => process.stdout.write("ready\n"));
}
