/** A billing report for people: what happened or would happen, tenant by tenant, in hours and money. */
import { formatMoney, usdFromCents } from "../../domain/money.ts";
import type { BillingReport, TenantReport } from "./report.ts";

export function reportText(report: BillingReport): string {
  const planned = report.command === "plan";
  const rows = report.tenants.flatMap(rowsOf);
  const head = [
    "tenant",
    "month",
    "active",
    "billable",
    "unknown",
    "uptime only",
    "hours $",
    `by ${report.comparedRule}`,
    planned ? "to post" : "posted",
  ];
  const lines = [table(head, rows), "", ...moneyLines(report)];
  for (const tenant of report.tenants) {
    if (tenant.exempt !== null) lines.push(`  ${tenant.slug}: never billed (${tenant.exempt})`);
    for (const action of tenant.actions) lines.push(`${planned ? "~" : " "} ${tenant.slug}: ${action}`);
    if (planned)
      for (const post of tenant.posts)
        lines.push(`${post.value ? "+" : "-"} ${tenant.slug} ${post.hour}: meter ${post.value ? "0 → 1" : "1 → 0"}`);
    if (tenant.inFlight) lines.push(`  ${tenant.slug}: ${tenant.inFlight} posts are not in Stripe's summaries yet`);
    if (tenant.waiting)
      lines.push(`  ${tenant.slug}: ${tenant.waiting} hours wait, another value was posted less than 15 minutes ago`);
    if (tenant.late.length) lines.push(`! ${tenant.slug}: evidence came after the close for ${tenant.late.join(", ")}`);
    if (tenant.writtenOff.length)
      lines.push(`! ${tenant.slug}: written off, unknown for 34 days: ${tenant.writtenOff.join(", ")}`);
  }
  for (const close of report.invoicesFinalized)
    lines.push(
      `  ${close.slug}: ${close.month} closed, ${close.invoice}, ${close.hours} hours, ${money(close.totalCents)}${close.note ? ` (${close.note})` : ""}`,
    );
  for (const open of report.open) lines.push(`  ${open.slug}: ${open.month} stays open, ${open.invoice}: ${open.note}`);
  const problems = [...report.problems, ...report.tenants.flatMap((tenant) => tenant.problems)];
  for (const problem of problems) lines.push(`! ${problem}`);
  if (lines.some((line) => line.startsWith("! "))) lines.push(`  what to do about a line with !: ${runbook}`);
  lines.push(
    `${planned ? "Plan" : "Run"} ${report.run}: ${report.posts} hours ${planned ? "to post" : "posted"}, ${report.invoicesFinalized.length} invoices finalized,`,
    `  ${report.activeHours} active hours by ${report.rule} (${report.comparedHours} by ${report.comparedRule}), ${problems.length} problems`,
  );
  return lines.join("\n");
}

const runbook = "docs/runbooks/billing-problem-of-a-tenant.md";

/** Two prices for the same months: the vendors' lists, and what the plan of January 2026 counted. */
function moneyLines(report: BillingReport): string[] {
  const months = report.tenants.flatMap((tenant) => tenant.months.map((month) => ({ tenant, month })));
  const rows = months.flatMap(({ tenant, month: { money: sums, month, activeHours, billableHours } }) => {
    if (sums === null) return [];
    const { revenue, planned } = sums;
    return [
      [
        tenant.slug,
        revenue === null || revenue.closed ? month : `${month} (open)`,
        String(tenant.exempt === null ? billableHours : activeHours),
        revenue?.invoice ? money(revenue.invoice.totalCents) : "-",
        revenue ? money(revenue.totalCents) : "-",
        money(sums.costCents),
        money(sums.profitCents),
        money(planned.costCents),
        money(planned.profitCents),
      ],
    ];
  });
  if (rows.length === 0) return [];
  const head = ["tenant", "month", "hours", "invoice", "pays", "costs", "profit", "costs by plan", "profit by plan"];
  return [
    table(head, rows),
    "  pays: the month's hours and its own flat fee; the invoice has the next month's flat fee instead. By plan: without what the business",
    "  plan left out (memory while nobody works, tunnel, storage, Stripe's fees, model usage). Processor, storage and egress are not measured.",
    "",
  ];
}

function rowsOf(tenant: TenantReport): string[][] {
  const none = [tenant.slug, "-", "0", "0", "0", "0", "$0.00", "0", String(tenant.posts.length)];
  const rows = tenant.months.map((month) => [
    tenant.slug,
    month.month,
    String(month.activeHours),
    tenant.exempt === null ? String(month.billableHours) : "exempt",
    String(month.unknownHours),
    String(month.uptimeOnlyHours),
    money(month.hoursCents),
    String(month.comparedHours),
    String(tenant.posts.filter((post) => post.hour.startsWith(month.month)).length),
  ]);
  return rows.length ? rows : [none];
}

function money(cents: number): string {
  return formatMoney(usdFromCents(cents));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ");
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("\n");
}
