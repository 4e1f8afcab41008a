import type { Request, Response, Router } from "express";
import { z } from "zod";
import { BadRequest } from "./errors.ts";

/** One method of one path; what is checked and what `openapi.json` says come from the same schemas. */
export interface Operation {
  readonly method: "get" | "post";
  /** As express writes it: `/devices/:id`. */
  readonly path: string;
  readonly summary: string;
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodObject | undefined;
  readonly answer: z.ZodType;
  run(request: Request): Promise<unknown>;
}

type Output<T> = T extends z.ZodType ? z.output<T> : undefined;

interface Definition<P, Q, B, A> {
  readonly method: "get" | "post";
  readonly path: string;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answer: A;
  handle(input: { params: Output<P>; query: Output<Q>; body: Output<B> }): unknown;
}

function check(schema: z.ZodObject | undefined, value: unknown): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const words = result.error.issues.map(
    ({ path, message }) => `${path.length > 0 ? `${path.map(String).join(".")}: ` : ""}${message}`,
  );
  throw new BadRequest(words.join("; "));
}

/** Makes an operation whose handler gets checked input. */
export function operation<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodObject | undefined = undefined,
  A extends z.ZodType = z.ZodType,
>(definition: Definition<P, Q, B, A>): Operation {
  const { method, path, summary, params, query, body, answer, handle } = definition;
  return {
    method,
    path,
    summary,
    params,
    query,
    body,
    answer,
    async run(request) {
      const input = {
        params: check(params, request.params),
        query: check(query, request.query),
        body: check(body, request.body),
      };
      return handle(input as Parameters<typeof handle>[0]);
    },
  };
}

/** Gives the operation its route. */
export function mount(router: Router, { method, path, run }: Operation): void {
  router[method](path, async (request: Request, response: Response) => {
    response.json(await run(request));
  });
}

/** Milliseconds as ISO text; absent stays absent. */
export function iso(timeMs: number | undefined): string | undefined {
  return timeMs === undefined || !Number.isFinite(timeMs) ? undefined : new Date(timeMs).toISOString();
}

/** A time in an answer. */
export const isoTime = z.iso.datetime();

/** How many entries of a list; its answer's `next` goes on. */
export const limitField = z.coerce
  .number({ error: "expected a number" })
  .int({ error: "expected a whole number" })
  .min(1, { error: "expected 1..500" })
  .max(500, { error: "expected 1..500" })
  .default(100);

/** A page of a list. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next: z.string().optional().describe("Give it as `next` to go on; absent at the end."),
  });
}
