/** Money is millionths of a unit as bigint, never a float; cents exist on invoices only. */
export type Currency = "usd";

export interface Money {
  readonly amountMicros: bigint;
  readonly currency: Currency;
}

const microsPerCent = 10_000n;

export function usdFromCents(amountCents: number): Money {
  if (!Number.isSafeInteger(amountCents)) throw new RangeError(`cents are whole numbers, not ${amountCents}`);
  return { amountMicros: BigInt(amountCents) * microsPerCent, currency: "usd" };
}

/** Dollars with at most six decimals as decimal text, `"0.000231"`; throws RangeError on anything else. */
export function usd(dollars: string): Money {
  const match = /^(-?)(\d+)(?:\.(\d{1,6}))?$/.exec(dollars);
  if (!match) throw new RangeError(`"${dollars}" is not an amount in dollars with at most six decimals`);
  const micros = BigInt(match[2] ?? "0") * 1_000_000n + BigInt((match[3] ?? "").padEnd(6, "0"));
  return { amountMicros: match[1] === "-" ? -micros : micros, currency: "usd" };
}

export function add(...amounts: readonly Money[]): Money {
  return { amountMicros: amounts.reduce((sum, money) => sum + money.amountMicros, 0n), currency: "usd" };
}

export function subtract(from: Money, amount: Money): Money {
  return { amountMicros: from.amountMicros - amount.amountMicros, currency: from.currency };
}

export function times(money: Money, factor: number | bigint): Money {
  return { amountMicros: money.amountMicros * BigInt(factor), currency: money.currency };
}

/** Whole cents, half a cent away from zero: how a single amount is shown or invoiced. */
export function toCents(money: Money): number {
  const negative = money.amountMicros < 0n;
  const micros = negative ? -money.amountMicros : money.amountMicros;
  const cents = Number((micros + microsPerCent / 2n) / microsPerCent);
  // No negative zero: it would print as -$0.00.
  return negative && cents > 0 ? -cents : cents;
}

/** `$5.00`, `-$0.42`. */
export function formatMoney(money: Money): string {
  const cents = toCents(money);
  return `${cents < 0 ? "-" : ""}$${(Math.abs(cents) / 100).toFixed(2)}`;
}
