import { z } from "zod";
import type { Operation } from "./operation.ts";

export const errorAnswer = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .meta({ id: "Error" });

type Json = Record<string, unknown>;

/** A schema as OpenAPI 3.1 takes it: JSON Schema 2020-12 without its own headline. */
function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const {
    $schema: _dialect,
    id: _id,
    $defs: _defs,
    ...rest
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    reused: "inline",
    metadata: z.registry(),
  }) as Json;
  return rest;
}

/** Parameters of a path or query, described by the fields of `schema`. */
function parameters(schema: z.ZodObject | undefined, place: "path" | "query"): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, "input") as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => {
    const description = (schema.shape[name] as z.ZodType | undefined)?.description;
    return {
      name,
      in: place,
      required: place === "path" || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: property,
    };
  });
}

const json = (schema: Json) => ({ content: { "application/json": { schema } } });

function describe(operation: Operation): Json {
  const { summary, params, query, body, answer } = operation;
  return {
    summary,
    parameters: [...parameters(params, "path"), ...parameters(query, "query")],
    ...(body ? { requestBody: { required: true, ...json(jsonSchema(body, "input")) } } : {}),
    responses: {
      200: { description: "The answer.", ...json(jsonSchema(answer, "output")) },
      default: { description: "What went wrong.", ...json(jsonSchema(errorAnswer, "output")) },
    },
  };
}

/** The document of `/api/v1/openapi.json`. */
export function openapi(operations: readonly Operation[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = `/api/v1${operation.path.replace(/:(\w+)/g, "{$1}")}`;
    paths[path] = { ...paths[path], [operation.method]: describe(operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Porchlight",
      version,
      description:
        "What the box knows of its network. Times are ISO 8601 in UTC; values are in the unit beside them.",
    },
    paths,
  };
}
