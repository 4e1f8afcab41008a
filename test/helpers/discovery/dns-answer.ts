import type { Simulated } from "./plan.ts";

type Service = NonNullable<Simulated["mdns"]>["services"][number];

function name(text: string): Buffer {
  const labels = text.split(".").map((label) => Buffer.from(label.replaceAll("\u0001", "."), "utf8"));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
}

function record(owner: string, type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(120, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([name(owner), head, data]);
}

function srv(port: number, target: string): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(port, 4);
  return Buffer.concat([head, name(target)]);
}

const strings = (texts: readonly string[]) =>
  Buffer.concat(texts.flatMap((text) => [Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]));

/** Names that a query asks for, without pointers (ours has none). */
function asked(query: Buffer): string[] {
  const names: string[] = [];
  let at = 12;
  for (let count = query.readUInt16BE(4); count > 0; count--) {
    const labels: string[] = [];
    while (query[at] !== 0) {
      const size = query[at] ?? 0;
      labels.push(query.toString("utf8", at + 1, at + 1 + size));
      at += size + 1;
    }
    names.push(labels.join("."));
    at += 5;
  }
  return names;
}

/** What a device answers to a query: its types, or its instances with their place and texts; undefined: nothing. */
export function mdnsAnswer(
  query: Buffer,
  { instance, services }: NonNullable<Simulated["mdns"]>,
  host: string,
) {
  // A dot inside a label must not part it.
  const label = instance.replaceAll(".", "\u0001");
  const full = (service: Service) => `${label}.${service.type}.local`;
  const names = asked(query);
  const wanted = services.filter(({ type }) => names.includes(`${type}.local`));
  const types = names.includes("_services._dns-sd._udp.local") ? services : [];
  const answers = [
    ...types.map(({ type }) => record("_services._dns-sd._udp.local", 12, name(`${type}.local`))),
    ...wanted.map((service) => record(`${service.type}.local`, 12, name(full(service)))),
  ];
  if (answers.length === 0) return undefined;
  const additional = wanted.flatMap((service) => [
    record(full(service), 33, srv(service.port, `${host}.local`)),
    record(full(service), 16, strings(service.txt ?? [""])),
  ]);
  const head = Buffer.alloc(12);
  query.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8400, 2);
  head.writeUInt16BE(answers.length, 6);
  head.writeUInt16BE(additional.length, 10);
  return Buffer.concat([head, ...answers, ...additional]);
}
