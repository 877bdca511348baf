import * as z from "zod";
import { lettersFrom } from "./ids.ts";
import { page, within } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { expand, paging, text, timeRange } from "./params.ts";
import { missing, Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

/** The one version served; `stripe@23.1.0` pins it. */
export const apiVersion = "2026-10-28.endive";
const keptSeconds = 30 * 86_400;

/** A v1 event: a snapshot of the object as it was. */
export const SnapshotEvent = z.object({
  id: z.string(),
  type: z.string(),
  created: z.number(),
  object: z.record(z.string(), z.unknown()),
  previous: z.record(z.string(), z.unknown()).optional(),
  request: z.object({ id: z.string().nullable(), idempotency_key: z.string().nullable() }),
});
export type SnapshotEvent = z.infer<typeof SnapshotEvent>;

/** Writes down that something happened. `object` is copied as it is now; `previous` holds the old values of changed fields. */
export function emit(
  world: World,
  type: string,
  object: object,
  clock: string | null = null,
  previous?: Record<string, unknown>,
): void {
  const copies = world.settings.duplicateEvents ? 2 : 1;
  for (let copy = 0; copy < copies; copy++) {
    world.events.add({
      id: world.id("evt_"),
      type,
      created: world.now(clock),
      object: structuredClone({ ...object }),
      ...(previous ? { previous: structuredClone(previous) } : {}),
      request: { id: world.request?.id ?? null, idempotency_key: world.request?.idempotencyKey ?? null },
    });
  }
  forgetOld(world);
}

/** The event as Stripe answers it. */
export function renderEvent(event: SnapshotEvent): object {
  return {
    id: event.id,
    object: "event",
    api_version: apiVersion,
    created: event.created,
    data: { object: event.object, ...(event.previous ? { previous_attributes: event.previous } : {}) },
    livemode: false,
    pending_webhooks: 0,
    request: event.request,
    type: event.type,
  };
}

const listParams = z.strictObject({
  ...paging,
  created: timeRange,
  type: text().optional(),
  types: z.array(text()).optional(),
  delivery_success: z.enum(["true", "false"]).optional(),
});

/** The calls of this kind that are served. */
export const eventOperations: readonly Operation[] = [
  operation("GET", "/v1/events", listParams, (world, params) => {
    if (params.type && params.types)
      throw new Refusal("You may only specify one of these parameters: type, types.", { param: "types" });
    if (params.types && params.types.length > 20) throw new Refusal("You may pass up to 20 event types.", { param: "types" });
    // No webhook endpoint exists, so no delivery ever failed.
    const none = params.delivery_success === "false";
    const kept = inOrder(world).filter(
      (event) =>
        !none && isKept(world, event) && within(event.created, params.created) && isWanted(event.type, params.type, params.types),
    );
    return page(world, kept, params, "/v1/events", renderEvent);
  }),
  operation("GET", "/v1/events/:id", z.strictObject({ expand }), (world, _params, id) => {
    const event = world.events.get(id);
    if (!event || !isKept(world, event)) throw missing("event", id);
    return renderEvent(event);
  }),
];

/** `invoice.*` stands for every type that begins so. */
function isWanted(type: string, single: string | undefined, several: readonly string[] | undefined): boolean {
  const wanted = single ? [single] : several;
  return !wanted || wanted.some((name) => (name.endsWith(".*") ? type.startsWith(name.slice(0, -1)) : name === type));
}

function isKept(world: World, event: SnapshotEvent): boolean {
  return event.created > world.now() - keptSeconds;
}

function inOrder(world: World): SnapshotEvent[] {
  const newest = world.events.newestFirst();
  if (world.settings.eventOrder === "newest") return newest;
  return newest
    .map((event) => ({ event, key: lettersFrom(event.id, 8) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ event }) => event);
}

function forgetOld(world: World): void {
  for (const event of world.events.values()) {
    if (isKept(world, event)) return;
    world.events.remove(event.id);
  }
}
