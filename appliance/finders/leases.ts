import { open } from "node:fs/promises";
import { z } from "zod";
import type { FinderDeps, FinderPlugin } from "../model/contracts.ts";
import type { Evidence } from "../model/discovery.ts";
import { cleanText } from "../model/words.ts";
import { type Lease, readLeases } from "../probe/lease-files.ts";

const usualFiles = [
  "/var/lib/misc/dnsmasq.leases",
  "/var/lib/dnsmasq/dnsmasq.leases",
  "/var/lib/dhcp/dhcpd.leases",
  "/var/lib/kea/kea-leases4.csv",
];
const config = z
  .strictObject({
    files: z
      .array(z.string().regex(/^\//, { error: "expected an absolute path" }), {
        error: "expected a list of paths",
      })
      .max(20)
      .prefault(usualFiles)
      .describe(
        "Lease files of dnsmasq, ISC dhcpd or Kea on this machine; those that are not there are passed over.",
      ),
  })
  .prefault({});
type Settings = z.infer<typeof config>;

const longestFile = 4_000_000;

/** At most the first 4 MB: more is no lease file of an office. */
async function textOf(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(Math.min(size, longestFile));
      await file.read(bytes, 0, bytes.length, 0);
      return bytes.toString("utf8");
    } finally {
      await file.close();
    }
  } catch {
    // Not there, or not for us to read.
    return "";
  }
}

function evidenceOf({ address, mac, name }: Lease): Evidence {
  const clean = cleanText(name ?? "", 100);
  return {
    finder: "leases",
    words: "DHCP lease",
    isPresent: false,
    address,
    ...(mac === undefined ? {} : { mac }),
    ...(clean === "" ? {} : { name: clean }),
  };
}

export const finder = {
  type: "leases",
  summary: "Reads names from the lease files of a DHCP server on this machine.",
  config,
  stage: "read",
  create: ({ files }: Settings, { clock }: FinderDeps) => ({
    async find() {
      const texts = await Promise.all(files.map(textOf));
      return texts.flatMap((text) => readLeases(text, clock.nowMs())).map(evidenceOf);
    },
  }),
} satisfies FinderPlugin<Settings>;
