import { type Kysely, sql } from "kysely";

/** The first ledger. What must never change is held by triggers, not by good intentions. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const hour = `text collate "C" not null check (hour ~ '^\\d{4}-\\d\\d-\\d\\dT\\d\\dZ$')`;

const statements = [
  `create table tenants (
    uid text primary key,
    slug text not null,
    outputs jsonb not null,
    seen_at timestamptz not null,
    left_at timestamptz,
    customer text,
    subscription text,
    subscribed_at timestamptz,
    audited_at timestamptz
  )`,
  `create table evidence (
    uid text not null references tenants,
    source text not null check (source in ('railway', 'ours', 'gateway', 'access', 'model', 'state')),
    day text collate "C" not null check (day ~ '^\\d{4}-\\d\\d-\\d\\d$'),
    facts jsonb not null,
    captured_at timestamptz not null,
    primary key (uid, source, day)
  )`,
  `create table verdicts (
    uid text not null references tenants,
    hour ${hour},
    revision integer not null check (revision >= 0),
    verdict text not null check (verdict in ('active', 'idle', 'unknown')),
    because text[] not null,
    uptime_only boolean not null,
    contradiction boolean not null,
    rule text not null,
    run text not null,
    judged_at timestamptz not null,
    primary key (uid, hour, revision)
  )`,
  `create table posts (
    identifier text primary key check (length(identifier) <= 100),
    uid text not null references tenants,
    hour ${hour},
    value integer not null check (value in (0, 1)),
    customer text not null,
    event_at timestamptz not null,
    run text not null,
    state text not null check (state in ('intent', 'accepted', 'confirmed', 'rejected')),
    request_id text,
    refusal text,
    intended_at timestamptz not null,
    accepted_at timestamptz,
    confirmed_at timestamptz
  )`,
  `create index posts_by_hour on posts (uid, hour)`,
  `create table closes (
    uid text not null references tenants,
    month text collate "C" not null check (month ~ '^\\d{4}-\\d\\d$'),
    hours integer not null check (hours between 0 and 744),
    unknown_hours integer not null check (unknown_hours between 0 and 744),
    hours_cents integer not null,
    total_cents integer not null,
    invoice text not null unique,
    digest text not null,
    note text,
    run text not null,
    closed_at timestamptz not null,
    primary key (uid, month)
  )`,
  `create table write_offs (
    uid text not null references tenants,
    hour ${hour},
    reason text not null,
    run text not null,
    written_at timestamptz not null,
    primary key (uid, hour)
  )`,
  `create table runs (
    run text primary key,
    command text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    result jsonb
  )`,
  `create table lease (name text primary key, token integer not null, holder text)`,
  `insert into lease (name, token) values ('billing', 0)`,
  // Who logged in is kept as a hash with this salt: the ledger can tell people apart and cannot name them.
  `create table salt (value text primary key)`,
  `insert into salt values (gen_random_uuid()::text || gen_random_uuid()::text)`,
  `create function refuse_change() returns trigger language plpgsql as $$
    begin raise exception 'the ledger''s % are append-only: % is refused', tg_table_name, lower(tg_op); end $$`,
  ...["verdicts", "closes", "write_offs"].map(
    (table) =>
      `create trigger append_only before update or delete or truncate on ${table} for each statement execute function refuse_change()`,
  ),
  // A post's facts stay as they were meant; only what became of it is written later.
  `create function keep_post() returns trigger language plpgsql as $$
    begin
      if (old.identifier, old.uid, old.hour, old.value, old.customer, old.event_at, old.run, old.intended_at)
        is distinct from (new.identifier, new.uid, new.hour, new.value, new.customer, new.event_at, new.run, new.intended_at) then
        raise exception 'what a post says never changes: post a new one';
      end if;
      return new;
    end $$`,
  `create trigger keep_post before update on posts for each row execute function keep_post()`,
  `create trigger no_delete before delete or truncate on posts for each statement execute function refuse_change()`,
];
