import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import snmp from "net-snmp";
import t from "tap";
import type { Varbind } from "../../appliance/snmp/codec.ts";
import { ofLibrary } from "../helpers/snmp/library.ts";
import { readRecording, replayAgent } from "../helpers/snmp/replay.ts";
import { asking } from "../helpers/snmp/scripted.ts";

const fixtures = fileURLToPath(new URL("../fixtures/snmp", import.meta.url));
const corpus = fileURLToPath(new URL("../../../../shared/corpus/recordings", import.meta.url));

/** Both readers over all variables of every recording of the folder, in steps of 40. */
async function compare(folder: string) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".snmprec"));
  const recordings = new Map(
    names.map((name) => [name.replace(".snmprec", ""), readRecording(path.join(folder, name))]),
  );
  const agent = await replayAgent({ recordings, maxBytes: 60_000 });
  const differences: string[] = [];
  let count = 0;
  for (const community of recordings.keys()) {
    const own = asking(agent.port, "2c", { community });
    const library = snmp.createSession("127.0.0.1", community, { port: agent.port, version: snmp.Version2c });
    for (let from = "1.0"; ; ) {
      const [ours, theirs] = await Promise.all([own.reader.bulk(from, 40), libraryBulk(library, from)]);
      count += ours.length;
      if (!same(ours, theirs)) differences.push(`${community} behind ${from}`);
      const last = ours.at(-1);
      if (!last || last.tag === 0x82 || differences.length > 5) break;
      from = last.oid;
    }
    own.close();
    library.close();
  }
  await agent.close();
  return { differences, count, recordings: names.length };
}

function libraryBulk(session: ReturnType<typeof snmp.createSession>, oid: string): Promise<Varbind[]> {
  return new Promise((resolve, reject) =>
    session.getBulk([oid], 0, 40, ((error: Error | null, varbinds: Parameters<typeof ofLibrary>[0][][]) =>
      error ? reject(error) : resolve(varbinds.flat().map(ofLibrary))) as never),
  );
}

function same(ours: readonly Varbind[], theirs: readonly Varbind[]): boolean {
  const text = ({ oid, tag, value }: Varbind) =>
    `${oid} ${tag} ${value instanceof Uint8Array ? Buffer.from(value).toString("hex") : `${typeof value} ${String(value)}`}`;
  return ours.map(text).join("\n") === theirs.map(text).join("\n");
}

t.test("our codec reads what net-snmp reads, over our own recordings", async (t) => {
  const { differences, count } = await compare(fixtures);
  t.ok(count > 50, `${count} variables`);
  t.same(differences, []);
});

t.test(
  "our codec reads what net-snmp reads, over the corpus",
  { skip: existsSync(corpus) ? false : "no corpus beside the project: ../shared/corpus/recordings" },
  async (t) => {
    const { differences, count, recordings } = await compare(corpus);
    t.ok(count > 100_000, `${count} variables of ${recordings} devices`);
    t.same(differences, []);
  },
);
