import { renderSession } from "./checkout.ts";
import { renderCreditNote } from "./credit-notes.ts";
import { renderCustomer } from "./customers.ts";
import { decimalToNumber } from "./decimal.ts";
import { renderEvent } from "./events.ts";
import { renderInvoiceItem } from "./invoice-items.ts";
import { renderInvoicePayment } from "./invoice-payments.ts";
import { renderInvoice, renderLine } from "./invoices.ts";
import { renderMeterEvent } from "./meter-events.ts";
import { renderMeter } from "./meters.ts";
import { renderPaymentMethod } from "./payment-methods.ts";
import { renderConfiguration } from "./portal.ts";
import { renderPrice } from "./prices.ts";
import { renderProduct } from "./products.ts";
import { renderSetupIntent } from "./setup-intents.ts";
import { renderSubscription } from "./subscriptions.ts";
import { renderClock } from "./test-clocks.ts";
import { renderThin } from "./thin-events.ts";
import { aggregate, readings, summaryView } from "./usage.ts";
import type { World } from "./world.ts";

/** Everything the account holds, in Stripe's shapes. `summaries` are what the hourly read-back shows at this moment, zeros included where an event says 0. */
export function holdings(world: World): Record<string, unknown> {
  return {
    customers: world.customers.all().map(renderCustomer),
    products: world.products.all().map(renderProduct),
    prices: world.prices.all().map(renderPrice),
    paymentMethods: world.paymentMethods.all().map(renderPaymentMethod),
    setupIntents: world.setupIntents.all().map(renderSetupIntent),
    checkoutSessions: world.sessions.all().map((session) => renderSession(world, session)),
    subscriptions: world.subscriptions.all().map((subscription) => renderSubscription(world, subscription)),
    invoices: world.invoices.all().map((invoice) => ({
      ...renderInvoice(world, invoice),
      lines: {
        object: "list",
        data: invoice.lines.map((line) => renderLine(world, invoice, line)),
        has_more: false,
        url: `/v1/invoices/${invoice.id}/lines`,
      },
    })),
    invoiceItems: world.invoiceItems.all().map((item) => renderInvoiceItem(world, item)),
    invoicePayments: world.invoicePayments.all().map(renderInvoicePayment),
    creditNotes: world.creditNotes.all().map(renderCreditNote),
    meters: world.meters.all().map(renderMeter),
    meterEvents: world.meterEvents.all().map((event) => ({
      ...renderMeterEvent(event),
      status:
        event.rejected !== null
          ? "rejected"
          : event.cancelledMs !== null
            ? "cancelled"
            : event.acceptedMs !== null
              ? "accepted"
              : "received",
      ...(event.rejected === null ? {} : { error: event.rejected }),
    })),
    summaries: summaries(world),
    portalConfigurations: world.portalConfigurations.all().map(renderConfiguration),
    testClocks: world.testClocks.all().map(renderClock),
    events: world.events.all().map(renderEvent),
    thinEvents: world.thinEvents.all().map(renderThin),
  };
}

function summaries(world: World): object[] {
  const view = summaryView(world);
  return world.meters.all().flatMap((meter) => {
    const customers = new Set(world.usage.named(meter.event_name).map((event) => event.customer));
    return [...customers].flatMap((customer) => {
      const found = readings(world, meter, customer, view, 0, Number.MAX_SAFE_INTEGER);
      const byHour = Map.groupBy(found, (reading) => Math.floor(reading.timestamp / 3600) * 3600);
      return [...byHour]
        .sort(([a], [b]) => a - b)
        .map(([start, some]) => ({
          meter: meter.id,
          customer,
          start_time: start,
          end_time: start + 3600,
          aggregated_value: decimalToNumber(aggregate(meter, some)),
        }));
    });
  });
}
