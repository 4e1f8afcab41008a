import { z } from "zod";
import type { FinderDeps, FinderPlugin } from "../model/contracts.ts";
import type { Evidence } from "../model/discovery.ts";
import type { UnknownNeighbour } from "../model/topology.ts";
import { cleanText } from "../model/words.ts";

const config = z.strictObject({}).prefault({});
type Settings = z.infer<typeof config>;

function evidenceOf({ via, name, mac, description, addresses, isBridge, at }: UnknownNeighbour): Evidence {
  const model = cleanText(description ?? "", 100);
  const clean = cleanText(name ?? "", 100);
  const [address] = addresses;
  return {
    finder: "neighbours",
    words: via.toUpperCase(),
    isPresent: true,
    ...(address === undefined ? {} : { address }),
    ...(mac === undefined ? {} : { chassis: mac }),
    ...(clean === "" ? {} : { name: clean }),
    ...(model === "" ? {} : { identity: { model } }),
    ...(isBridge ? { kind: "switch", trust: "guess" } : {}),
    ...(at.port === undefined ? {} : { at: { device: at.device, port: at.port } }),
  };
}

export const finder = {
  type: "neighbours",
  summary: "Takes what watched switches hear announcing itself by LLDP and CDP. Sends nothing.",
  config,
  stage: "read",
  create: (_settings: Settings, { neighbours }: FinderDeps) => ({
    find: async () => neighbours().map(evidenceOf),
  }),
} satisfies FinderPlugin<Settings>;
