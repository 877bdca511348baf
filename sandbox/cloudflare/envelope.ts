/** The envelope of every answer of the REST API (reference: cloudflare 6.2), and the body of a request. */
import type { Context } from "hono";
import type { z } from "zod";

/** A refusal in the vendor's shape. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const notFound = () => new Refusal(404, 11021, "access.api.error.not_found");
export const invalid = (what: string) => new Refusal(400, 12130, `access.api.error.invalid_request: ${what}`);

export function success(result: unknown, status = 200, resultInfo?: Readonly<Record<string, number>>): Response {
  return Response.json(
    { success: true, errors: [], messages: [], result, ...(resultInfo && { result_info: resultInfo }) },
    { status },
  );
}

export function failure(refusal: Refusal): Response {
  const errors = [{ code: refusal.code, message: refusal.message }];
  return Response.json(
    { success: false, errors, messages: [], result: null },
    { status: refusal.status, headers: refusal.headers },
  );
}

/** One page of a list, by `page` and `per_page`. */
export function page(context: Context, all: readonly unknown[], perPageDefault: number, perPageLimit: number): Response {
  const wanted = positive(context.req.query("page"), 1);
  const perPage = Math.min(positive(context.req.query("per_page"), perPageDefault), perPageLimit);
  const rows = all.slice((wanted - 1) * perPage, wanted * perPage);
  return success(rows, 200, {
    count: rows.length,
    page: wanted,
    per_page: perPage,
    total_count: all.length,
    total_pages: Math.ceil(all.length / perPage),
  });
}

/** The JSON body. An explicit null at the top means the default, as for a field that was left out (import: `enable_binding_cookie: null`). */
export async function readBody<Shape extends z.ZodType>(context: Context, shape: Shape): Promise<z.infer<Shape>> {
  let raw: unknown;
  try {
    raw = await context.req.json();
  } catch {
    throw invalid("the body is not JSON");
  }
  const given =
    raw !== null && typeof raw === "object" && !Array.isArray(raw)
      ? Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null))
      : raw;
  const parsed = shape.safeParse(given);
  if (!parsed.success) throw invalid(problems(parsed.error));
  return parsed.data;
}

/** All problems of a body in one line. */
export function problems(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`).join("; ");
}

export function positive(text: string | undefined, otherwise: number): number {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : otherwise;
}
