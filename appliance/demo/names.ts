import { createSocket } from "node:dgram";

export interface NameServer {
  close(): Promise<void>;
}

const answered = 0x8180; // Response, recursion asked for and available, no error (RFC 1035 §4.1.1).
const failed = 0x8182; // The same with SERVFAIL.

/**
 * A name server for the demo's provider and router: every A question gets an address of TEST-NET-1 (RFC 5737).
 *
 * @param works false answers SERVFAIL, as a router does whose line is cut
 */
export async function startNameServer(options: {
  readonly address: string;
  readonly port: number;
  readonly works: () => boolean;
}): Promise<NameServer> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(options.port, options.address, () => resolve());
  });
  socket.on("error", () => {
    // The address was taken away: nobody can ask any more.
  });
  socket.on("message", (query, from) => {
    const answer = answerTo(query, options.works());
    if (answer) socket.send(answer, from.port, from.address);
  });
  return { close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

function answerTo(query: Buffer, works: boolean): Buffer | undefined {
  if (query.length < 17 || query.readUInt16BE(4) !== 1) return undefined;
  let end = 12;
  while (end < query.length && query[end] !== 0) end += (query[end] ?? 0) + 1;
  const question = query.subarray(12, end + 5);
  if (question.length < 5) return undefined;
  const isAddress = question.readUInt16BE(question.length - 4) === 1;
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(works ? answered : failed, 2);
  header.writeUInt16BE(1, 4);
  if (!works || !isAddress) return Buffer.concat([header, question]);
  header.writeUInt16BE(1, 6);
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 80]);
  return Buffer.concat([header, question, record]);
}
