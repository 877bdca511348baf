import * as z from "zod";
import type { Customer } from "./customers.ts";
import { emit } from "./events.ts";
import { lettersFrom } from "./ids.ts";
import { page } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { expand, paging, text } from "./params.ts";
import { missing, Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

/** Stripe's test cards, by their tokens: `chargeCustomerFail` can be attached and fails when charged, `chargeDeclined` cannot even be attached. */
const testCards: Readonly<Record<string, { brand: string; last4: string; behaviour: "succeeds" | "declines" | "refused" }>> = {
  pm_card_visa: { brand: "visa", last4: "4242", behaviour: "succeeds" },
  pm_card_visa_debit: { brand: "visa", last4: "5556", behaviour: "succeeds" },
  pm_card_mastercard: { brand: "mastercard", last4: "4444", behaviour: "succeeds" },
  pm_card_amex: { brand: "amex", last4: "8431", behaviour: "succeeds" },
  pm_card_chargeCustomerFail: { brand: "visa", last4: "0341", behaviour: "declines" },
  pm_card_chargeDeclined: { brand: "visa", last4: "0002", behaviour: "refused" },
};

/** A card on file. */
export const PaymentMethod = z.object({
  id: z.string(),
  created: z.number(),
  customer: z.string().nullable().default(null),
  brand: z.string().default("visa"),
  last4: z.string().default("4242"),
  behaviour: z.enum(["succeeds", "declines"]).default("succeeds"),
});
export type PaymentMethod = z.infer<typeof PaymentMethod>;

/** The payment method as Stripe answers it. */
export function renderPaymentMethod(method: PaymentMethod): object {
  return {
    id: method.id,
    object: "payment_method",
    allow_redisplay: "unspecified",
    billing_details: { address: emptyAddress, email: null, name: null, phone: null, tax_id: null },
    card: {
      brand: method.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
      country: "US",
      display_brand: method.brand,
      exp_month: 12,
      exp_year: 2034,
      fingerprint: lettersFrom(method.last4, 16),
      funding: "credit",
      generated_from: null,
      last4: method.last4,
      networks: { available: [method.brand], preferred: null },
      regulated_status: "unregulated",
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: method.created,
    customer: method.customer,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: "card",
  };
}

/** Makes a payment method of a test token; `undefined` for anything that is no token. */
export function fromToken(world: World, token: string): PaymentMethod | undefined {
  const card = testCards[token];
  if (!card) return undefined;
  if (card.behaviour === "refused")
    throw new Refusal("Your card was declined.", {
      status: 402,
      type: "card_error",
      code: "card_declined",
      declineCode: "generic_decline",
    });
  return world.paymentMethods.add({
    id: world.id("pm_"),
    created: world.now(),
    customer: null,
    ...card,
    behaviour: card.behaviour,
  });
}

/** Attaches a method, or a test token, to the customer. */
export function attach(world: World, id: string, customer: Customer): PaymentMethod {
  const method = world.paymentMethods.get(id) ?? fromToken(world, id);
  if (!method) throw missing("PaymentMethod", id, "payment_method", 400);
  if (method.customer && method.customer !== customer.id)
    throw new Refusal("The payment method you provided has already been attached to a customer.", { param: "payment_method" });
  method.customer = customer.id;
  emit(world, "payment_method.attached", renderPaymentMethod(method), customer.test_clock);
  return method;
}

/** The customer's own method; a test token stands for the customer's newest card of that kind. */
export function ownMethod(
  world: World,
  id: string,
  customer: Customer,
  param = "invoice_settings[default_payment_method]",
): PaymentMethod {
  const card = testCards[id];
  const method = card
    ? world.paymentMethods.newestFirst().find((own) => own.customer === customer.id && own.last4 === card.last4)
    : world.paymentMethods.get(id);
  if (!method) throw missing("PaymentMethod", id, param, 400);
  if (method.customer !== customer.id)
    throw new Refusal(
      `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
      {
        code: "resource_missing",
        param,
      },
    );
  return method;
}

const emptyAddress = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };
const listParams = { ...paging, type: z.enum(["card"]).optional() };

/** The calls of this kind that are served. */
export const paymentMethodOperations: readonly Operation[] = [
  operation(
    "POST",
    "/v1/payment_methods",
    z.strictObject({ type: z.enum(["card"]), card: z.strictObject({ token: text() }), expand }),
    (world, params) => {
      const method = fromToken(world, params.card.token.replace(/^tok_/, "pm_card_"));
      if (!method) throw missing("token", params.card.token, "card[token]", 400);
      return renderPaymentMethod(method);
    },
  ),
  operation("GET", "/v1/payment_methods", z.strictObject({ ...listParams, customer: text().optional() }), (world, params) => {
    const found = world.paymentMethods.newestFirst().filter((method) => method.customer === (params.customer ?? null));
    return page(world, found, params, "/v1/payment_methods", renderPaymentMethod);
  }),
  operation("GET", "/v1/payment_methods/:id", z.strictObject({ expand }), (world, _params, id) =>
    renderPaymentMethod(existing(world, id)),
  ),
  operation("POST", "/v1/payment_methods/:id/attach", z.strictObject({ customer: text(), expand }), (world, params, id) =>
    renderPaymentMethod(attach(world, id, world.customer(params.customer))),
  ),
  operation("POST", "/v1/payment_methods/:id/detach", z.strictObject({ expand }), (world, _params, id) => {
    const method = existing(world, id);
    if (!method.customer)
      throw new Refusal("The payment method you provided is not attached to a customer so detachment is impossible.");
    const customer = world.customers.get(method.customer);
    if (customer?.invoice_settings.default_payment_method === id) customer.invoice_settings.default_payment_method = null;
    for (const subscription of world.subscriptions.values())
      if (subscription.default_payment_method === id) subscription.default_payment_method = null;
    method.customer = null;
    emit(world, "payment_method.detached", renderPaymentMethod(method));
    return renderPaymentMethod(method);
  }),
  operation("GET", "/v1/customers/:id/payment_methods", z.strictObject(listParams), (world, params, id) => {
    const customer = world.customers.get(id);
    if (!customer || customer.deleted) throw missing("customer", id);
    const found = world.paymentMethods.newestFirst().filter((method) => method.customer === id);
    return page(world, found, params, `/v1/customers/${id}/payment_methods`, renderPaymentMethod);
  }),
];

function existing(world: World, id: string): PaymentMethod {
  const method = world.paymentMethods.get(id);
  if (!method) throw missing("PaymentMethod", id, "payment_method");
  return method;
}
