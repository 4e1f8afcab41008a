import { z } from "zod";
import type { View } from "../model/contracts.ts";
import { type LinkEnd, linkEvidences, type TopologyLink } from "../model/topology.ts";
import { iso, isoTime, type Operation, operation } from "./operation.ts";

const linkEnd = z.object({
  device: z.string().optional().describe("Absent for a neighbour that is no device of this box."),
  port: z.string().optional().describe("Lasting id of the port."),
  portName: z.string().optional().describe("What the other end calls a port that is not known here."),
  neighbour: z
    .object({
      name: z.string().optional(),
      mac: z.string().optional(),
      description: z.string().optional(),
      addresses: z.array(z.string()),
    })
    .optional()
    .describe("What a neighbour that is no device of this box says of itself."),
});

const linkItem = z
  .object({
    id: z.string(),
    from: linkEnd.describe("The end nearer to this box, as far as that is known."),
    to: linkEnd,
    evidence: z.array(z.enum(linkEvidences)).describe("The strongest first."),
    confidence: z.enum(["sure", "likely", "unsure"]),
    first: isoTime.optional(),
    last: isoTime.optional().describe("When a table last showed it."),
    gone: isoTime.optional(),
  })
  .meta({ id: "Link" });

function endItem({ device, port, portName, neighbour }: LinkEnd, link: TopologyLink) {
  const said = neighbour === undefined ? undefined : link.neighbour;
  return {
    device,
    port,
    portName,
    ...(said
      ? {
          neighbour: {
            name: said.name,
            mac: said.mac,
            description: said.description,
            addresses: [...said.addresses],
          },
        }
      : {}),
  };
}

function item(link: TopologyLink): z.input<typeof linkItem> {
  return {
    id: link.id,
    from: endItem(link.from, link),
    to: endItem(link.to, link),
    evidence: [...link.evidence],
    confidence: link.confidence,
    first: iso(link.firstMs),
    last: iso(link.lastMs),
    gone: iso(link.goneMs),
  };
}

export function linkOperations(view: View): Operation[] {
  return [
    operation({
      method: "get",
      path: "/links",
      summary: "How devices are joined: now, or as it was known at a moment.",
      query: z.strictObject({
        at: z.iso.datetime({ offset: true }).optional().describe("A moment of the past."),
        device: z.string().max(32).optional().describe("Only the links of this device."),
      }),
      answer: z.object({ items: z.array(linkItem) }),
      handle({ query }) {
        const links = view.topology?.links(query.at === undefined ? undefined : Date.parse(query.at)) ?? [];
        const isOf = ({ from, to }: TopologyLink) =>
          query.device === undefined || from.device === query.device || to.device === query.device;
        return { items: links.filter(isOf).map(item) };
      },
    }),
  ];
}
