/** How a tenant's card gets to Stripe: a set-up session on Stripe's own page. It saves the card but does not make it the default: we do. */
import type Stripe from "stripe";
import { VendorError } from "../../domain/error.ts";
import type { StripeClient } from "../../vendors/stripe/client.ts";

const sessionDays = 34;

/** Set-up sessions of the whole account, by customer: two calls for the fleet. */
export interface SetupSessions {
  readonly complete: ReadonlyMap<string, readonly Stripe.Checkout.Session[]>;
  readonly open: ReadonlyMap<string, readonly Stripe.Checkout.Session[]>;
}

export async function listSetupSessions(stripe: StripeClient, now: number): Promise<SetupSessions> {
  const created = { gte: Math.floor(now / 1000) - sessionDays * 86_400 };
  const list = (status: "complete" | "open") =>
    stripe.read("GET /v1/checkout/sessions", (sdk) =>
      sdk.checkout.sessions
        .list({ status, created, limit: 100, ...(status === "complete" && { expand: ["data.setup_intent"] }) })
        .autoPagingToArray({ limit: 10_000 }),
    );
  return { complete: byCustomer(await list("complete")), open: byCustomer(await list("open")) };
}

/** Makes the card of the newest completed session the default and expires what is still open. Returns the customer as it is then. */
export async function takeCard(
  stripe: StripeClient,
  customer: Stripe.Customer,
  sessions: SetupSessions,
): Promise<Stripe.Customer> {
  const newest = [...(sessions.complete.get(customer.id) ?? [])].sort((one, other) => other.created - one.created)[0];
  const method = newest && methodOf(newest);
  // Remembered on the customer, so that a default chosen later by a person is not taken back.
  if (!newest || !method || customer.metadata.setup_session === newest.id) return customer;
  const updated = await stripe.write("POST /v1/customers/:id", `card:${newest.id}`, (sdk, options) =>
    sdk.customers.update(
      customer.id,
      { invoice_settings: { default_payment_method: method }, metadata: { setup_session: newest.id } },
      options,
    ),
  );
  await expireOpen(stripe, sessions.open.get(customer.id) ?? []);
  return updated;
}

export function hasCard(customer: Stripe.Customer): boolean {
  return Boolean(customer.invoice_settings.default_payment_method);
}

/** A fresh link to Stripe's page for a card; older open links of the customer end. It lives 24 hours. */
export async function makeSetupLink(
  stripe: StripeClient,
  link: {
    readonly customer: string;
    readonly uid: string;
    readonly returnUrl: string;
    readonly currency: string;
    readonly run: string;
  },
): Promise<Stripe.Checkout.Session> {
  const open = await stripe.read("GET /v1/checkout/sessions", (sdk) =>
    sdk.checkout.sessions.list({ customer: link.customer, status: "open", limit: 100 }).autoPagingToArray({ limit: 1000 }),
  );
  await expireOpen(
    stripe,
    open.filter((session) => session.mode === "setup"),
  );
  return stripe.write("POST /v1/checkout/sessions", `link:${link.uid}:${link.run}`, (sdk, options) =>
    sdk.checkout.sessions.create(
      {
        mode: "setup",
        customer: link.customer,
        // Without payment methods to choose from, Stripe needs the currency to know which it may offer.
        currency: link.currency,
        client_reference_id: link.uid,
        success_url: link.returnUrl,
        metadata: { tenant_uid: link.uid },
      },
      options,
    ),
  );
}

async function expireOpen(stripe: StripeClient, sessions: readonly Stripe.Checkout.Session[]): Promise<void> {
  for (const session of sessions) {
    await stripe
      .write("POST /v1/checkout/sessions/:id/expire", `expire:${session.id}`, (sdk, options) =>
        sdk.checkout.sessions.expire(session.id, {}, options),
      )
      .catch((error: unknown) => {
        // Completed or expired in the meantime: what we wanted anyway.
        if (!(error instanceof VendorError) || error.refusal.status !== 400) throw error;
      });
  }
}

function methodOf(session: Stripe.Checkout.Session): string | undefined {
  const intent = session.setup_intent;
  if (intent === null || typeof intent === "string") return undefined;
  const method = intent.payment_method;
  return typeof method === "string" ? method : method?.id;
}

function byCustomer(sessions: readonly Stripe.Checkout.Session[]): Map<string, Stripe.Checkout.Session[]> {
  const map = new Map<string, Stripe.Checkout.Session[]>();
  for (const session of sessions) {
    const id = typeof session.customer === "string" ? session.customer : session.customer?.id;
    if (id && session.mode === "setup") map.set(id, [...(map.get(id) ?? []), session]);
  }
  return map;
}
