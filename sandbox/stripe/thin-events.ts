import * as z from "zod";
import { pageSize } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { integer, text } from "./params.ts";
import { missing, Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

const keptSeconds = 30 * 86_400;

/** A v2 ("thin") event: it names its object, and carries data only where its type has some. */
export const ThinEvent = z.object({
  id: z.string(),
  type: z.string(),
  createdMs: z.number(),
  related: z.object({ id: z.string(), type: z.string(), url: z.string() }).nullable(),
  data: z.record(z.string(), z.unknown()).optional(),
});
export type ThinEvent = z.infer<typeof ThinEvent>;

/** Writes a thin event down, dated now on the given clock. */
export function emitThin(
  world: World,
  type: string,
  related: ThinEvent["related"],
  data?: Record<string, unknown>,
  clock: string | null = null,
): void {
  const copies = world.settings.duplicateEvents ? 2 : 1;
  for (let copy = 0; copy < copies; copy++) {
    world.thinEvents.add({ id: world.id("evt_test_"), type, createdMs: world.nowMs(clock), related, ...(data ? { data } : {}) });
  }
}

/** The thin event as Stripe answers it. */
export function renderThin(event: ThinEvent): object {
  return {
    id: event.id,
    object: "v2.core.event",
    type: event.type,
    created: new Date(event.createdMs).toISOString(),
    livemode: false,
    ...(event.related ? { related_object: event.related } : {}),
    ...(event.data ? { data: event.data } : {}),
  };
}

const time = z.string().refine((value) => !Number.isNaN(Date.parse(value)));
const listParams = z.strictObject({
  limit: integer.optional(),
  page: text().optional(),
  object_id: text().optional(),
  types: z.array(text()).max(20).optional(),
  created: z.strictObject({ gt: time.optional(), gte: time.optional(), lt: time.optional(), lte: time.optional() }).optional(),
});

/** The calls of this kind that are served. */
export const thinEventOperations: readonly Operation[] = [
  operation("GET", "/v2/core/events", listParams, (world, params) => {
    const { gt, gte, lt, lte } = params.created ?? {};
    const found = world.thinEvents
      .newestFirst()
      .filter(
        (event) =>
          event.createdMs > world.nowMs() - keptSeconds * 1000 &&
          (!params.types || params.types.includes(event.type)) &&
          (!params.object_id || event.related?.id === params.object_id) &&
          (!gt || event.createdMs > Date.parse(gt)) &&
          (!gte || event.createdMs >= Date.parse(gte)) &&
          (!lt || event.createdMs < Date.parse(lt)) &&
          (!lte || event.createdMs <= Date.parse(lte)),
      );
    const limit = pageSize(world, params.limit);
    const start = params.page ? positionAfter(found, params.page) : 0;
    const data = found.slice(start, start + limit);
    const last = data.at(-1);
    const more = start + limit < found.length && last !== undefined;
    return { data: data.map(renderThin), next_page_url: more ? nextUrl(params, limit, last.id) : null, previous_page_url: null };
  }),
  operation("GET", "/v2/core/events/:id", z.strictObject({}), (world, _params, id) => {
    const event = world.thinEvents.get(id);
    if (!event || event.createdMs <= world.nowMs() - keptSeconds * 1000) throw missing("event", id);
    return renderThin(event);
  }),
];

function positionAfter(found: readonly ThinEvent[], cursor: string): number {
  const index = found.findIndex((event) => event.id === cursor);
  if (index < 0) throw new Refusal("The page token is not valid.", { param: "page", code: "invalid_fields" });
  return index + 1;
}

/** The next page asks the same question again, from behind the last event. */
function nextUrl(params: z.infer<typeof listParams>, limit: number, cursor: string): string {
  const query = new URLSearchParams({ limit: String(limit), page: cursor });
  if (params.object_id) query.set("object_id", params.object_id);
  for (const [index, type] of (params.types ?? []).entries()) query.set(`types[${index}]`, type);
  for (const [key, value] of Object.entries(params.created ?? {})) if (value) query.set(`created[${key}]`, value);
  return `/v2/core/events?${query}`;
}
