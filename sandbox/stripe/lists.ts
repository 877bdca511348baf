import type { TimeRange } from "./params.ts";
import { missing, Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

/** What every v1 list takes. */
export interface Paging {
  readonly limit?: number | undefined;
  readonly starting_after?: string | undefined;
  readonly ending_before?: string | undefined;
}

/** One page, `{object: "list", data, has_more, url}`: 10 objects unless `limit` (1 to 100) says otherwise. `items` come in the list's own order. */
export function page<T extends { id: string }>(
  world: World,
  items: readonly T[],
  paging: Paging,
  url: string,
  render: (item: T) => object,
): object {
  const limit = pageSize(world, paging.limit);
  if (paging.starting_after && paging.ending_before)
    throw new Refusal("You cannot use both starting_after and ending_before.", { param: "starting_after" });
  const { slice, more } = cut(items, paging, limit);
  return { object: "list", data: slice.map(render), has_more: more, url };
}

/** The page size asked for, 1 to 100 or 10, under the forced maximum. Throws a Refusal outside. */
export function pageSize(world: World, limit: number | undefined): number {
  if (limit !== undefined && (limit < 1 || limit > 100))
    throw new Refusal(`Invalid limit: ${limit}; must be between 1 and 100`, { param: "limit" });
  return Math.min(limit ?? 10, world.settings.maxPageSize);
}

/** Whether a time lies in a `created` filter. */
export function within(time: number, range: TimeRange): boolean {
  if (!range) return true;
  return (
    (range.gt === undefined || time > range.gt) &&
    (range.gte === undefined || time >= range.gte) &&
    (range.lt === undefined || time < range.lt) &&
    (range.lte === undefined || time <= range.lte)
  );
}

function cut<T extends { id: string }>(items: readonly T[], paging: Paging, limit: number): { slice: T[]; more: boolean } {
  if (paging.ending_before) {
    const end = position(items, paging.ending_before, "ending_before");
    const start = Math.max(0, end - limit);
    return { slice: items.slice(start, end), more: start > 0 };
  }
  const start = paging.starting_after ? position(items, paging.starting_after, "starting_after") + 1 : 0;
  return { slice: items.slice(start, start + limit), more: start + limit < items.length };
}

function position(items: readonly { id: string }[], id: string, param: string): number {
  const index = items.findIndex((item) => item.id === id);
  if (index < 0) throw missing("object", id, param, 400);
  return index;
}
