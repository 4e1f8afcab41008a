import { createSocket } from "node:dgram";
import { integerTlv, oidBytes, parseOid, tag, tlv } from "../../appliance/snmp/ber.ts";
import { encoded } from "../helpers/snmp/malformed.ts";

/* `trap-sender PORT RATE SECONDS`: sends linkDown traps of v2c to loopback at this rate a second, by the wall clock. */

const [port = 0, rate = 0, seconds = 0] = process.argv.slice(2).map(Number);
const oid = (text: string) => tlv(tag.oid, oidBytes(parseOid(text)));
const trapOf = (index: number) =>
  tlv(
    tag.sequence,
    integerTlv(1),
    tlv(tag.octets, Buffer.from("office")),
    tlv(
      tag.trap,
      integerTlv(7),
      integerTlv(0),
      integerTlv(0),
      tlv(
        tag.sequence,
        encoded({ oid: "1.3.6.1.2.1.1.3.0", value: tlv(tag.timeTicks, Buffer.of(1)) }),
        encoded({ oid: "1.3.6.1.6.3.1.1.4.1.0", value: oid("1.3.6.1.6.3.1.1.5.3") }),
        encoded({ oid: `1.3.6.1.2.1.2.2.1.1.${index}`, value: integerTlv(index) }),
      ),
    ),
  );
const traps = [1, 2, 3].map(trapOf);
const socket = createSocket({ type: "udp4", lookup: (host, _options, done) => done(null, host, 4) });
const startMs = performance.now();
let sent = 0;
const timer = setInterval(() => {
  const elapsedMs = Math.min(performance.now() - startMs, seconds * 1_000);
  for (const due = Math.floor((elapsedMs * rate) / 1_000); sent < due; sent++)
    socket.send(traps[sent % traps.length] as Buffer, port, "127.0.0.1");
  if (elapsedMs < seconds * 1_000) return;
  clearInterval(timer);
  setTimeout(() => {
    socket.close();
    process.stdout.write(`${sent}\n`);
  }, 200);
}, 2);
