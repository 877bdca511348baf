import * as z from "zod";
import { parseParams } from "./params.ts";
import type { World } from "./world.ts";

/** One call of Stripe's API. */
export interface Operation {
  readonly method: "GET" | "POST" | "DELETE";
  /** With `:id` for the object's id. */
  readonly path: string;
  /** Counted against the meter events' limit instead of the basic one. */
  readonly meterEvent: boolean;
  /** The names it takes at the top level. */
  readonly parameters: readonly string[];
  answer(world: World, raw: unknown, id: string): object;
}

/** Describes a call: its parameters are checked before `run`; what is not in the schema is refused as unknown. */
export function operation<T>(
  method: Operation["method"],
  path: string,
  params: z.ZodType<T>,
  run: (world: World, params: T, id: string) => object,
  meterEvent = false,
): Operation {
  const parameters = params instanceof z.ZodObject ? Object.keys(params.shape) : [];
  return { method, path, meterEvent, parameters, answer: (world, raw, id) => run(world, parseParams(params, raw), id) };
}

/** `POST /v1/customers/:id` for a concrete path; the path itself where no operation has it. */
export function operationName(operations: readonly Operation[], method: string, path: string): string {
  const parts = path.split("/");
  const found = operations.find((candidate) => {
    if (candidate.method !== method) return false;
    const wanted = candidate.path.split("/");
    return wanted.length === parts.length && wanted.every((part, index) => part.startsWith(":") || part === parts[index]);
  });
  return `${method} ${found?.path ?? path}`;
}
