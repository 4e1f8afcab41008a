/** One credential of the built-in broker, without its password. */
export interface DeviceCredential {
  /** User name of the device. */
  readonly name: string;
  /** `file`: read-only here. */
  readonly origin: "file" | "page";
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  readonly preset?: string;
  readonly by?: string;
  readonly atMs?: number;
  /** How many connections it has now; undefined while the broker is off. */
  readonly connections?: number;
  readonly messages?: number;
  /** What was refused since the start, by reason. */
  readonly refused?: Readonly<Record<string, number>>;
}

/** Topics that the firmware of a device family uses by itself, and what is entered there. */
export interface CredentialPreset {
  readonly id: string;
  /** "Tasmota", as its makers write it. */
  readonly title: string;
  /** What the name must be, where the firmware prescribes it. */
  readonly nameHint?: string;
  readonly publish: (name: string) => readonly string[];
  readonly subscribe: (name: string) => readonly string[];
  /** What is entered beside host, port, user and password: label of the firmware and value. */
  readonly settings: (name: string) => readonly (readonly [label: string, value: string])[];
}

/** Where devices connect. */
export interface BrokerEntrance {
  readonly protocol: "mqtt" | "mqtts" | "ws" | "wss";
  /** Empty, `0.0.0.0` or `::`: every address of the box. */
  readonly address: string;
  readonly port: number;
}

/** What is asked for when a credential is made; filters win over the preset's. */
export interface WantedCredential {
  readonly name: string;
  readonly preset?: string;
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
  readonly by: string;
}

/** The built-in broker as pages and the API see it. */
export interface BrokerDesk {
  readonly isOn: boolean;
  entrances(): readonly BrokerEntrance[];
  /** Addresses of the box for devices. */
  hosts(): readonly string[];
  /** In order of their names. */
  credentials(): readonly DeviceCredential[];
  readonly presets: readonly CredentialPreset[];
  /** Makes a password of 192 random bits and keeps its salted hash. Throws CONFIG_INVALID, CONFLICT. */
  create(wanted: WantedCredential): { readonly credential: DeviceCredential; readonly password: string };
  /** Ends its connections at once. Throws NOT_FOUND; CONFLICT for one of the file. */
  revoke(name: string, by: string): void;
  /** Devices that tried MQTT 5, newest last. */
  version5(): readonly { readonly name: string; readonly address: string; readonly atMs: number }[];
  /** The authority that signed the box's own certificate, for devices; absent: there is none. */
  authority(): { readonly pem: string; readonly fingerprint: string } | undefined;
}
