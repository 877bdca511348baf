import type { EmulatorContext } from "../emulator.ts";
import { BalanceTransaction } from "./balance.ts";
import { CheckoutSession } from "./checkout.ts";
import { CreditNote } from "./credit-notes.ts";
import { Customer } from "./customers.ts";
import { SnapshotEvent } from "./events.ts";
import { makeId } from "./ids.ts";
import { InvoiceItem } from "./invoice-items.ts";
import { InvoicePayment } from "./invoice-payments.ts";
import { Invoice } from "./invoices.ts";
import { Agenda, type JobKind } from "./jobs.ts";
import { Adjustment } from "./meter-adjustments.ts";
import { ErrorWindow } from "./meter-errors.ts";
import { MeterEvent } from "./meter-events.ts";
import { Meter } from "./meters.ts";
import { PaymentMethod } from "./payment-methods.ts";
import { PortalConfiguration, PortalSession } from "./portal.ts";
import { Price } from "./prices.ts";
import { Product } from "./products.ts";
import { missing } from "./refusal.ts";
import { defaultSettings, type Settings } from "./settings.ts";
import { SetupIntent } from "./setup-intents.ts";
import { Shelf } from "./shelf.ts";
import { Subscription } from "./subscriptions.ts";
import { TestClock } from "./test-clocks.ts";
import { ThinEvent } from "./thin-events.ts";
import { UsageIndex } from "./usage.ts";

/** All that the account holds, and its time. Operations and jobs get it handed in; nothing else has state. */
export class World {
  readonly #context: EmulatorContext;
  settings: Settings = defaultSettings();
  readonly agenda = new Agenda();
  sequence = 0;
  /** The request being answered: events carry it. Null while time itself acts. */
  request: { readonly id: string; readonly idempotencyKey: string | null } | null = null;
  /** The address under which the caller reached us: the hosted pages live there. */
  origin = "http://127.0.0.1";

  readonly meters = new Shelf(Meter);
  readonly meterEvents = new Shelf(MeterEvent);
  readonly adjustments = new Shelf(Adjustment);
  readonly errorWindows = new Shelf(ErrorWindow);
  readonly customers = new Shelf(Customer);
  readonly balanceTransactions = new Shelf(BalanceTransaction);
  readonly products = new Shelf(Product);
  readonly prices = new Shelf(Price);
  readonly paymentMethods = new Shelf(PaymentMethod);
  readonly setupIntents = new Shelf(SetupIntent);
  readonly sessions = new Shelf(CheckoutSession);
  readonly subscriptions = new Shelf(Subscription);
  readonly invoices = new Shelf(Invoice);
  readonly invoiceItems = new Shelf(InvoiceItem);
  readonly invoicePayments = new Shelf(InvoicePayment);
  readonly creditNotes = new Shelf(CreditNote);
  readonly portalConfigurations = new Shelf(PortalConfiguration);
  readonly portalSessions = new Shelf(PortalSession);
  readonly testClocks = new Shelf(TestClock);
  readonly events = new Shelf(SnapshotEvent);
  readonly thinEvents = new Shelf(ThinEvent);
  /** Meter events by meter and customer; derived, never saved. */
  readonly usage = new UsageIndex();

  constructor(context: EmulatorContext) {
    this.#context = context;
  }

  /** Every shelf by the name it has in `state()` and snapshots. */
  shelves() {
    return {
      meters: this.meters,
      meterEvents: this.meterEvents,
      adjustments: this.adjustments,
      errorWindows: this.errorWindows,
      customers: this.customers,
      balanceTransactions: this.balanceTransactions,
      products: this.products,
      prices: this.prices,
      paymentMethods: this.paymentMethods,
      setupIntents: this.setupIntents,
      sessions: this.sessions,
      subscriptions: this.subscriptions,
      invoices: this.invoices,
      invoiceItems: this.invoiceItems,
      invoicePayments: this.invoicePayments,
      creditNotes: this.creditNotes,
      portalConfigurations: this.portalConfigurations,
      portalSessions: this.portalSessions,
      testClocks: this.testClocks,
      events: this.events,
      thinEvents: this.thinEvents,
    };
  }

  /** Epoch milliseconds; under a test clock its frozen time. */
  nowMs(clock: string | null = null): number {
    const frozen = clock === null ? undefined : this.testClocks.get(clock)?.frozen_time;
    return frozen === undefined ? this.#context.clock.now() : frozen * 1000;
  }
  /** Epoch seconds, as Stripe counts. */
  now(clock: string | null = null): number {
    return Math.floor(this.nowMs(clock) / 1000);
  }

  nextSequence(): number {
    this.sequence += 1;
    return this.sequence;
  }
  id(prefix: string): string {
    return makeId(prefix, this.nextSequence());
  }

  /** Looks at an object again at that time (epoch seconds on its clock). */
  schedule(kind: JobKind, id: string, atSeconds: number, clock: string | null = null): void {
    this.agenda.add({ at: Math.round(atSeconds * 1000), sequence: this.nextSequence(), kind, id, clock });
  }

  /** The customer, not deleted; 400 `resource_missing` otherwise, as for any id inside a body. */
  customer(id: string, param = "customer"): Customer {
    const customer = this.customers.get(id);
    if (!customer || customer.deleted) throw missing("customer", id, param, 400);
    return customer;
  }
}
