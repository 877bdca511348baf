/** The few requests to Cloudflare that the official Pulumi plugin does not make: the log of log-ins, and ending sessions. */
import { z } from "zod";
import type { Clock } from "../../domain/clock.ts";
import { type Call, type CloudflareOptions, connect, isEnvelope, optionsFromEnvironment, refusal, resultOf } from "./wire.ts";

/** One row of the log of log-ins. The published shape lists fewer columns than the vendor sends, so all but the first ones are optional. */
const AccessRequest = z.object({
  created_at: z.string(),
  app_uid: z.string(),
  allowed: z.boolean(),
  action: z.string(),
  user_email: z.string().optional(),
  app_domain: z.string().optional(),
  ray_id: z.string().optional(),
  connection: z.string().nullish(),
});

export interface AccessRequestRow {
  readonly atMs: number;
  /** Id of the application: `app_domain` is a URL with a path and no key. */
  readonly applicationId: string;
  readonly allowed: boolean;
  /** `login`, `logout`. */
  readonly action: string;
  /** Personal data, in small letters; empty when the vendor left it out. */
  readonly email: string;
  readonly rayId: string;
  readonly identityProvider: string;
}

export interface Cloudflare {
  /** All log-ins in `[sinceMs, untilMs]` that the vendor still holds (24 hours on the free plan), oldest first, page by page until one is empty
   *  (`total_count` is always 0). The caller removes what overlapping calls give twice. */
  accessRequests(
    ask: { readonly accountId: string; readonly sinceMs: number; readonly untilMs: number },
    call?: Call,
  ): Promise<readonly AccessRequestRow[]>;
  /** Ends every session of an application: its tokens are refused from now on. An application that is gone has none. */
  revokeTokens(ask: { readonly accountId: string; readonly applicationId: string }, call?: Call): Promise<void>;
}

const pageSize = 100;
/** No log is this long; a vendor that ignores `page` would be asked for ever. */
const mostPages = 10_000;

export function cloudflare(options: CloudflareOptions): Cloudflare {
  const send = connect(options);
  return {
    async accessRequests({ accountId, sinceMs, untilMs }, call) {
      const operation = "/accounts/:id/access/logs/access_requests";
      const rows: AccessRequestRow[] = [];
      for (let page = 1; page <= mostPages; page++) {
        const query = new URLSearchParams({
          since: new Date(sinceMs).toISOString(),
          until: new Date(untilMs).toISOString(),
          // Oldest first: rows that arrive meanwhile come at the end and shift no page.
          direction: "asc",
          page: String(page),
          per_page: String(pageSize),
          // The older name of the same: a server that knows only this one would answer with 25.
          limit: String(pageSize),
        });
        const path = `/accounts/${accountId}/access/logs/access_requests?${query}`;
        const answer = await send("GET", path, operation, "read", call);
        const found = z
          .array(AccessRequest)
          .nullable()
          .safeParse(resultOf(answer, `GET ${operation}`));
        if (!found.success)
          throw refusal(`GET ${operation}`, answer, `an answer in an unknown shape: ${z.prettifyError(found.error)}`);
        if (!found.data?.length) return rows;
        rows.push(...found.data.map(row));
      }
      throw refusal(`GET ${operation}`, { status: 200, headers: new Headers(), text: "" }, `more than ${mostPages} pages`);
    },
    async revokeTokens({ accountId, applicationId }, call) {
      const operation = "/accounts/:id/access/apps/:id/revoke_tokens";
      const answer = await send(
        "POST",
        `/accounts/${accountId}/access/apps/${applicationId}/revoke_tokens`,
        operation,
        "idempotent",
        call,
      );
      // Only Cloudflare itself can say that the application is gone: a 404 of anything else would leave the sessions alive.
      if (answer.status !== 404 || !isEnvelope(answer.text)) resultOf(answer, `POST ${operation}`);
    },
  };
}

/** From CLOUDFLARE_API_TOKEN and CLOUDFLARE_BASE_URL; throws OperatorError when the token is missing. */
export function cloudflareFromEnvironment(env: Readonly<Record<string, string | undefined>>, clock: Clock): Cloudflare {
  return cloudflare(optionsFromEnvironment(env, clock));
}

function row(given: z.infer<typeof AccessRequest>): AccessRequestRow {
  const atMs = Date.parse(given.created_at);
  if (Number.isNaN(atMs)) throw new Error(`Cloudflare's log of log-ins holds a time that is none: ${given.created_at}`);
  return {
    atMs,
    applicationId: given.app_uid,
    allowed: given.allowed,
    action: given.action,
    email: (given.user_email ?? "").toLowerCase(),
    rayId: given.ray_id ?? "",
    identityProvider: given.connection ?? "",
  };
}
