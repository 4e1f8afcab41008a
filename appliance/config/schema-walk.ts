import { z } from "zod";

type Path = readonly PropertyKey[];

/** The schemas that `schema` wraps or may be; empty for one that stands for itself. */
function inside(schema: z.ZodType): z.ZodType[] {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodNonOptional
  )
    return [schema.def.innerType as z.ZodType];
  if (schema instanceof z.ZodPipe) return [schema.def.in as z.ZodType];
  if (schema instanceof z.ZodUnion) return schema.def.options as z.ZodType[];
  if (schema instanceof z.ZodIntersection)
    return [schema.def.left as z.ZodType, schema.def.right as z.ZodType];
  return [];
}

/** All schemas that a value given to `schema` may have to fit: wrappers and unions opened. */
export function alternatives(schema: z.ZodType): z.ZodType[] {
  const inner = inside(schema);
  return inner.length === 0 ? [schema] : inner.flatMap(alternatives);
}

function step(schema: z.ZodType, key: PropertyKey): z.ZodType[] {
  if (schema instanceof z.ZodObject) {
    const next = (schema.def.shape as Record<PropertyKey, z.ZodType>)[key];
    return next ? [next] : [];
  }
  if (schema instanceof z.ZodArray) return typeof key === "number" ? [schema.def.element as z.ZodType] : [];
  if (schema instanceof z.ZodRecord) return [schema.def.valueType as z.ZodType];
  return [];
}

/** The schemas that may apply at `path`, wrappers kept, so that their descriptions can be read. */
export function schemasAt(schema: z.ZodType, path: Path): z.ZodType[] {
  let here = [schema];
  for (const key of path) here = here.flatMap(alternatives).flatMap((inner) => step(inner, key));
  return here;
}

/** Keys that may stand at `path`. */
export function keysAt(schema: z.ZodType, path: Path): string[] {
  return schemasAt(schema, path)
    .flatMap(alternatives)
    .flatMap((inner) => (inner instanceof z.ZodObject ? Object.keys(inner.def.shape) : []));
}

/** The `field` mark that config/fields.ts put on a schema or on what it wraps. */
export function fieldMark(schema: z.ZodType): string | undefined {
  const mark = schema.meta()?.field;
  if (typeof mark === "string") return mark;
  for (const inner of inside(schema)) {
    const innerMark = fieldMark(inner);
    if (innerMark) return innerMark;
  }
  return undefined;
}

/** Whether what stands at `path` is a secret. */
export function isSecretAt(schema: z.ZodType, path: Path): boolean {
  return schemasAt(schema, path).some((found) => fieldMark(found)?.startsWith("secret"));
}
