import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { anchors, boxAddress, office } from "./office.ts";

const run = promisify(execFile);

/** The addresses of the demo's own network: each lies on `lo` of the namespace, and is taken away to make its owner dead. */
export interface OfficeNetwork {
  attach(address: string): Promise<void>;
  detach(address: string): Promise<void>;
}

/**
 * Builds the network inside a fresh namespace: an address on `lo` for every device, the provider and the internet.
 * A cable to nowhere, without ARP, carries the default route: it swallows what is sent to an address that was
 * taken away, so that nobody answers, as when a real cable is pulled.
 */
export async function buildNetwork(folder: string): Promise<OfficeNetwork> {
  const ip = (...words: string[]) => run("ip", words);
  await ip("link", "set", "lo", "up");
  await ip("link", "add", "cable", "type", "veth", "peer", "name", "nowhere");
  await ip("link", "set", "cable", "arp", "off");
  await ip("link", "set", "nowhere", "up");
  await ip("link", "set", "cable", "up");
  await ip("address", "add", `${boxAddress}/24`, "dev", "cable");
  const router = office.find((device) => device.kind === "router");
  if (router) await ip("route", "add", "default", "via", router.address, "dev", "cable");
  const network: OfficeNetwork = {
    attach: async (address) => void (await ip("address", "replace", `${address}/32`, "dev", "lo")),
    async detach(address) {
      await ip("address", "delete", `${address}/32`, "dev", "lo").catch(() => {
        // It was gone already: breaking a thing twice is no error.
      });
    },
  };
  if (router) await useResolver(router.address, folder);
  for (const device of office) await network.attach(device.address);
  for (const address of anchors) await network.attach(address);
  return network;
}

/** The router answers name lookups; only this namespace's mounts see the file. */
async function useResolver(address: string, folder: string): Promise<void> {
  const file = join(folder, "resolv.conf");
  await writeFile(file, `nameserver ${address}\n`);
  await run("mount", ["--bind", file, "/etc/resolv.conf"]);
}
