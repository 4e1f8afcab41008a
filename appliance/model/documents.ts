/** What pages and the API make, each kind with the schema of the file's part of the same name. */
export const documentKinds = ["device", "rule", "credential", "snmpCredential", "mapping"] as const;
export type DocumentKind = (typeof documentKinds)[number];

/** One thing that a person made on a page or by the API, as it is kept in state.db. */
export interface StoredDocument {
  readonly kind: DocumentKind;
  readonly id: string;
  /** From 1; goes up with each save. */
  readonly version: number;
  /** As the file would have it; secrets sealed. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Who saved it last. */
  readonly by: string;
  readonly atMs: number;
}

/** Who saves, and which version was read before; 0: it must not exist yet. */
export interface Edit {
  readonly by: string;
  readonly version: number;
}

/** Documents in state.db. */
export interface DocumentKeeper {
  /** In order of their ids. */
  all(kind: DocumentKind): readonly StoredDocument[];
  get(kind: DocumentKind, id: string): StoredDocument | undefined;
  /** Throws CONFLICT when another version is there. */
  save(kind: DocumentKind, id: string, body: Readonly<Record<string, unknown>>, edit: Edit): StoredDocument;
  /** Throws CONFLICT when another version is there; one that is gone is gone. */
  remove(kind: DocumentKind, id: string, edit: Edit): void;
}

/** What pages and the API read and change. The file always wins over what stands here. */
export interface Settings {
  documents(kind: DocumentKind): readonly StoredDocument[];
  document(kind: DocumentKind, id: string): StoredDocument | undefined;
  /** Ids that the configuration file has of this kind. */
  fileIds(kind: DocumentKind): readonly string[];
  /** Whether the configuration file has an item of this kind and id: then it is read-only on the page. */
  isInFile(kind: DocumentKind, id: string): boolean;
  /**
   * Checks the body by the schema of the file's part, keeps it and puts it into force.
   * Throws CONFIG_INVALID with all that is wrong in it, CONFLICT when another version is there.
   */
  save(kind: DocumentKind, id: string, body: Readonly<Record<string, unknown>>, edit: Edit): StoredDocument;
  remove(kind: DocumentKind, id: string, edit: Edit): void;
  /** Called after each change. Returns what ends it. */
  onChange(listener: (kind: DocumentKind) => void): () => void;
}
