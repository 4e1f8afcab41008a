import type { DocumentKeeper, Settings, StoredDocument } from "../../appliance/model/documents.ts";
import { ApplianceError } from "../../appliance/model/errors.ts";

/** Documents in memory, with the versions of the real keeper. */
export function documentsInMemory(): DocumentKeeper {
  const all = new Map<string, StoredDocument>();
  const key = (kind: string, id: string) => `${kind} ${id}`;
  const expectVersion = (kind: string, id: string, version: number) => {
    if ((all.get(key(kind, id))?.version ?? 0) !== version)
      throw new ApplianceError("CONFLICT", `${kind} ${id}`);
  };
  return {
    all: (kind) => [...all.values()].filter((one) => one.kind === kind),
    get: (kind, id) => all.get(key(kind, id)),
    save(kind, id, body, { by, version }) {
      expectVersion(kind, id, version);
      const saved = { kind, id, body, by, version: version + 1, atMs: 0 };
      all.set(key(kind, id), saved);
      return saved;
    },
    remove(kind, id, { version }) {
      if (!all.has(key(kind, id))) return;
      expectVersion(kind, id, version);
      all.delete(key(kind, id));
    },
  };
}

/** Settings that take everything as it is. */
export function settingsInMemory(): Settings {
  const keeper = documentsInMemory();
  return {
    documents: keeper.all,
    document: keeper.get,
    fileIds: () => [],
    isInFile: () => false,
    save: keeper.save,
    remove: keeper.remove,
    onChange: () => () => {},
  };
}
