import { describe, expect, test } from "vitest";
import { formatMoney, type Money, usd, usdFromCents } from "../../domain/money.ts";
import { costOfMonth, type MonthUse, memoryUse, profit, totalCost } from "./cost.ts";
import { listPricesOf, loadPrices, plannedPricesName } from "./prices.ts";

const list = listPricesOf("2026-11");
const plan = loadPrices(plannedPricesName);
const monthMinutes = 43_200;

/** A tenant that exists and does nothing; nothing of it is measured but what is given. */
function use(some: Partial<MonthUse> = {}): MonthUse {
  return {
    minutes: monthMinutes,
    activeHours: 0,
    app: { memoryGBMinutes: 0, vCPUMinutes: 0, awakeMinutes: 0 },
    tunnel: undefined,
    volumeGBMinutes: undefined,
    egressGB: 0,
    seats: { own: 1, before: 0, account: 1 },
    model: usdFromCents(0),
    paid: { cents: 0, charges: 0 },
    ...some,
  };
}

const beyondFree = { own: 1, before: 50, account: 51 };
const amounts = (money: MonthUse, prices = list) =>
  Object.fromEntries(costOfMonth(money, prices).map(({ item, amount }) => [item, amount]));

describe("the plan's own profit table", () => {
  test("users 1-50: $5.00 a month", () => {
    expect(profit(500, costOfMonth(use({ paid: { cents: 500, charges: 1 } }), plan))).toEqual(usd("5.00"));
  });

  test("users 51 and beyond: -$2.00 a month", () => {
    expect(profit(500, costOfMonth(use({ paid: { cents: 500, charges: 1 }, seats: beyondFree }), plan))).toEqual(usd("-2.00"));
  });

  test("$0.994 for each active hour", () => {
    expect(profit(100, costOfMonth(use({ activeHours: 1 }), plan))).toEqual(usd("0.994"));
  });

  test("beyond 50 users, three hours are needed where the plan says about two", () => {
    const withHours = (activeHours: number) =>
      profit(500 + activeHours * 100, costOfMonth(use({ activeHours, seats: beyondFree }), plan));
    expect([withHours(2), withHours(3)].map((money) => money.amountMicros > 0n)).toEqual([false, true]);
  });
});

describe("what the plan left out", () => {
  test("an idle tenant that sleeps leaves $4.11 of $5.00: Stripe, the tunnel and storage", () => {
    const lines = costOfMonth(use({ paid: { cents: 500, charges: 1 } }), list);
    expect(lines.filter(({ amount }) => amount.amountMicros > 0n).map(({ item, amount }) => [item, amount])).toEqual([
      ["railwayTunnel", usd("0.399168")],
      ["railwayVolume", usd("0.014999")],
      ["stripeCard", usd("0.445")],
      ["stripeBilling", usd("0.035")],
    ]);
    expect(profit(500, lines)).toEqual(usd("4.105833"));
  });

  test("half a gigabyte that never sleeps for 730 hours costs more than the flat fee", () => {
    const minutes = 730 * 60;
    const app = { memoryGBMinutes: 0.5 * minutes, vCPUMinutes: 0.02 * minutes, awakeMinutes: minutes };
    const { railwayApp } = amounts(use({ app }));
    expect(railwayApp && formatMoney(railwayApp)).toBe("$5.46");
    expect(profit(500, costOfMonth(use({ app, paid: { cents: 500, charges: 1 } }), list)).amountMicros).toBeLessThan(0n);
  });

  test("what the tenant's model key spent is ours to pay", () => {
    expect(amounts(use({ model: usd("19.99") })).modelUsage).toEqual(usd("19.99"));
    expect(amounts(use({ model: usd("19.99") }), plan).modelUsage).toEqual(usd("0"));
  });
});

test.each([
  [500, "$0.48"],
  [1_000, "$0.66"],
  [4_500, "$1.92"],
  [16_500, "$6.24"],
  [74_900, "$27.26"],
])("Stripe takes of a charge of %i cents %s", (cents, fees) => {
  const { stripeCard, stripeBilling } = amounts(use({ paid: { cents: cents, charges: 1 } }));
  expect(formatMoney(sum(stripeCard, stripeBilling))).toBe(fees);
});

test("two charges have two fixed fees, and nothing charged has none", () => {
  expect(amounts(use({ paid: { cents: 1_000, charges: 2 } })).stripeCard).toEqual(usd("0.89"));
  expect(amounts(use({ paid: { cents: -500, charges: 0 } })).stripeCard).toEqual(usd("0"));
});

describe("seats", () => {
  const seats = (own: number, before: number, account: number, allSeatsChargedBeyondFree = false) =>
    amounts(use({ seats: { own, before, account } }), { ...list, cloudflare: { ...list.cloudflare, allSeatsChargedBeyondFree } })
      .cloudflareSeats;

  test("50 are free, the tenant that crosses them pays the seats beyond", () => {
    expect([seats(50, 0, 50), seats(3, 48, 51), seats(2, 51, 53)]).toEqual([usd("0"), usd("7"), usd("14")]);
  });

  test("with the switch all seats are charged from the 51st on", () => {
    expect([seats(50, 0, 50, true), seats(50, 0, 51, true), seats(1, 50, 51, true)]).toEqual([usd("0"), usd("350"), usd("7")]);
  });
});

test("what was measured is not estimated, and says so", () => {
  const tunnel = { memoryGBMinutes: 0.05 * monthMinutes, vCPUMinutes: 1, unmeasuredMinutes: 0 };
  const measured = costOfMonth(use({ tunnel, volumeGBMinutes: monthMinutes }), list);
  expect(measured.filter((line) => line.estimated)).toEqual([]);
  expect(totalCost(measured)).toEqual(usd("0.649413"));
  const guessed = costOfMonth(use({ app: { memoryGBMinutes: 30, vCPUMinutes: undefined, awakeMinutes: 60 } }), list);
  expect(guessed.filter((line) => line.estimated).map((line) => line.item)).toEqual([
    "railwayApp",
    "railwayTunnel",
    "railwayVolume",
  ]);
});

test("memory is counted once a minute, the highest sample, within the span", () => {
  const samples = [
    [0, 9],
    [60, 0.4],
    [90, 0.5],
    [120, 0.01],
    [180, 9],
  ] as const;
  expect(memoryUse(samples, 60_000, 180_000, 0.01)).toEqual({ memoryGBMinutes: 0.51, awakeMinutes: 1 });
});

test("prices are those of the month, and the oldest before that", () => {
  expect([listPricesOf("2026-08").name, listPricesOf("2031-01").name, listPricesOf("2026-01").name]).toEqual(
    Array(3).fill("list-2026-08"),
  );
  expect(() => loadPrices("../rules/fleet-2026-11")).toThrow("there are no prices");
});

function sum(...parts: (Money | undefined)[]): Money {
  return { amountMicros: parts.reduce((total, part) => total + (part?.amountMicros ?? 0n), 0n), currency: "usd" };
}
