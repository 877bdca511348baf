/** Relay pagination. The default page is short and says nothing of what it cut off but `hasNextPage`. */
import { badInput } from "./errors.ts";
import type { Store } from "./store.ts";

export interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

/** A connection over rows; a cursor names its row, so that a page goes on rightly when rows come and go. */
export function page<Row extends { readonly id: string }, Node>(
  store: Store,
  rows: readonly Row[],
  args: PageArguments,
  view: (row: Row) => Node,
) {
  const at = (cursor: string) => {
    const found = rows.findIndex((row) => row.id === cursor);
    if (found < 0) throw badInput("Invalid cursor");
    return found;
  };
  for (const count of [args.first, args.last])
    if (typeof count === "number" && count < 0) throw badInput("first and last must not be negative");
  let from = args.after ? at(args.after) + 1 : 0;
  let to = args.before ? at(args.before) : rows.length;
  if (typeof args.first === "number") to = Math.min(to, from + Math.min(args.first, 5_000));
  else if (typeof args.last === "number") from = Math.max(from, to - args.last);
  else to = Math.min(to, from + store.settings.defaultPageSize);
  const shown = rows.slice(from, to);
  return {
    edges: shown.map((row) => ({ cursor: row.id, node: view(row) })),
    pageInfo: {
      hasNextPage: to < rows.length,
      hasPreviousPage: from > 0,
      startCursor: shown[0]?.id ?? null,
      endCursor: shown.at(-1)?.id ?? null,
    },
  };
}
