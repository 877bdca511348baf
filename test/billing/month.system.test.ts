import { afterEach, beforeEach, expect, test } from "vitest";
import { makeSetupLink } from "../../billing/account/cards.ts";
import { setUpCatalogue } from "../../billing/account/catalogue.ts";
import { BillingReport, type MonthMoney } from "../../billing/report/report.ts";
import { reportText } from "../../billing/report/text.ts";
import { why } from "../../billing/report/why.ts";
import { parseHour } from "../../domain/hour.ts";
import type { TenantOutput } from "../../infra/outputs.ts";
import { type BillingWorld, billingWorld, deployment, tenantOutput } from "./world.ts";

const acme = "tn_aaaaaaaaaa";
const demo = "tn_bbbbbbbbbb";
let world: BillingWorld;

beforeEach(async () => {
  world = await billingWorld("2026-11-30T00:20:00Z", {
    [acme]: tenantOutput("acme"),
    [demo]: tenantOutput("demo", "internal demo"),
  });
  const first = deployment("2026-11-30T00:10:00Z", "2026-11-30T00:12:00Z");
  const later = deployment("2026-11-30T05:00:00Z", "2026-11-30T05:02:00Z");
  world.days.set("acme", {
    awake: [
      ["2026-11-30T00:10Z", "2026-11-30T00:22Z"],
      ["2026-11-30T02:10Z", "2026-11-30T02:25Z"], // a log-in: 02Z
      ["2026-11-30T03:40Z", "2026-11-30T03:41Z"], // one minute that nobody explains: 03Z
      ["2026-11-30T05:00Z", "2026-11-30T05:12Z"], // only our deployment: not billed
      ["2026-11-30T08:58Z", "2026-11-30T09:10Z"], // a log-in at 08:58: 08Z, its tail in 09Z is not billed
      ["2026-11-30T23:55Z", "2026-12-01T00:06Z"], // across the month's end: 23Z, its tail is not December's
      ["2026-12-01T02:30Z", "2026-12-01T02:45Z"], // model use: December's 02Z
    ],
    logins: ["2026-11-30T02:10:30Z", "2026-11-30T08:58:10Z", "2026-11-30T23:55:05Z"],
    model: ["2026-12-01T02:31:00Z"],
    deployments: [first, later],
  });
  world.days.set("demo", { awake: [["2026-11-30T04:00Z", "2026-11-30T04:30Z"]], logins: [], model: [], deployments: [first] });
  const context = await world.context();
  const made = await setUpCatalogue(context.stripe(), [...context.plans.values()]);
  expect(made.map((part) => part.made)).toEqual([true, true, true]);
  expect((await setUpCatalogue(context.stripe(), [...context.plans.values()])).map((part) => part.made)).toEqual([
    false,
    false,
    false,
  ]);
  await context.release();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

/** The customer is made by the first run; then the tenant gives a card on Stripe's page, and the second run subscribes. */
async function giveCardAndSubscribe(): Promise<string> {
  const { report } = await world.run();
  const customer = report.tenants.find((tenant) => tenant.slug === "acme")?.customer ?? "";
  const context = await world.context();
  const session = await makeSetupLink(context.stripe(), {
    customer,
    uid: acme,
    returnUrl: "https://acme.example.test",
    currency: "usd",
    run: "l",
  });
  await context.release();
  const saved = await fetch(session.url ?? "", {
    method: "POST",
    body: new URLSearchParams({ payment_method: "pm_card_visa" }),
    redirect: "manual",
  });
  expect(saved.status).toBeLessThan(400);
  world.server.until("2026-11-30T00:30:00Z");
  await world.run();
  return customer;
}

test("a month's hours and cents on the invoice are those counted by hand, and a second run posts nothing", async () => {
  const customer = await giveCardAndSubscribe();
  world.server.until("2026-11-30T12:00:00Z");
  const noon = await world.run();
  expect(noon.report.tenants.map((tenant) => tenant.problems)).toEqual([[], []]);
  expect(noon.report.tenants[0]?.posts).toEqual([2, 3, 8].map((hour) => ({ hour: `2026-11-30T0${hour}Z`, value: 1 })));
  expect((await world.run()).report.posts).toBe(0);

  world.server.until("2026-12-01T00:20:00Z");
  const close = await world.run();
  expect(close.report.posts).toBe(1);
  expect(close.report.invoicesFinalized).toMatchObject([
    { slug: "acme", month: "2026-11", hours: 4, hoursCents: 400, totalCents: 900, unknownHours: 0, note: null },
  ]);
  const again = await world.run();
  const money = again.report.tenants.map((tenant) => tenant.months[0]?.money);
  expect(money).toMatchObject(november);
  expect(money.map(itemsOf)).toEqual(novemberCosts);
  expect(BillingReport.parse(JSON.parse(JSON.stringify(again.report)))).toEqual(again.report);
  expect(reportText(again.report)).toMatch(/acme +2026-11 +4 +\$9\.00 +\$4\.16 +\$0\.59 +\$3\.57 +\$0\.02 +\$4\.14/);
  expect([again.report.posts, again.report.invoicesFinalized]).toEqual([0, []]);
  expect(again.problems).toBe(0);

  world.server.until("2026-12-01T04:00:00Z");
  const december = await world.run();
  expect(december.report.tenants[0]?.posts).toEqual([{ hour: "2026-12-01T02Z", value: 1 }]);
  // December so far: its flat fee, one hour, what the model cost by OpenRouter's own count, and the renewal that is to come.
  const sofar = december.report.tenants[0]?.months[1]?.money;
  expect(sofar?.revenue).toEqual({ flatCents: 500, hoursCents: 100, totalCents: 600, closed: false, invoice: null });
  expect(itemsOf(sofar)).toMatchObject({ modelUsage: 12_300, stripeCard: 474_000 }); // $0.174 + $0.30
  const { data } = await world.server.stripe.invoices.list({ customer });
  expect(data.map((invoice) => [invoice.billing_reason, invoice.status, invoice.total])).toEqual([
    ["subscription_cycle", "paid", 900],
    ["subscription_create", "paid", 16],
  ]);
});

test("an exempt tenant has its hours and nothing at Stripe", async () => {
  await giveCardAndSubscribe();
  world.server.until("2026-11-30T12:00:00Z");
  const { report } = await world.run();
  const tenant = report.tenants.find((one) => one.slug === "demo");
  expect(tenant).toMatchObject({ exempt: "internal demo", customer: null, subscription: null, posts: [] });
  expect(tenant?.months).toMatchObject([{ month: "2026-11", activeHours: 1, billableHours: 0, hoursCents: 0 }]);
  expect((await world.server.stripe.customers.list()).data.length).toBe(1);
});

test("the invoice waits while an hour is unknown, and closes with it once its evidence is there", async () => {
  await giveCardAndSubscribe();
  world.down.add("railway");
  world.server.until("2026-12-01T00:20:00Z");
  const blind = await world.run();
  expect(blind.problems).toBeGreaterThan(0);
  expect(blind.report.invoicesFinalized).toEqual([]);
  expect(blind.report.open[0]?.note).toContain("unknown");
  expect(blind.report.posts).toBe(3); // The log-ins alone prove 02Z, 08Z and 23Z.
  world.down.clear();
  world.server.until("2026-12-01T01:20:00Z");
  expect((await world.run()).report.invoicesFinalized).toMatchObject([{ hours: 4, totalCents: 900 }]);
});

test("a month that Stripe's timer made final while nothing ran is closed as it was billed, and said once", async () => {
  const customer = await giveCardAndSubscribe();
  world.server.until("2026-11-30T07:00:00Z");
  await world.run(); // 02Z and 03Z; 08Z and 23Z come too late.
  world.server.until("2026-12-05T00:20:00Z");
  const late = await world.run();
  expect(late.report.invoicesFinalized).toMatchObject([{ month: "2026-11", hours: 2, totalCents: 700 }]);
  expect(late.report.tenants[0]?.problems.join()).toContain("2 hours of the ledger are not on it");
  const again = await world.run();
  expect([again.problems, again.report.posts, again.report.invoicesFinalized]).toEqual([0, 0, []]);
  const { data } = await world.server.stripe.invoices.list({ customer });
  expect(data.map((invoice) => invoice.total)).toEqual([700, 16]);
});

test("a tenant that is active again before its last invoice is closed loses no hour and is subscribed after it", async () => {
  const customer = await giveCardAndSubscribe();
  const tenant = tenantOutput("acme");
  world.outputs.tenants[acme] = { ...tenant, state: "suspended" };
  world.server.until("2026-11-30T12:00:00Z");
  await world.run();
  world.outputs.tenants[acme] = tenant;
  world.server.until("2026-12-01T00:20:00Z");
  expect((await world.run()).report.invoicesFinalized).toMatchObject([{ month: "2026-11", hours: 3, totalCents: 300 }]);
  world.server.until("2026-12-01T01:20:00Z");
  expect((await world.run()).problems).toBe(0);
  const { data } = await world.server.stripe.subscriptions.list({ customer, status: "all" });
  expect(data.map((one) => one.status)).toEqual(["active", "canceled"]);
});

test("suspended, brought back, offboarded and removed: only hours of use are billed, to the minute of each change, and no fee of a month to come", async () => {
  const customer = await giveCardAndSubscribe();
  const acmeIs = (state: TenantOutput["state"]) => {
    world.outputs.tenants[acme] = { ...tenantOutput("acme"), state };
  };
  const runAt = async (time: string) => {
    world.server.until(`2026-${time}:00Z`);
    const { report, problems } = await world.run();
    expect(problems).toBe(0);
    return report;
  };
  const ends = async () => {
    const { data } = await world.server.stripe.subscriptions.list({ customer, status: "all" });
    return data.map((one) => one.cancel_at_period_end);
  };
  const made = deployment("2026-11-30T00:10:00Z", "2026-11-30T00:12:00Z");
  const deployments = [made];
  const stop = (updatedAt: string) => deployments.push({ ...(deployments.pop() ?? made), updatedAt, deploymentStopped: true });
  world.days.set("acme", {
    awake: [
      ["2026-11-30T02:10Z", "2026-11-30T02:25Z"], // a log-in: 02Z
      ["2026-11-30T06:28Z", "2026-11-30T06:30Z"], // two minutes before it is stopped that nobody explains: 06Z
      ["2026-11-30T11:40Z", "2026-11-30T11:55Z"], // ten minutes after it was brought back, a log-in: 11Z
      ["2026-11-30T14:05Z", "2026-11-30T14:10Z"], // a log-in in the last hour: 14Z
    ],
    logins: ["2026-11-30T02:10:30Z", "2026-11-30T11:40:20Z", "2026-11-30T14:05:10Z"],
    model: [],
    deployments,
    stopped: [
      ["2026-11-30T06:30Z", "2026-11-30T11:31Z"],
      ["2026-11-30T14:10Z", "2026-12-31T00:00Z"],
    ],
  });
  await runAt("11-30T06:20");
  stop("2026-11-30T06:30:20Z");
  acmeIs("suspended");
  expect((await runAt("11-30T08:20")).posts).toBe(1); // 06Z; 02Z was posted at 06:20.
  expect(await ends()).toEqual([true]);
  await runAt("11-30T11:20");
  deployments.push(deployment("2026-11-30T11:30:10Z", "2026-11-30T11:31:00Z"));
  acmeIs("active");
  // Nobody looked for hours after it was brought back.
  await runAt("11-30T13:50");
  expect(await ends()).toEqual([false]);
  stop("2026-11-30T14:10:20Z");
  acmeIs("offboarding");
  await runAt("11-30T16:20");
  expect(await ends()).toEqual([true]);
  Reflect.deleteProperty(world.outputs.tenants, acme);
  await runAt("11-30T20:20");

  const last = await runAt("12-01T00:20");
  expect(last.invoicesFinalized).toMatchObject([
    { slug: "acme", month: "2026-11", hours: 4, hoursCents: 400, totalCents: 400, unknownHours: 0, note: null },
  ]);
  expect(last.open).toEqual([]);
  const { data } = await world.server.stripe.invoices.list({ customer });
  expect(data.map((invoice) => [invoice.billing_reason, invoice.total])).toEqual([
    ["subscription_cycle", 400],
    ["subscription_create", 16],
  ]);
});

test("a tenant whose subscription a person cancelled within a month is subscribed again by the next run", async () => {
  const customer = await giveCardAndSubscribe();
  const { stripe } = world.server;
  const [running] = (await stripe.subscriptions.list({ customer })).data;
  await stripe.subscriptions.cancel(running?.id ?? "");
  world.server.until("2026-11-30T02:20:00Z");
  expect((await world.run()).problems).toBe(0);
  expect((await stripe.subscriptions.list({ customer })).data.map((one) => one.id === running?.id)).toEqual([false]);
});

test.each([
  ["a day", "2026-12-02T00:20:00Z"],
  ["ten days", "2026-12-11T00:20:00Z"],
])(
  "a tenant that left the stack gets its last invoice from a run that comes %s later, and is then no alarm",
  async (_, later) => {
    await giveCardAndSubscribe();
    world.server.until("2026-11-30T12:00:00Z");
    await world.run();
    Reflect.deleteProperty(world.outputs.tenants, acme);
    world.server.until("2026-11-30T13:00:00Z");
    expect((await world.run()).problems).toBe(0);
    world.server.until(later);
    const last = await world.run();
    expect(last.report.invoicesFinalized).toMatchObject([{ month: "2026-11", hours: 3, totalCents: 300 }]);
    expect([last.problems, last.report.open]).toEqual([0, []]);
    world.server.until("2027-02-20T00:20:00Z");
    const gone = await world.run();
    expect([gone.problems, gone.report.tenants.map((tenant) => tenant.slug)]).toEqual([0, ["demo"]]);
  },
);

test("a run that dies between any two of its calls to Stripe is healed by running again", async () => {
  const customer = await giveCardAndSubscribe();
  world.server.until("2026-12-01T00:20:00Z");
  const real = globalThis.fetch;
  try {
    for (let call = 1; ; call++) {
      let count = 0;
      let died = false;
      globalThis.fetch = async (...args) => {
        if (died) throw new Error("dead");
        const answer = await real(...args);
        // Every other death is before the answer is read: the work is done and nobody knows.
        died = ++count >= call;
        return died && call % 2 ? Promise.reject(new Error("killed")) : answer;
      };
      await world.run().catch(() => undefined);
      if (count < call) break;
    }
  } finally {
    globalThis.fetch = real;
  }
  await world.run();
  const { data } = await world.server.stripe.invoices.list({ customer });
  expect(data.map((invoice) => [invoice.billing_reason, invoice.total, invoice.auto_advance])).toEqual([
    ["subscription_cycle", 900, true],
    ["subscription_create", 16, expect.any(Boolean)],
  ]);
  expect((await world.server.stripe.subscriptions.list({ status: "all" })).data.length).toBe(1);
});

test("an hour that evidence takes back is posted as 0, and `why` tells the whole story", async () => {
  await giveCardAndSubscribe();
  world.server.until("2026-11-30T12:00:00Z");
  await world.run();
  const context = await world.context();
  const hour = parseHour("2026-11-30T03Z");
  if (!hour) throw new Error("no hour");
  const report = await why(context, "acme", hour);
  expect(report).toMatchObject({
    verdict: "active",
    because: ["railwayUptime"],
    uptimeOnly: true,
    stripeHolds: 1,
    invoice: null,
  });
  expect(report.minutes).toBe(`${".".repeat(40)}A${".".repeat(19)}`);
  expect(report.posts).toMatchObject([{ value: 1, state: "confirmed" }]);
  // A deployment that was not known before explains the minute.
  const { addEvidence } = await import("../../billing/ledger/evidence.ts");
  const span = { from: Date.parse("2026-11-30T03:39Z"), to: Date.parse("2026-11-30T03:41Z") };
  await context.lease.write((tx) => addEvidence(tx, acme as never, [{ source: "ours", kind: "incident", ...span }], 0));
  await context.release();
  world.server.until("2026-11-30T13:00:00Z");
  expect((await world.run()).report.tenants[0]?.posts).toEqual([{ hour: "2026-11-30T03Z", value: 0 }]);
  const after = await world.context();
  expect(await why(after, "acme", hour)).toMatchObject({ verdict: "idle", stripeHolds: 0, ledger: { revision: 1 } });
  await after.release();
});

test("hours that stay unknown for 34 days are written off once, reported, and never billed", async () => {
  await giveCardAndSubscribe();
  for (const vendor of ["railway", "access", "model"] as const) world.down.add(vendor);
  world.server.until("2026-11-30T12:00:00Z");
  expect((await world.run()).report.tenants[0]?.months).toMatchObject([{ unknownHours: 11 }]);
  world.server.until("2027-01-03T12:30:00Z");
  const late = await world.run();
  const lost = late.report.tenants[0]?.writtenOff ?? [];
  expect(lost.length).toBeGreaterThan(0);
  expect(late.report.posts).toBe(0);
  expect((await world.run()).report.tenants[0]?.writtenOff).toEqual([]);
});

/** Items with what they cost in millionths of a dollar; those of 0 left out. */
function itemsOf(money: MonthMoney | null | undefined) {
  return Object.fromEntries(
    (money?.costs ?? []).filter((line) => line.amountMicros > 0).map((line) => [line.item, line.amountMicros]),
  );
}

/** Counted by hand, for acme and for demo, which both exist from 00:10 on: 1,430 minutes. */
const november = [
  {
    existedMinutes: 1_430,
    // The first day's flat fee is on the first invoice; the 900 cents of the renewal are 400 for the hours and 500 for December.
    revenue: { flatCents: 16, hoursCents: 400, totalCents: 416, closed: true, invoice: { totalCents: 900 } },
    prices: "list-2026-08",
    costMicros: 588_183,
    costCents: 59,
    profitMicros: 3_571_817,
    profitCents: 357,
    planned: { prices: "plan-2026-01", costMicros: 24_000, costCents: 2, profitCents: 414 }, // 4 active hours of $0.006
  },
  {
    existedMinutes: 1_430,
    revenue: null,
    costMicros: 135_678,
    profitCents: -14,
    planned: { costMicros: 6_000, profitMicros: -6_000 },
  },
];
const novemberCosts = [
  {
    // 12 + 15 + 1 + 12 + 12 + 5 = 57 minutes awake in November: 57 × 0.4 GB × $0.000231 = $0.005267, and 57 × 0.02 vCPU × $0.000463 = $0.000528.
    railwayApp: 5_795,
    railwayTunnel: 132_132, // 1,430 × 0.4 GB × $0.000231
    railwayVolume: 496, // 1,430 × 0.1 GB × $0.000003472
    stripeCard: 420_640, // 2.9 % of $4.16, and one charge: the first invoice's 16 cents are below the least charge and go to the balance
    stripeBilling: 29_120, // 0.7 % of $4.16
  },
  // 30 minutes awake: 30 × 0.4 × $0.000231 = $0.002772, and 30 × 0.02 × $0.000463 = $0.000278.
  { railwayApp: 3_050, railwayTunnel: 132_132, railwayVolume: 496 },
];
