import { accountOperations } from "./account.ts";
import { checkoutOperations } from "./checkout-operations.ts";
import { creditNoteOperations } from "./credit-notes.ts";
import { customerOperations } from "./customers.ts";
import { eventOperations } from "./events.ts";
import { invoiceItemOperations } from "./invoice-items.ts";
import { invoiceOperations } from "./invoice-operations.ts";
import { invoicePaymentOperations } from "./invoice-payments.ts";
import { adjustmentOperations } from "./meter-adjustments.ts";
import { meterEventOperations } from "./meter-events.ts";
import { meterOperations } from "./meters.ts";
import type { Operation } from "./operation.ts";
import { paymentMethodOperations } from "./payment-methods.ts";
import { portalOperations } from "./portal.ts";
import { priceOperations } from "./prices.ts";
import { productOperations } from "./products.ts";
import { setupIntentOperations } from "./setup-intents.ts";
import { subscriptionOperations } from "./subscription-operations.ts";
import { summaryOperations } from "./summaries.ts";
import { testClockOperations } from "./test-clocks.ts";
import { thinEventOperations } from "./thin-events.ts";

/** Every call that is served. Fixed paths stand before `:id` of the same length. */
export const operations: readonly Operation[] = [
  ...accountOperations,
  ...meterOperations,
  ...meterEventOperations,
  ...adjustmentOperations,
  ...summaryOperations,
  ...customerOperations,
  ...productOperations,
  ...priceOperations,
  ...paymentMethodOperations,
  ...setupIntentOperations,
  ...checkoutOperations,
  ...subscriptionOperations,
  ...invoiceOperations,
  ...invoiceItemOperations,
  ...invoicePaymentOperations,
  ...creditNoteOperations,
  ...eventOperations,
  ...thinEventOperations,
  ...portalOperations,
  ...testClockOperations,
];
