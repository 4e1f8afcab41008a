import t from "tap";
import { type Reach, reaches, refusalOf } from "../../appliance/model/reach.ts";

/** Per address, for public, local, this-machine: + allowed, - refused. */
const rows: [address: string, allowed: string][] = [
  ["93.184.215.14", "+++"],
  ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "+++"],
  ["10.1.2.3", "-++"],
  ["172.16.0.1", "-++"],
  ["172.32.0.1", "+++"],
  ["192.168.178.1", "-++"],
  ["100.64.0.1", "-++"],
  ["fd12:3456::1", "-++"],
  ["::ffff:10.1.2.3", "-++"],
  ["127.0.0.1", "--+"],
  ["127.9.9.9", "--+"],
  ["::1", "--+"],
  ["::ffff:127.0.0.1", "--+"],
  ["10.9.9.9", "--+"],
  ["::ffff:a09:909", "--+"],
  ["0.0.0.0", "---"],
  ["169.254.169.254", "---"],
  ["::ffff:169.254.169.254", "---"],
  ["100.100.100.200", "---"],
  ["fd00:ec2::254", "---"],
  ["fe80::1", "---"],
  ["ff02::1", "---"],
  ["224.0.0.1", "---"],
  ["255.255.255.255", "---"],
  ["::", "---"],
  ["64:ff9b::7f00:1", "---"],
  ["2002:7f00:1::", "---"],
  ["localhost", "---"],
  ["", "---"],
];
for (const [address, allowed] of rows) {
  t.test(`${address || "nothing"}: ${allowed}`, async (t) => {
    const found = reaches.map((reach: Reach) => (refusalOf(address, reach, ["10.9.9.9"]) ? "-" : "+"));
    t.equal(found.join(""), allowed);
  });
}
