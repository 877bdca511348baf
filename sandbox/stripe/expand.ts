import { renderSession } from "./checkout.ts";
import { renderCreditNote } from "./credit-notes.ts";
import { renderCustomer } from "./customers.ts";
import { renderInvoicePayment } from "./invoice-payments.ts";
import { renderInvoice } from "./invoices.ts";
import { renderPaymentMethod } from "./payment-methods.ts";
import { renderConfiguration } from "./portal.ts";
import { renderPrice } from "./prices.ts";
import { renderProduct } from "./products.ts";
import { Refusal } from "./refusal.ts";
import { renderSetupIntent } from "./setup-intents.ts";
import { renderSubscription } from "./subscriptions.ts";
import { renderClock } from "./test-clocks.ts";
import type { World } from "./world.ts";

const deepest = 4;

/** Replaces ids by their objects along the paths of `expand` (`latest_invoice.lines`, `data.customer`), at most four levels deep. */
export function expandBody(world: World, body: object, raw: unknown): object {
  const wanted: unknown = typeof raw === "object" && raw !== null ? Reflect.get(raw, "expand") : undefined;
  if (!Array.isArray(wanted)) return body;
  const copy = structuredClone(body);
  for (const path of wanted) {
    const parts = String(path).split(".");
    if (parts.length > deepest)
      throw new Refusal(`You cannot expand more than ${deepest} levels of a property. Property: ${path}`, { param: "expand" });
    expandPath(world, copy, parts, String(path));
  }
  return copy;
}

function expandPath(world: World, at: object, parts: readonly string[], path: string): void {
  const [name, ...rest] = parts;
  if (name === undefined) return;
  if (name === "payments" && Reflect.get(at, "object") === "invoice" && Reflect.get(at, name) === undefined)
    Reflect.set(at, name, paymentsOf(world, String(Reflect.get(at, "id"))));
  const value: unknown = Reflect.get(at, name);
  if (value === undefined)
    throw new Refusal(`This property cannot be expanded (${name}). You may want to try expanding '${path}' at another level.`, {
      param: "expand",
    });
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object" && item !== null) expandPath(world, item, rest, path);
    return;
  }
  const object = typeof value === "string" ? objectOf(world, value) : value;
  if (typeof object !== "object" || object === null) return;
  if (object !== value) Reflect.set(at, name, structuredClone(object));
  const inside: unknown = Reflect.get(at, name);
  if (typeof inside === "object" && inside !== null) expandPath(world, inside, rest, path);
}

function objectOf(world: World, id: string): object | undefined {
  const customer = world.customers.get(id);
  if (customer) return renderCustomer(customer);
  const invoice = world.invoices.get(id);
  if (invoice) return renderInvoice(world, invoice);
  const subscription = world.subscriptions.get(id);
  if (subscription) return renderSubscription(world, subscription);
  const method = world.paymentMethods.get(id);
  if (method) return renderPaymentMethod(method);
  const intent = world.setupIntents.get(id);
  if (intent) return renderSetupIntent(intent);
  const price = world.prices.get(id);
  if (price) return renderPrice(price);
  const product = world.products.get(id);
  if (product) return renderProduct(product);
  const session = world.sessions.get(id);
  if (session) return renderSession(world, session);
  const note = world.creditNotes.get(id);
  if (note) return renderCreditNote(note);
  const clock = world.testClocks.get(id);
  if (clock) return renderClock(clock);
  const configuration = world.portalConfigurations.get(id);
  return configuration && renderConfiguration(configuration);
}

function paymentsOf(world: World, invoice: string): object {
  const data = world.invoicePayments.all().filter((payment) => payment.invoice === invoice);
  return { object: "list", data: data.map(renderInvoicePayment), has_more: false, url: "/v1/invoice_payments" };
}
