import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";

export const box = "10.9.0.2";
export const gateway = "10.9.0.1";
export const anchors = ["1.1.1.1", "8.8.8.8", "9.9.9.9"] as const;

/** A network of a namespace's own: a gateway, three anchors and name servers on all of them. */
export interface SmallInternet {
  attach(address: string): void;
  /** Nobody answers there any more. */
  detach(address: string): void;
}

const ip = (...words: string[]) => execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });

/** Answers each question with the address 192.0.2.1 (RFC 1035 §4.1; the name by a pointer to the question). */
function dnsAnswer(question: Buffer): Buffer {
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(1, 6);
  head.writeUInt32BE(0, 8);
  let end = 12;
  while (end < question.length && question[end] !== 0) end += (question[end] ?? 0) + 1;
  const asked = question.subarray(12, end + 5);
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
  return Buffer.concat([head, asked, record]);
}

/**
 * Builds it inside a fresh namespace. Each address lies on `lo`; a cable to nowhere carries the default route and
 * swallows what is sent to an address that was taken away.
 */
export async function smallInternet(t: { teardown(end: () => unknown): void }): Promise<SmallInternet> {
  ip("link", "add", "cable", "type", "veth", "peer", "name", "nowhere");
  ip("link", "set", "cable", "arp", "off");
  ip("link", "set", "nowhere", "up");
  ip("link", "set", "cable", "up");
  ip("address", "add", `${box}/24`, "dev", "cable");
  ip("route", "add", "default", "via", gateway, "dev", "cable");
  // The namespace's own file, mounted over the system's.
  writeFileSync("/etc/resolv.conf", `nameserver ${gateway}\n`);
  const attach = (address: string) => void ip("address", "replace", `${address}/32`, "dev", "lo");
  for (const address of [gateway, ...anchors]) {
    attach(address);
    const server = createSocket("udp4");
    server.on("message", (question, { port, address: asker }) => {
      server.send(dnsAnswer(question), port, asker);
    });
    await new Promise<void>((resolve) => server.bind(53, address, resolve));
    t.teardown(() => server.close());
  }
  return { attach, detach: (address) => void ip("address", "delete", `${address}/32`, "dev", "lo") };
}
