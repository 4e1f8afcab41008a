import t from "tap";
import { collector } from "../../appliance/collectors/snmp.ts";
import { authProtocols, privProtocols } from "../../appliance/model/snmp.ts";
import { target } from "../helpers/snmp/deps.ts";
import { availabilityOf, readingsOf } from "../helpers/snmp/small-switch.ts";
import { type SnmpdUser, startSnmpd } from "../helpers/snmp/snmpd.ts";
import { watching } from "../helpers/snmp/watching.ts";

const { signal } = new AbortController();
const authNames = {
  md5: "MD5",
  sha: "SHA",
  sha224: "SHA-224",
  sha256: "SHA-256",
  sha384: "SHA-384",
  sha512: "SHA-512",
};
const privNames = {
  des: "DES",
  aes: "AES",
  aes192b: "AES-192",
  aes192r: "AES-192-C",
  aes256b: "AES-256",
  aes256r: "AES-256-C",
};
const authKey = "authkey-123";
const privKey = "privkey-123";

t.test("Debian's agent answers every pair of protocols", async (t) => {
  const users: SnmpdUser[] = authProtocols.flatMap((auth) =>
    privProtocols.map((priv) => ({
      name: `${auth}-${priv}`,
      auth: { protocol: authNames[auth], key: authKey },
      priv: { protocol: privNames[priv], key: privKey },
    })),
  );
  const agent = await startSnmpd(users);
  t.teardown(() => agent.stop());
  const { made } = watching(t);
  const answered: string[] = [];
  for (const auth of authProtocols)
    for (const priv of privProtocols) {
      const settings = {
        port: agent.port,
        user: `${auth}-${priv}`,
        auth: { protocol: auth, key: authKey },
        priv: { protocol: priv, key: privKey },
      };
      const one = target("127.0.0.1", collector.target.parse(settings), { id: `${auth}-${priv}:snmp` });
      const list = await made.poll([one], { signal });
      if (readingsOf(list) && availabilityOf(list)?.state === "online") answered.push(`${auth}-${priv}`);
      else t.fail(`${auth}-${priv}: ${JSON.stringify(availabilityOf(list))}`);
    }
  t.equal(answered.length, 36);
});
