import * as z from "zod";
import type { Customer } from "./customers.ts";
import type { World } from "./world.ts";

/** A movement of the customer's balance. */
export const BalanceTransaction = z.object({
  id: z.string(),
  customer: z.string(),
  created: z.number(),
  amount: z.number().int(),
  currency: z.string(),
  ending_balance: z.number().int(),
  description: z.string().nullable().default(null),
  invoice: z.string().nullable().default(null),
  credit_note: z.string().nullable().default(null),
  type: z.enum(["adjustment", "applied_to_invoice", "credit_note", "invoice_too_small"]),
});
export type BalanceTransaction = z.infer<typeof BalanceTransaction>;

/** Moves the customer's balance and writes it down. */
export function moveBalance(
  world: World,
  customer: Customer,
  move: Pick<BalanceTransaction, "amount" | "currency" | "type"> & Partial<BalanceTransaction>,
): BalanceTransaction {
  customer.balance += move.amount;
  customer.currency ??= move.currency;
  return world.balanceTransactions.add(
    BalanceTransaction.parse({
      ...move,
      id: world.id("cbtxn_"),
      customer: customer.id,
      created: world.now(customer.test_clock),
      ending_balance: customer.balance,
    }),
  );
}

/** The move as Stripe answers it. */
export function renderBalance(transaction: BalanceTransaction): object {
  return {
    ...transaction,
    object: "customer_balance_transaction",
    checkout_session: null,
    customer_account: null,
    livemode: false,
    metadata: {},
  };
}
