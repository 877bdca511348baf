/** The log of log-ins: `A/access/logs/access_requests` (reference: cloudflare 4.1, 4.2, 6.3 item 16). */
import { Hono } from "hono";
import type { Core } from "./core.ts";
import { invalid, positive, success } from "./envelope.ts";
import type { AccessRequest } from "./objects.ts";

const hour = 3_600_000;

/** How far back rows can be read: the plan's retention. */
export function retentionMs(core: Core): number {
  return core.settings.plan === "free" ? 24 * hour : 30 * 24 * hour;
}

export function accessLogRoutes(core: Core): Hono {
  const routes = new Hono();
  routes.get("/", (context) => {
    const query = context.req.query();
    const now = core.now();
    const since = Math.max(time(query.since, "since") ?? 0, now - retentionMs(core));
    // Rows that the traffic player wrote ahead of the clock do not exist yet.
    const until = Math.min(time(query.until, "until") ?? now, now);
    const found = core.state.accessRequests
      .filter((row) => {
        const at = Date.parse(row.created_at);
        return at >= since && at <= until && matches(row, query);
      })
      .toSorted((one, other) => Date.parse(one.created_at) - Date.parse(other.created_at));
    if (query.direction !== "asc") found.reverse();
    const page = positive(query.page, 1);
    const perPage = Math.min(positive(query.per_page ?? query.limit, 25), 1_000);
    const rows = found.slice((page - 1) * perPage, page * perPage).map((row) => select(row, query.fields));
    // The real answer counts 0 in all however many rows it holds: a reader pages until a page is empty.
    return success(rows, 200, { count: rows.length, page, per_page: perPage, total_count: 0 });
  });
  return routes;
}

function time(text: string | undefined, field: string): number | undefined {
  if (text === undefined) return undefined;
  const parsed = Date.parse(text);
  if (Number.isNaN(parsed)) throw invalid(`${field}: not a time in RFC 3339`);
  return parsed;
}

/** Filters with `eq` or `neq`; `user_id` is accepted and does nothing, as at the vendor. */
function matches(row: AccessRequest, query: Readonly<Record<string, string>>): boolean {
  const columns: Record<string, string> = {
    allowed: String(row.allowed),
    app_uid: row.app_uid,
    ray_id: row.ray_id,
    idp: row.connection,
    country_code: String(row.country ?? ""),
    app_type: String(row.app_type ?? ""),
  };
  const plain = Object.entries(columns).every(([name, value]) => {
    const wanted = query[name];
    return wanted === undefined || (query[`${name}Op`] === "neq" ? value !== wanted : value === wanted);
  });
  return plain && matchesEmail(row.user_email, query);
}

function matchesEmail(email: string, query: Readonly<Record<string, string>>): boolean {
  const wanted = query.email;
  if (wanted === undefined) return true;
  if (query.emailOp === "contains" || query.email_exact === "false") return email.includes(wanted);
  return query.emailOp === "neq" ? email !== wanted : email === wanted;
}

function select(row: AccessRequest, fields: string | undefined): Record<string, unknown> {
  if (!fields) return row;
  const wanted = fields.split(",").map((field) => field.trim());
  return Object.fromEntries(Object.entries(row).filter(([name]) => wanted.includes(name)));
}
