import t from "tap";
import { KnownEngine } from "../../appliance/snmp/usm-engine.ts";
import { encodeSecured, openSecured, SecuredHead } from "../../appliance/snmp/usm-message.ts";

t.test("an engine at the end of its count can still be asked", async (t) => {
  const engine = new KnownEngine(Buffer.alloc(12, 1), { boots: 1, seconds: 0x7fff_fff0 }, 0);
  const bytes = encodeSecured({
    msgId: 0x0100_0000,
    flags: 4,
    engineId: engine.id,
    time: engine.timeAt(3_600_000),
    user: Buffer.from("user"),
    context: Buffer.alloc(0),
    pdu: Buffer.of(0xa0, 0),
  });
  const head = new SecuredHead();
  t.equal(openSecured(bytes, head), undefined);
  t.equal(head.seconds, 0x7fff_ffff);
});
