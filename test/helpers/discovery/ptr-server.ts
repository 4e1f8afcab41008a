import { createSocket } from "node:dgram";

/** Answers every PTR question with the same name (RFC 1035 §4.1), or none with NXDOMAIN. */
export function ptrServer(
  nameOf: (question: string) => string | undefined,
): Promise<{ close(): void; asked: string[] }> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
      labels.push(query.toString("utf8", at + 1, at + 1 + size));
      at += size + 1;
    }
    asked.push(labels.join("."));
    const name = nameOf(labels.join("."));
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(name === undefined ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(name === undefined ? 0 : 1, 6);
    head.writeUInt32BE(0, 8);
    const target = Buffer.concat([
      ...(name ?? "").split(".").flatMap((label) => [Buffer.of(label.length), Buffer.from(label)]),
      Buffer.of(0),
    ]);
    const record = Buffer.concat([
      Buffer.from([0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 60, 0, target.length]),
      target,
    ]);
    socket.send(
      Buffer.concat([head, query.subarray(12, at + 5), ...(name === undefined ? [] : [record])]),
      from.port,
      from.address,
    );
  });
  return new Promise((resolve) =>
    socket.bind(53, "127.0.0.1", () => resolve({ close: () => socket.close(), asked })),
  );
}
