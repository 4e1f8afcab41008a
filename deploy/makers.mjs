// The makers of network cards by the first digits of their MAC addresses, as one small file with sorted entries.
// Source: the package oui-data (the IEEE's public lists MA-L, MA-M and MA-S).

/** Words that say what a company is, not who. */
const legal =
  /[\s,.]+(?:inc(?:orporated)?|ltda?|limited|llc|l\.l\.c|corp(?:oration)?|co|company|gmbh|ag|kg|ab|as|a\/s|oy|bv|b\.v|nv|n\.v|s\.?p\.?a|s\.?a|s\.?a\.?s|sarl|s\.?r\.?l|srl|plc|pty|pte|kk|k\.k|sp\.? z o\.?o|intl|international|foundation)\.?$/i;

/** Registered names that begin like this belong to makers that people call otherwise. */
const said = {
  "american power conv": "APC",
  asustek: "ASUS",
  "avm ": "AVM",
  "axis comm": "Axis",
  brother: "Brother",
  canon: "Canon",
  "cisco meraki": "Cisco Meraki",
  cisco: "Cisco",
  "d-link": "D-Link",
  dell: "Dell",
  draytek: "DrayTek",
  espressif: "Espressif",
  fortinet: "Fortinet",
  grandstream: "Grandstream",
  "hangzhou hikvision": "Hikvision",
  "hewlett packard enterprise": "HPE",
  "hewlett packard": "HP",
  "hp ": "HP",
  "hpn supply": "HP",
  huawei: "Huawei",
  intel: "Intel",
  juniper: "Juniper",
  "konica minolta": "Konica Minolta",
  kyocera: "Kyocera",
  lexmark: "Lexmark",
  microsoft: "Microsoft",
  netgear: "Netgear",
  "new h3c": "H3C",
  qnap: "QNAP",
  "raspberry pi": "Raspberry Pi",
  ricoh: "Ricoh",
  routerboard: "MikroTik",
  ruckus: "Ruckus",
  samsung: "Samsung",
  "schneider electric": "Schneider Electric",
  "seiko epson": "Epson",
  snom: "Snom",
  sony: "Sony",
  "super micro": "Supermicro",
  synology: "Synology",
  "tp-link": "TP-Link",
  ubiquiti: "Ubiquiti",
  vmware: "VMware",
  xerox: "Xerox",
  yealink: "Yealink",
  "zhejiang dahua": "Dahua",
  zte: "ZTE",
  zyxel: "Zyxel",
};

/** "Brother Industries, LTD." to "Brother"; of makers without a word of their own, the name without what the law wants. */
function shortName(text) {
  const plain = `${text.split("\n")[0] ?? ""} `.toLowerCase();
  const known = Object.entries(said).find(([beginning]) => plain.startsWith(beginning));
  return known ? known[1] : withoutLaw(text);
}

/** "Nokia Danmark A/S" to "Nokia Danmark". */
function withoutLaw(text) {
  let name = (text.split("\n")[0] ?? "")
    .replace(/\s*\([^)]*\)/g, "")
    .replace(/\s+/g, " ")
    .trim();
  for (let before = ""; before !== name; ) {
    before = name;
    name = name.replace(legal, "").replace(/[\s,.&]+$/, "");
  }
  return [...name].slice(0, 40).join("");
}

const prefixBytes = 5;

/**
 * @param list - prefix of 6, 7 or 9 hexadecimal digits to maker
 * @returns magic "MAC1"; the number of entries of each length (3 x uint32) and of names (uint32); the entries of each
 *   length in order, as prefix (5 octets, padded with zeros) and number of the name (uint16); the names, a line each.
 *   All numbers big-endian.
 */
export function compactMakers(list) {
  const names = new Map();
  const groups = [6, 7, 9].map((length) =>
    Object.entries(list).filter(([prefix]) => prefix.length === length),
  );
  const parts = groups.map((group) => {
    const sorted = group
      .map(([prefix, text]) => [Number.parseInt(prefix.padEnd(2 * prefixBytes, "0"), 16), shortName(text)])
      .filter(([, name]) => name !== "" && name !== "Private")
      .sort(([a], [b]) => a - b);
    const bytes = Buffer.alloc(sorted.length * (prefixBytes + 2));
    for (const [at, [prefix, name]] of sorted.entries()) {
      if (!names.has(name)) names.set(name, names.size);
      bytes.writeUIntBE(prefix, at * (prefixBytes + 2), prefixBytes);
      bytes.writeUInt16BE(names.get(name), at * (prefixBytes + 2) + prefixBytes);
    }
    return bytes;
  });
  const head = Buffer.alloc(20);
  head.write("MAC1");
  for (const [at, part] of parts.entries()) head.writeUInt32BE(part.length / (prefixBytes + 2), 4 + 4 * at);
  head.writeUInt32BE(names.size, 16);
  return Buffer.concat([head, ...parts, Buffer.from([...names.keys()].join("\n"))]);
}
