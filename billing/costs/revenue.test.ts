import { expect, test } from "vitest";
import type { InvoiceView } from "../account/invoices.ts";
import { revenueOf } from "./revenue.ts";

const flat = (month: string, amountCents: number) => ({ month, amountCents, isHours: false });
const hours = (month: string, amountCents: number) => ({ month, amountCents, isHours: true });
const invoice = (id: string, totalCents: number, lines: InvoiceView["lines"], dueCents = totalCents): InvoiceView => ({
  id,
  customer: "cus_1",
  totalCents,
  dueCents,
  lines,
});

/** A tenant from the middle of October on: 12 hours in October, 40 in November. */
const invoices = [
  invoice("first", 250, [flat("2026-10", 250), hours("2026-10", 0)]),
  invoice("october", 1_700, [hours("2026-10", 1_200), flat("2026-11", 500)]),
  invoice("november", 4_500, [hours("2026-11", 4_000), flat("2026-12", 500)]),
];
const ask = (month: string, some: readonly InvoiceView[], close?: string, openHoursCents = 0) => {
  const view = some.find((one) => one.id === close);
  const closed = view && {
    invoice: view.id,
    totalCents: view.totalCents,
    hoursCents: view.lines.find((line) => line.isHours)?.amountCents ?? 0,
  };
  return revenueOf({ month, invoices: some, close: closed, renews: true, openHoursCents });
};

test("a month's revenue is its own flat fee and its own hours, from two invoices", () => {
  expect(ask("2026-10", invoices, "october")).toMatchObject({ flatCents: 250, hoursCents: 1_200, totalCents: 1_450 });
  expect(ask("2026-11", invoices, "november")).toEqual({
    flatCents: 500,
    hoursCents: 4_000,
    totalCents: 4_500,
    charges: 1,
    closed: true,
    invoice: { id: "november", totalCents: 4_500 },
  });
  const all = ["2026-10", "2026-11", "2026-12"].map((month) => ask(month, invoices, undefined, 0).flatCents);
  expect(all).toEqual([250, 500, 500]);
});

test("every charge is counted once: the first invoice's and the renewal's for the first month, then one renewal a month", () => {
  expect(ask("2026-10", invoices, "october").charges).toBe(2);
  const small = [invoice("first", 16, [flat("2026-10", 16)], 0), ...invoices.slice(1)];
  expect(ask("2026-10", small, "october").charges).toBe(1);
});

test("an open month has the hours of the evidence and the charge that is to come; a month before the subscription has nothing", () => {
  const before = invoices.slice(0, 2);
  expect(ask("2026-11", before, undefined, 700)).toMatchObject({ totalCents: 1_200, charges: 1, closed: false, invoice: null });
  const draft = ask("2026-11", invoices, undefined, 4_000);
  expect(draft).toMatchObject({ totalCents: 4_500, charges: 1, closed: false, invoice: { id: "november" } });
  expect(ask("2026-09", before)).toMatchObject({ totalCents: 0, charges: 0 });
});
