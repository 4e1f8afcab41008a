/**
 * What to read from one family of devices, as a file in `mibs/profiles` says it.
 * Texts in `{braces}` are templates over the columns of the row; expressions are explained in `mibs/README.md`.
 */
export interface Profile {
  readonly name: string;
  readonly summary: string;
  /** MIB modules, RFCs and vendor documents that the OIDs come from. */
  readonly source: string;
  /** Profiles whose parts come along; a table or list of the same name here wins. */
  readonly extends?: readonly string[] | undefined;
  /** Any one of them is enough; none: the profile is only there to be extended. */
  readonly match?: readonly ProfileMatch[] | undefined;
  /** Names of inherited tables that do not apply. */
  readonly without?: readonly string[] | undefined;
  /** The maker gives the same tree under another OID. */
  readonly moved?: ProfileMove | undefined;
  /** Shared words of enumerations, by name. */
  readonly words?: Readonly<Record<string, ProfileWords>> | undefined;
  readonly identity?:
    | { readonly [field in IdentityField]?: readonly IdentitySource[] | undefined }
    | undefined;
  /** Single values: name to OID, the instance `.0` included. */
  readonly scalars?: Readonly<Record<string, ProfileColumn>> | undefined;
  readonly tables?: Readonly<Record<string, ProfileTable>> | undefined;
  /** What the scalars give. */
  readonly sensors?: readonly ProfileSensor[] | undefined;
  readonly processors?: readonly ProfileSensor[] | undefined;
  readonly wireless?: readonly ProfileSensor[] | undefined;
  readonly memory?: readonly ProfilePool[] | undefined;
  readonly storage?: readonly ProfilePool[] | undefined;
  /** Traps that devices of this family send: name, as its MIB has it, to OID. */
  readonly traps?: Readonly<Record<string, string>> | undefined;
}

/** OIDs at or below `from`, of the profile and of what it extends, are read below `to`. */
export interface ProfileMove {
  readonly from: string;
  /** An OID, or that many arcs of the device's sysObjectID. */
  readonly to: string | { readonly sysObjectID: number };
}

/** All members given must hold. */
export interface ProfileMatch {
  /** The device's sysObjectID is this or lies below it. */
  readonly sysObjectID?: string | undefined;
  readonly sysDescr?: string | undefined;
  /** The device has something at or below this OID. */
  readonly has?: string | undefined;
}

export const identityFields = ["vendor", "model", "version", "serial", "kind", "name"] as const;
export type IdentityField = (typeof identityFields)[number];

/** A way to learn one fact; the first that gives a text is taken. */
export interface IdentitySource {
  /** Template. */
  readonly text: string;
  /** The text must match; its first group, if it has one, is the fact. */
  readonly pattern?: string | undefined;
  /** The fact by what was found; what is not listed gives nothing. */
  readonly map?: Readonly<Record<string, string>> | undefined;
  /** Expression that must hold. */
  readonly when?: string | undefined;
  /** Looks at the rows of this table; the first that gives a text counts. */
  readonly table?: string | undefined;
}

/** How octets become text; without it: text where it is printable, else hexadecimal. */
export const columnForms = ["text", "mac", "hex", "date", "ip", "bits"] as const;
export type ColumnForm = (typeof columnForms)[number];

export interface ProfileColumn {
  readonly oid: string;
  readonly as?: ColumnForm | undefined;
  /** Looks the value up in another table: by these arcs of the row's index (0 is the first) ... */
  readonly at?: readonly number[] | undefined;
  /** ... or by the value of this column. */
  readonly via?: string | undefined;
  /** The value of another row of this table: the one whose text in column `of` ends in `swap[1]` where this row's ends in `swap[0]`. */
  readonly of?: string | undefined;
  readonly swap?: readonly [string, string] | undefined;
  /** Arcs behind the row's number: the maker numbers groups of single values, `oid.ROW.after`. */
  readonly after?: string | undefined;
}

/** What the rows of a table are, where the code has a meaning for them. */
export const tableRoles = ["ports", "lldp", "cdp", "arp", "fdb", "poe-ports", "poe-supplies"] as const;
export type TableRole = (typeof tableRoles)[number];

export interface ProfileTable {
  /** OID of the entry: columns given as a number lie below it. */
  readonly oid: string;
  readonly columns: Readonly<Record<string, ProfileColumn>>;
  readonly role?: TableRole | undefined;
  /** Members of the role: expressions over the row. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  /** Expression: rows for which it does not hold are left out. */
  readonly when?: string | undefined;
  /** Template of the row's lasting name. */
  readonly channel?: string | undefined;
  /** Columns whose texts name the rows: read with each poll, a change means new rows. */
  readonly watch?: readonly string[] | undefined;
  readonly sensors?: readonly ProfileSensor[] | undefined;
  readonly processors?: readonly ProfileSensor[] | undefined;
  readonly wireless?: readonly ProfileSensor[] | undefined;
  readonly memory?: readonly ProfilePool[] | undefined;
  readonly storage?: readonly ProfilePool[] | undefined;
  readonly supplies?: readonly ProfileSupply[] | undefined;
}

export interface ProfileSensor {
  /** A catalogue metric. */
  readonly metric: string;
  /** Expressions in the metric's unit: the first whose columns exist is taken. */
  readonly value: readonly string[];
  readonly description: string;
  readonly channel?: string | undefined;
  readonly when?: string | undefined;
  readonly words?: ProfileWords | string | undefined;
  readonly limits?:
    | { readonly [limit in "low" | "lowWarn" | "highWarn" | "high"]?: string | undefined }
    | undefined;
  /** Class of the inspection, where the metric does not say it. */
  readonly class?: string | undefined;
}

/** Number, or what the device says, to a word and how bad it is. */
export type ProfileWords = Readonly<
  Record<string, readonly [text: string, severity: "ok" | "warning" | "critical" | "unknown"]>
>;

/** A memory or a file system; expressions in bytes and percent. Two of total, used and free, or percent alone. */
export interface ProfilePool {
  readonly description: string;
  readonly channel?: string | undefined;
  readonly when?: string | undefined;
  readonly total?: string | undefined;
  readonly used?: string | undefined;
  readonly free?: string | undefined;
  readonly percent?: string | undefined;
}

/** A consumable: RFC 3805 prtMarkerSuppliesTable. */
export interface ProfileSupply {
  readonly description: string;
  readonly type?: string | undefined;
  readonly unit?: string | undefined;
  readonly level: string;
  readonly capacity?: string | undefined;
  readonly when?: string | undefined;
}
