import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { Secret } from "../model/secret.ts";
import type { Finding } from "./problems.ts";

const maxSecretBytes = 65_536;

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths start from: that of the file. */
  readonly folder: string;
}

interface Reference {
  readonly kind: "env" | "file";
  readonly name: string;
}

function referenceOf(value: object): Reference | undefined {
  const entries = Object.entries(value);
  const [kind, name] = entries[0] ?? [];
  if (entries.length !== 1 || (kind !== "env" && kind !== "file")) return undefined;
  return typeof name === "string" ? { kind, name } : undefined;
}

function readReference({ kind, name }: Reference, { env, folder }: SecretSources): Secret | string {
  if (kind === "env") {
    const value = env[name];
    if (value === undefined) return `the environment variable ${name} is not set`;
    return value === "" ? `the environment variable ${name} is empty` : new Secret(value);
  }
  const path = resolve(folder, name);
  try {
    if (statSync(path).size > maxSecretBytes)
      return `the secret file ${name} is larger than ${maxSecretBytes} bytes`;
    const text = readFileSync(path, "utf8").replace(/\r?\n$/, "");
    return text === "" ? `the secret file ${name} is empty` : new Secret(text);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why =
      code === "ENOENT"
        ? "does not exist"
        : code === "EACCES"
          ? "may not be read by this user"
          : `cannot be read (${code ?? "unknown error"})`;
    return `the secret file ${name} ${why}`;
  }
}

/**
 * Replaces each `{env: NAME}` and `{file: PATH}` by its `Secret`. One that is missing becomes a placeholder, so that
 * the rest can be checked; its path is among the findings.
 */
export function putInSecrets(
  data: unknown,
  sources: SecretSources,
): { readonly data: unknown; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const visit = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (Array.isArray(value)) return value.map((entry, at) => visit(entry, [...path, at]));
    if (typeof value !== "object" || value === null) return value;
    const reference = referenceOf(value);
    if (!reference)
      return Object.fromEntries(
        Object.entries(value).map(([key, entry]) => [key, visit(entry, [...path, key])]),
      );
    const found = readReference(reference, sources);
    if (found instanceof Secret) return found;
    findings.push({ path, message: found });
    return new Secret("missing");
  };
  return { data: visit(data, []), findings };
}
