import type { DeviceKind } from "../../../appliance/model/site.ts";

/** One device of the simulated network. */
export interface Simulated {
  readonly address: string;
  /** `00:80:77:...`. */
  readonly mac: string;
  /** Has a MAC but answers no ping. */
  readonly isQuiet?: true;
  /** Walk of test/fixtures/profiles that an agent gives under the community. */
  readonly walk?: string;
  /** A real snmpd with a user of version 3. */
  readonly hasUser?: true;
  readonly mdns?: {
    readonly instance: string;
    readonly services: readonly {
      readonly type: string;
      readonly port: number;
      readonly txt?: readonly string[];
    }[];
  };
  readonly upnp?: {
    readonly type: string;
    readonly name: string;
    readonly maker: string;
    readonly model: string;
    /** Another place than its own that it names as its description. */
    readonly elsewhere?: string;
  };
  /** What it must look like; absent: no matter. */
  readonly kind?: DeviceKind;
}

export const box = "10.77.0.2";
export const community = "secret-of-the-office";
export const user = {
  name: "watcher",
  auth: { protocol: "SHA-256", key: "auth-key-of-the-test" },
  priv: { protocol: "AES", key: "priv-key-of-the-test" },
} as const;

const makers = {
  brother: "00:80:77",
  axis: "00:40:8c",
  yealink: "80:5e:c0",
  synology: "00:11:32",
  dell: "00:14:22",
  apple: "a4:83:e7",
  mikrotik: "4c:5e:0c",
  hikvision: "44:19:b6",
} as const;

const mac = (maker: keyof typeof makers, number: number) =>
  `${makers[maker]}:77:00:${number.toString(16).padStart(2, "0")}`;
const at = (number: number) => `10.77.0.${number}`;

/** Printers, telephones and so on; every kind of thing that a sweep, mDNS and UPnP can meet. */
function others(): Simulated[] {
  const printer = (number: number): Simulated => ({
    address: at(number),
    mac: mac("brother", number),
    kind: "printer",
    mdns: {
      instance: `Printer no. ${number}`,
      services: [
        { type: "_ipp._tcp", port: 631, txt: ["ty=Brother HL-L2350DW series", "usb_MFG=Brother"] },
        { type: "_pdl-datastream._tcp", port: 9100 },
      ],
    },
  });
  const silent = (number: number): Simulated => ({
    address: at(number),
    mac: mac("dell", number),
    isQuiet: true,
  });
  const passing = (number: number): Simulated => ({
    address: at(number),
    mac: `da:a1:19:77:00:${number.toString(16).padStart(2, "0")}`,
  });
  const plain = (number: number, maker: keyof typeof makers, kind?: DeviceKind): Simulated => ({
    address: at(number),
    mac: mac(maker, number),
    ...(kind ? { kind } : {}),
  });
  const upnp = (number: number, type: string, name: string, more: object = {}): Simulated => ({
    address: at(number),
    mac: mac("dell", number),
    upnp: { type, name, maker: "Acme", model: "Box 3000", ...more },
  });
  return [
    ...[30, 31, 32, 60, 61, 90, 120, 150].map(printer),
    ...[33, 77, 201].map(silent),
    ...[40, 41, 42, 43, 44, 140, 141, 142, 143, 240].map(passing),
    plain(50, "axis", "camera"),
    plain(51, "axis", "camera"),
    plain(52, "hikvision", "camera"),
    plain(70, "yealink", "voip"),
    plain(71, "yealink", "voip"),
    plain(72, "yealink", "voip"),
    plain(100, "synology", "nas"),
    plain(110, "apple"),
    plain(111, "apple"),
    plain(254, "mikrotik", "switch"),
    { ...upnp(1, "InternetGatewayDevice", "Router"), kind: "router" },
    { ...upnp(101, "MediaServer", "Films"), kind: "nas" },
    upnp(102, "MediaRenderer", "Living & <room>"),
    upnp(103, "Basic", "Bad one", { elsewhere: "http://10.77.0.30:8888/x.xml" }),
  ];
}

/** Agents of many makers at addresses from 150 on and some more, with the kind that their fixture tells. */
function agents(
  walks: readonly { readonly name: string; readonly kind?: DeviceKind }[],
  free: number[],
): Simulated[] {
  return walks.map(({ name, kind }) => {
    const number = free.shift() ?? 0;
    return { address: at(number), mac: mac("dell", number), walk: name, ...(kind ? { kind } : {}) };
  });
}

/**
 * 60 devices at 254 addresses.
 *
 * @param walks - names of the walks that agents give, and the kind that they tell
 */
export function officePlan(
  walks: readonly { readonly name: string; readonly kind?: DeviceKind }[],
): Simulated[] {
  const known = others();
  const taken = new Set([box, ...known.map(({ address }) => address)]);
  const free = Array.from({ length: 60 }, (_, step) => 5 + 4 * step).filter(
    (number) => !taken.has(at(number)),
  );
  const withUser: Simulated[] = [{ address: at(free.shift() ?? 0), mac: mac("dell", 3), hasUser: true }];
  return [...known, ...withUser, ...agents(walks, free)];
}
