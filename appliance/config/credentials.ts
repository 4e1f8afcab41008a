import { z } from "zod";
import type { StoredDocument } from "../model/documents.ts";
import { topicFilter } from "./fields.ts";
import { type Parsed, parseWith } from "./problems.ts";

/** A credential of the broker as a page or the API keeps it: no password, its salted hash. */
export interface StoredCredential {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  readonly preset?: string | undefined;
  readonly salt: string;
  readonly hash: string;
}

const filters = (what: string) =>
  z
    .array(topicFilter(), { error: "expected a list of topic filters" })
    .max(32, { error: `expected at most 32 filters to ${what}` })
    .refine((list) => list.every((filter) => !filter.startsWith("$")), {
      error: "expected filters that do not begin with $",
    });
const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), { error: "expected hex digits" });

const credentialSchema = z.strictObject({
  publish: filters("publish"),
  subscribe: filters("subscribe"),
  preset: z.string().max(32).optional(),
  salt: hex(16),
  hash: hex(32),
});

/** Names that every firmware takes and that are one level of a topic. */
export const credentialName = z
  .string({ error: "expected a name" })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
    error: "expected a name of 1 to 64 letters, digits, dots, dashes and underscores",
  });

export function parseCredential(body: StoredDocument["body"]): Parsed<StoredCredential> {
  return parseWith(credentialSchema, body, []);
}
