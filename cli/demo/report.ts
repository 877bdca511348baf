/** What `fleet demo` says in the end: the object of --json, and the same for people. */
import { z } from "zod";
import type { BillingReport, TenantReport } from "../../billing/report/report.ts";
import { exitCode, OperatorError } from "../../domain/error.ts";
import { table } from "../table.ts";

const count = z.int().min(0);
export const VendorCalls = z.strictObject({ railway: count, cloudflare: count, stripe: count, openrouter: count });

/** What `fleet demo --json` prints. */
export const DemoReport = z.strictObject({
  schemaVersion: z.literal(1),
  tenants: z.array(
    z.strictObject({
      slug: z.string(),
      uid: z.string(),
      url: z.url(),
      state: z.string(),
      /** November's: those on the invoice; of an exempt tenant the hours with activity. */
      billableHours: count,
      /** The invoice finalized after the month's end: the new month's flat fee and November's hours; null for an exempt tenant. */
      invoiceCents: count.nullable(),
      /** Of November. */
      costCents: z.int(),
      profitCents: z.int(),
    }),
  ),
  secondPreviewChanges: count,
  secondRunPosts: count,
  /** Requests to each emulated vendor. */
  vendorCalls: VendorCalls,
  /** On the wall. */
  seconds: z.number(),
});
export type DemoReport = z.infer<typeof DemoReport>;

/** The month whose end the demo crosses. */
export const closedMonth = "2026-11";

/** A tenant by the last billing report and the invoice that was closed. */
export function tenantLine(
  tenant: TenantReport,
  url: string | undefined,
  invoice: BillingReport["invoicesFinalized"][number] | undefined,
): DemoReport["tenants"][number] {
  const month = tenant.months.find((one) => one.month === closedMonth);
  if (!month?.money || !url)
    throw new OperatorError(`billing knows nothing of ${tenant.slug} in ${closedMonth}`, exitCode.failed);
  if (!invoice && tenant.exempt === null)
    throw new OperatorError(
      `${tenant.slug}'s invoice of ${closedMonth} was not closed: ${tenant.problems.join("; ")}`,
      exitCode.failed,
    );
  return {
    slug: tenant.slug,
    uid: tenant.uid,
    url,
    state: tenant.exempt === null ? tenant.state : `${tenant.state}, exempt`,
    billableHours: invoice ? invoice.hours : month.activeHours,
    invoiceCents: invoice?.totalCents ?? null,
    costCents: month.money.costCents,
    profitCents: month.money.profitCents,
  };
}

export function summary(report: DemoReport, why: string): string {
  const dollars = (cents: number | null) => (cents === null ? "-" : (cents / 100).toFixed(2));
  const rows = report.tenants.map((tenant) => [
    ...[tenant.slug, tenant.url, tenant.state, String(tenant.billableHours)],
    ...[tenant.invoiceCents, tenant.costCents, tenant.profitCents].map(dollars),
  ]);
  const { railway, cloudflare, stripe, openrouter } = report.vendorCalls;
  return [
    "",
    table(["tenant", "url", "state", "active hours", "invoice $", "cost $", "profit $"], rows),
    "(hours, cost and profit of November; the invoice of 1 December is December's flat fee and November's hours)",
    "",
    why.trimEnd(),
    "",
    `second preview: ${report.secondPreviewChanges} changes; second billing run: ${report.secondRunPosts} posts`,
    `requests: railway ${railway}, cloudflare ${cloudflare}, stripe ${stripe}, openrouter ${openrouter}; ${report.seconds} s`,
  ].join("\n");
}

export function whatToTry(folder: string): string {
  return [
    "the sandbox goes on running; try:",
    `  export FLEET_SANDBOX_DIR="$PWD/${folder}"`,
    "  ./fleet sandbox status",
    '  eval "$(./fleet env sandbox)"',
    "  pulumi preview",
    "  ./fleet sandbox use birch --hours 2 && ./fleet sandbox clock --advanceSeconds 10800",
    "  ./fleet billing plan",
    "  ./fleet billing why acme 2026-11-30T02Z",
    "  ./fleet sandbox stop",
  ].join("\n");
}
