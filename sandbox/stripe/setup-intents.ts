import * as z from "zod";
import { emit } from "./events.ts";
import { page } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { expand, flag, mergeMetadata, metadata, paging, text } from "./params.ts";
import { attach } from "./payment-methods.ts";
import { missing, Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

/** The saving of a card for later use. It attaches the method; it never makes it the customer's default. */
export const SetupIntent = z.object({
  id: z.string(),
  created: z.number(),
  customer: z.string().nullable().default(null),
  status: z.enum(["requires_payment_method", "succeeded", "canceled"]).default("requires_payment_method"),
  payment_method: z.string().nullable().default(null),
  usage: z.enum(["off_session", "on_session"]).default("off_session"),
  description: z.string().nullable().default(null),
  metadata: z.record(z.string(), z.string()).default({}),
});
export type SetupIntent = z.infer<typeof SetupIntent>;

/** The set-up intent as Stripe answers it. */
export function renderSetupIntent(intent: SetupIntent): object {
  return {
    ...intent,
    object: "setup_intent",
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${intent.id}_secret_sandbox`,
    customer_account: null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    next_action: null,
    on_behalf_of: null,
    payment_method_configuration_details: null,
    payment_method_options: { card: { mandate_options: null, network: null, request_three_d_secure: "automatic" } },
    payment_method_types: ["card"],
    single_use_mandate: null,
  };
}

/** The customer gives a card: attaches it and ends the intent. */
export function succeed(world: World, intent: SetupIntent, paymentMethod: string): SetupIntent {
  if (intent.status !== "requires_payment_method")
    throw new Refusal(`This SetupIntent's status is ${intent.status}.`, { code: "setup_intent_unexpected_state" });
  if (!intent.customer) throw new Refusal("This sandbox completes set-up intents of a customer only.", { param: "customer" });
  const customer = world.customer(intent.customer);
  intent.payment_method = attach(world, paymentMethod, customer).id;
  intent.status = "succeeded";
  emit(world, "setup_intent.succeeded", renderSetupIntent(intent), customer.test_clock);
  return intent;
}

const createParams = z.strictObject({
  customer: text().optional(),
  payment_method: text().optional(),
  confirm: flag.optional(),
  usage: z.enum(["off_session", "on_session"]).optional(),
  description: text().optional(),
  metadata: metadata.optional(),
  payment_method_types: z.array(z.enum(["card"])).optional(),
  automatic_payment_methods: z
    .strictObject({ enabled: flag, allow_redirects: z.enum(["always", "never"]).optional() })
    .optional(),
  expand,
});

/** The calls of this kind that are served. */
export const setupIntentOperations: readonly Operation[] = [
  operation("POST", "/v1/setup_intents", createParams, (world, params) => {
    if (params.customer) world.customer(params.customer);
    const intent = world.setupIntents.add(
      SetupIntent.parse({
        id: world.id("seti_"),
        created: world.now(),
        customer: params.customer ?? null,
        usage: params.usage ?? "off_session",
        description: params.description ?? null,
        metadata: mergeMetadata({}, params.metadata),
      }),
    );
    emit(world, "setup_intent.created", renderSetupIntent(intent));
    if (params.confirm && params.payment_method) succeed(world, intent, params.payment_method);
    return renderSetupIntent(intent);
  }),
  operation("GET", "/v1/setup_intents", z.strictObject({ ...paging, customer: text().optional() }), (world, params) => {
    const found = world.setupIntents.newestFirst().filter((intent) => !params.customer || intent.customer === params.customer);
    return page(world, found, params, "/v1/setup_intents", renderSetupIntent);
  }),
  operation("GET", "/v1/setup_intents/:id", z.strictObject({ expand, client_secret: text().optional() }), (world, _params, id) =>
    renderSetupIntent(existing(world, id)),
  ),
  operation("POST", "/v1/setup_intents/:id/confirm", z.strictObject({ payment_method: text(), expand }), (world, params, id) =>
    renderSetupIntent(succeed(world, existing(world, id), params.payment_method)),
  ),
  operation("POST", "/v1/setup_intents/:id/cancel", z.strictObject({ expand }), (world, _params, id) => {
    const intent = existing(world, id);
    if (intent.status === "succeeded")
      throw new Refusal("You cannot cancel this SetupIntent because it has a status of succeeded.", {
        code: "setup_intent_unexpected_state",
      });
    intent.status = "canceled";
    emit(world, "setup_intent.canceled", renderSetupIntent(intent));
    return renderSetupIntent(intent);
  }),
];

function existing(world: World, id: string): SetupIntent {
  const intent = world.setupIntents.get(id);
  if (!intent) throw missing("setupintent", id);
  return intent;
}
