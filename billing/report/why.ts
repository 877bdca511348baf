/** Why an hour is billed or not: sources, samples, causes, rule, posts, what Stripe holds, on which invoice line it is. */
import { z } from "zod";
import { OperatorError } from "../../domain/error.ts";
import { dayMs, type HourZ, hourMs, hourStart, minuteMs } from "../../domain/hour.ts";
import { eventName } from "../account/catalogue.ts";
import type { Context } from "../context.ts";
import { loadCloses } from "../ledger/closes.ts";
import { loadEvidence } from "../ledger/evidence.ts";
import { loadPosts } from "../ledger/posts.ts";
import { type LedgerTenant, loadTenants } from "../ledger/tenants.ts";
import { loadVerdicts } from "../ledger/verdicts.ts";
import { readHours } from "../meter/summaries.ts";
import { evidenceOf, type TenantEvidence } from "../rules/evidence.ts";
import { minuteState, minutesOf } from "../rules/minutes.ts";
import { causesOf, read } from "../rules/reading.ts";
import { sourceNames } from "../rules/rule.ts";
import { sources } from "../rules/sources.ts";
import { judgeHour } from "../rules/verdict.ts";

const Answer = z.enum(["active", "idle", "unknown"]);

/** What `billing why --json` prints, version 1. */
export const WhyReport = z.strictObject({
  schemaVersion: z.literal(1),
  uid: z.string(),
  slug: z.string(),
  hour: z.string(),
  rule: z.string(),
  /** By the evidence as it is now. */
  verdict: Answer,
  because: z.array(z.enum(sourceNames)),
  uptimeOnly: z.boolean(),
  contradiction: z.boolean(),
  /** What each source says; null where the rule does not count it for this hour. */
  sources: z.record(z.enum(sourceNames), Answer.nullable()),
  /** One character a minute: `A` awake, `e` awake and explained, `u` awake and undecided, `.` asleep, `?` unmeasured, `-` off. */
  minutes: z.string().length(60),
  memory: z.strictObject({ samples: z.int(), highestGB: z.number().nullable(), tunnelSamples: z.int() }),
  logins: z.array(z.string()),
  modelMinutes: z.array(z.string()),
  /** What explains that the instance was awake without anybody using it in this hour. */
  causes: z.array(z.strictObject({ kind: z.string(), from: z.string(), to: z.string() })),
  /** The newest verdict in the ledger; null where no run has judged the hour. */
  ledger: z.strictObject({ verdict: Answer, revision: z.int(), run: z.string(), judgedAt: z.string() }).nullable(),
  posts: z.array(
    z.strictObject({
      identifier: z.string(),
      value: z.int(),
      state: z.string(),
      at: z.string(),
      requestId: z.string().nullable(),
      refusal: z.string().nullable(),
    }),
  ),
  /** What Stripe's summaries hold for the hour; null where Stripe was not asked. */
  stripeHolds: z.number().nullable(),
  /** The closed month that the hour is in; null while it is open. */
  invoice: z.strictObject({ id: z.string(), month: z.string(), line: z.string(), hours: z.int() }).nullable(),
});
export type WhyReport = z.infer<typeof WhyReport>;

/** Throws OperatorError for a tenant that the ledger does not know. */
export async function why(context: Omit<Context, "lease">, slug: string, hour: HourZ): Promise<WhyReport> {
  const tenants = await loadTenants(context.ledger);
  const tenant = tenants.find((one) => one.outputs.slug === slug || one.uid === slug);
  if (!tenant)
    throw new OperatorError(
      `the ledger knows no tenant "${slug}"; it knows ${tenants.map((one) => one.outputs.slug).join(", ") || "none: run `fleet billing run` first"}`,
    );
  const start = hourStart(hour);
  const evidence = evidenceOf(await loadEvidence(context.ledger, tenant.uid, start - dayMs, start + dayMs));
  const reading = read(evidence, context.rule);
  const minutes = minutesOf(reading, start);
  const verdict = judgeHour(reading, hour);
  const stored = (await loadVerdicts(context.ledger, tenant.uid, start, start + hourMs)).get(hour);
  const close = (await loadCloses(context.ledger)).find((one) => one.uid === tenant.uid && one.month === hour.slice(0, 7));
  const tail = context.rule.tailMinutes * minuteMs;
  return {
    schemaVersion: 1,
    uid: tenant.uid,
    slug: tenant.outputs.slug,
    hour,
    rule: context.rule.name,
    verdict: verdict.verdict,
    because: [...verdict.because],
    uptimeOnly: verdict.uptimeOnly,
    contradiction: verdict.contradiction,
    sources: {
      railwayUptime: sources.railwayUptime(reading, minutes) ?? null,
      cloudflareSessions: sources.cloudflareSessions(reading, minutes) ?? null,
      sprintActivity: sources.sprintActivity(reading, minutes) ?? null,
    },
    minutes: Array.from({ length: 60 }, (_, index) => letter(minutes, index)).join(""),
    memory: memoryOf(evidence, start),
    logins: within(evidence.access.logins, start),
    modelMinutes: within(evidence.model.minutes, start),
    causes: causesOf(evidence, context.rule)
      .filter((cause) => cause.to + tail >= start && cause.from < start + hourMs)
      .map((cause) => ({ kind: cause.kind, from: iso(cause.from), to: iso(cause.to) })),
    ledger: stored
      ? { verdict: stored.verdict, revision: stored.revision, run: stored.run, judgedAt: iso(stored.judgedAt) }
      : null,
    posts: (await loadPosts(context.ledger, tenant.uid, start, start + hourMs)).map((post) => ({
      identifier: post.identifier,
      value: post.value,
      state: post.state,
      at: iso(post.intendedAt),
      requestId: post.requestId,
      refusal: post.refusal,
    })),
    stripeHolds: await holds(context, tenant, hour),
    invoice: close
      ? {
          id: close.invoice,
          month: close.month,
          line: `${close.hours} × clock hour with activity = ${close.hoursCents} cents`,
          hours: close.hours,
        }
      : null,
  };
}

/** The same for people. */
export function whyText(report: WhyReport): string {
  const because = report.because.length ? ` because of ${report.because.join(" and ")}` : "";
  const lines = [
    `${report.slug} ${report.hour}: ${report.verdict}${because} (rule ${report.rule})${report.uptimeOnly ? "; nobody was seen" : ""}`,
    `  minutes   ${report.minutes}`,
    "            A awake, e explained, u undecided, . asleep, ? unmeasured, - off",
    ...sourceNames.map((name) => `  ${name.padEnd(18)} ${report.sources[name] ?? "not counted"}`),
    `  memory    ${report.memory.samples} minutes measured, highest ${report.memory.highestGB?.toFixed(3) ?? "-"} GB; tunnel ${report.memory.tunnelSamples}`,
    `  log-ins   ${report.logins.join(" ") || "none"}`,
    `  model     ${report.modelMinutes.length === 0 ? "none" : `${report.modelMinutes.length} minutes: ${spans(report.modelMinutes)}`}`,
    ...causeLines(report.causes),
    `  ledger    ${report.ledger ? `${report.ledger.verdict}, revision ${report.ledger.revision}, run ${report.ledger.run}` : "not judged by a run yet"}`,
    ...report.posts.map(
      (post) =>
        `  post      ${post.identifier} ${post.state} at ${post.at}${post.requestId ? `, request ${post.requestId}` : ""}`,
    ),
    `  Stripe    ${report.stripeHolds === null ? "no customer or not asked" : `holds ${report.stripeHolds} in the meter ${eventName}`}`,
    `  invoice   ${report.invoice ? `${report.invoice.id}: ${report.invoice.line}` : "the month is open"}`,
  ];
  if (report.contradiction) lines.push("  !         somebody was seen while the instance slept: look at it");
  return lines.join("\n");
}

/** Minutes in a row as one span: a sprint makes a call in each of them. */
function spans(times: readonly string[]): string {
  const rows: { from: number; to: number }[] = [];
  for (const time of times) {
    const at = Date.parse(time);
    const last = rows.at(-1);
    if (last && at - last.to <= minuteMs) last.to = at;
    else rows.push({ from: at, to: at });
  }
  return rows.map(({ from, to }) => (from === to ? iso(from) : `${iso(from)} to ${iso(to)}`)).join(", ");
}

/** Moments of one kind on one line, lasting causes on one each. */
function causeLines(causes: WhyReport["causes"]): string[] {
  const moments = Map.groupBy(
    causes.filter(({ from, to }) => from === to),
    ({ kind }) => kind,
  );
  return [
    ...causes.filter(({ from, to }) => from !== to).map(({ kind, from, to }) => `  cause     ${kind} ${from} to ${to}`),
    ...[...moments].map(([kind, of]) => `  cause     ${kind} ${spans(of.map(({ from }) => from).toSorted())}`),
  ];
}

async function holds(context: Omit<Context, "lease">, tenant: LedgerTenant, hour: HourZ): Promise<number | null> {
  if (tenant.customer === undefined) return null;
  const customer = tenant.customer;
  const stripe = context.stripe();
  const meters = await stripe.read("GET /v1/billing/meters", (sdk) => sdk.billing.meters.list({ status: "active", limit: 100 }));
  const meter = meters.data.find((one) => one.event_name === eventName);
  if (!meter) return null;
  const start = hourStart(hour);
  return (await readHours(stripe, { meter: meter.id, customer, from: start, to: start + hourMs })).get(hour) ?? 0;
}

function letter({ states, judged, explained, undecided }: ReturnType<typeof minutesOf>, index: number): string {
  if (!judged[index]) return "-";
  if (states[index] === minuteState.asleep) return ".";
  if (states[index] !== minuteState.awake) return "?";
  return explained[index] ? "e" : undecided[index] ? "u" : "A";
}

function memoryOf({ railway }: TenantEvidence, start: number): WhyReport["memory"] {
  const first = start / minuteMs;
  const values = railway.app.memoryGB.filter((_, index) => inHour(railway.app.minutes[index] ?? 0, first));
  const tunnelSamples = railway.tunnelMinutes.filter((minute) => inHour(minute, first)).length;
  return { samples: values.length, highestGB: values.length ? Math.max(...values) : null, tunnelSamples };
}

function inHour(minute: number, first: number): boolean {
  return minute >= first && minute < first + 60;
}

function within(times: readonly number[], start: number): string[] {
  return times.filter((at) => at >= start && at < start + hourMs).map(iso);
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
