/** The demo from outside, as a user runs it, against hours and cents counted by hand. */
import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { WhyReport } from "../billing/report/why.ts";
import { DemoReport } from "../cli/demo/report.ts";
import { ensureEngine } from "../engine/engine.ts";

const root = resolve(import.meta.dirname, "..");
const run = promisify(execFile);
let folder: string | undefined;
let printed: unknown;
let urls: Record<string, string>;

const fleet = (...args: string[]) => {
  const env = { ...process.env, ...(folder === undefined ? {} : { FLEET_SANDBOX_DIR: folder }) };
  return run(process.execPath, [join(root, "cli", "main.ts"), ...args], { cwd: root, env, maxBuffer: 16 * 1024 * 1024 });
};

beforeAll(async () => {
  await ensureEngine({ env: process.env, root });
  const { stdout, stderr } = await fleet("demo", "--json", "--keep");
  printed = JSON.parse(stdout);
  const said = /FLEET_SANDBOX_DIR="\$PWD\/([^"]+)"/.exec(stderr)?.[1];
  expect(said).toBeDefined();
  folder = join(root, said ?? "");
  urls = z
    .object({ urls: z.record(z.string(), z.string()) })
    .parse(JSON.parse((await fleet("sandbox", "status", "--json")).stdout)).urls;
}, 1_200_000);

afterAll(async () => {
  if (folder === undefined) return;
  await fleet("sandbox", "stop");
  await rm(folder, { recursive: true, force: true });
});

test("every tenant's hours and invoice are those counted by hand, nothing is left to change and nothing to post", () => {
  const report = DemoReport.parse(printed);
  expect(report.tenants.map(({ slug, billableHours, invoiceCents }) => ({ slug, billableHours, invoiceCents }))).toEqual([
    // 02 (a single minute, 02:10), 09, 10, 11 (09:00-11:30), 14 (14:50-14:58; its tail in 15 is free), 23 (23:50-23:58; its tail in December
    // is free) = 6. Not: 00 (our own first deployment, and before the subscription), 18 (only our redeployment at 18:20).
    { slug: "acme", billableHours: 6, invoiceCents: 500 + 6 * 100 },
    // 08 (08:05-08:45), 12, 13 (12:30-13:30) = 3.
    { slug: "birch", billableHours: 3, invoiceCents: 500 + 3 * 100 },
    // Never sleeps: awake and unexplained in each of the 30th's hours, billed in none.
    { slug: "cedar", billableHours: 24, invoiceCents: null },
  ]);
  expect(report).toMatchObject({ secondPreviewChanges: 0, secondRunPosts: 0 });
});

test("Stripe holds exactly these invoices: each subscriber's stub and renewal, paid, and nothing of the exempt tenant", async () => {
  const Invoice = z.looseObject({
    total: z.int(),
    status: z.string(),
    billing_reason: z.string(),
    customer: z.string(),
    lines: z.looseObject({ data: z.array(z.looseObject({ amount: z.int() })) }),
  });
  const state = z.looseObject({
    invoices: z.array(Invoice),
    customers: z.array(z.looseObject({ id: z.string(), metadata: z.record(z.string(), z.string()) })),
  });
  const answer = await fetch(`${urls.stripe}/_sandbox/state`);
  const { invoices, customers } = state.parse(await answer.json());
  expect(customers.map(({ metadata }) => metadata.tenant_uid).toSorted()).toEqual(["tn_7k2m9x4q1c", "tn_b4x8w2n6ty"]);
  const renewals = invoices.filter(({ billing_reason }) => billing_reason === "subscription_cycle");
  expect(renewals.map(({ total, status }) => [total, status]).toSorted()).toEqual([
    [1100, "paid"],
    [800, "paid"],
  ]);
  // Subscribed in the first hour of November's last day: one day of thirty, less the minutes before, rounds to 16 or 17 cents of $5.
  const stubs = invoices.filter(({ billing_reason }) => billing_reason === "subscription_create");
  expect(stubs).toHaveLength(2);
  for (const stub of stubs) expect([16, 17]).toContain(stub.total);
  for (const invoice of invoices) expect(invoice.lines.data.reduce((sum, line) => sum + line.amount, 0)).toBe(invoice.total);
});

test("why tells of each kind of hour what happened in it", async () => {
  const why = async (hour: string) =>
    WhyReport.parse(JSON.parse((await fleet("billing", "why", "acme", hour, "--stack", "sandbox", "--json")).stdout));
  const minute = await why("2026-11-30T02Z");
  expect(minute).toMatchObject({ verdict: "active", stripeHolds: 1, invoice: { hours: 6, month: "2026-11" } });
  const tail = await why("2026-11-30T15Z");
  expect(tail.minutes.startsWith("eee")).toBe(true);
  expect(tail).toMatchObject({ verdict: "idle", stripeHolds: 0 });
  const redeployed = await why("2026-11-30T18Z");
  expect(redeployed.minutes).toContain("e");
  expect(redeployed.minutes).not.toContain("A");
  expect(redeployed.causes.map(({ kind }) => kind)).toContain("deploy");
  expect(redeployed).toMatchObject({ verdict: "idle", stripeHolds: 0 });
  const acrossMonths = await why("2026-12-01T00Z");
  expect(acrossMonths.minutes.startsWith("eee")).toBe(true);
  expect(acrossMonths).toMatchObject({ verdict: "idle", invoice: null });
});
