/** The ledger's tables as Kysely sees them; `migrations/` is what makes them. Instants are `timestamptz`, money integer cents. */
import type { ColumnType, Generated, JSONColumnType } from "kysely";
import type { HourZ } from "../../domain/hour.ts";
import type { TenantUid } from "../../domain/ids.ts";

export interface LedgerTables {
  tenants: TenantsTable;
  evidence: EvidenceTable;
  verdicts: VerdictsTable;
  posts: PostsTable;
  closes: ClosesTable;
  write_offs: WriteOffsTable;
  runs: RunsTable;
  lease: LeaseTable;
  salt: { value: string };
}

/** Every tenant that was ever seen in the stack's outputs: one that left stays until its last invoice is closed. */
export interface TenantsTable {
  uid: TenantUid;
  slug: string;
  /** Its last outputs, as the stack wrote them. */
  outputs: JSONColumnType<object>;
  seen_at: Date;
  /** Null while the stack has it. */
  left_at: Date | null;
  customer: string | null;
  subscription: string | null;
  /** Hours are billable from the first full hour after this. */
  subscribed_at: Date | null;
  /** When its summaries were last read hour by hour over the whole window. */
  audited_at: Date | null;
}

/** One row per tenant, source and UTC day: the facts in the packed form of `pack.ts`, complete enough to be judged by any rule. */
export interface EvidenceTable {
  uid: TenantUid;
  source: string;
  day: string;
  facts: JSONColumnType<object>;
  captured_at: Date;
}

/** Append-only: a verdict that changes is a new revision. */
export interface VerdictsTable {
  uid: TenantUid;
  hour: HourZ;
  revision: number;
  verdict: "active" | "idle" | "unknown";
  because: string[];
  uptime_only: boolean;
  contradiction: boolean;
  rule: string;
  run: string;
  judged_at: Date;
}

export type PostState = "intent" | "accepted" | "confirmed" | "rejected";

/** Meter events, each committed as an intent before it is sent. Only a summary of Stripe's confirms one. */
export interface PostsTable {
  identifier: string;
  uid: TenantUid;
  hour: HourZ;
  value: number;
  customer: string;
  /** Of the event, inside the hour. */
  event_at: Date;
  run: string;
  state: PostState;
  request_id: string | null;
  refusal: string | null;
  intended_at: Date;
  accepted_at: Date | null;
  confirmed_at: Date | null;
}

/** Append-only: one row per tenant and month whose invoice is final. */
export interface ClosesTable {
  uid: TenantUid;
  /** `2026-11`. */
  month: string;
  hours: number;
  unknown_hours: number;
  hours_cents: number;
  total_cents: number;
  invoice: string;
  /** SHA-256 over the month's verdicts. */
  digest: string;
  note: string | null;
  run: string;
  closed_at: Date;
}

/** Append-only: hours that stayed unknown until nothing could be learnt of them any more. */
export interface WriteOffsTable {
  uid: TenantUid;
  hour: HourZ;
  reason: string;
  run: string;
  written_at: Date;
}

/** What each run did: for people and alarms, never an input of a later run. */
export interface RunsTable {
  run: string;
  command: string;
  started_at: Date;
  ended_at: Date | null;
  result: ColumnType<object | null, string | null, string | null>;
}

/** One row; the token only grows, and a write with an older one is refused. */
export interface LeaseTable {
  name: string;
  token: Generated<number>;
  holder: string | null;
}
