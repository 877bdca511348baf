/** Meter values are decimal strings ("1", "0.25"): added up as whole numbers of 10^-12, never as floats. */
const places = 12;
const one = 10n ** BigInt(places);
const pattern = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Stripe takes 15 significant figures; more is `meter_event_value_too_many_digits`. */
export const maxSignificantDigits = 15;

/** The value in units of 10^-12; undefined for anything that is not a plain decimal with at most 12 places. */
export function parseDecimal(text: string): bigint | undefined {
  const match = pattern.exec(text);
  const fraction = match?.[3] ?? "";
  if (!match || fraction.length > places) return undefined;
  const size = BigInt(match[2] ?? "0") * one + BigInt(fraction.padEnd(places, "0"));
  return match[1] === "-" ? -size : size;
}

/** How many significant figures the text has. */
export function significantDigits(text: string): number {
  const digits = text.replace(/[-.]/g, "").replace(/^0+/, "");
  return digits.length;
}

/** A whole number in units of 10^-12. */
export function fromInteger(value: number): bigint {
  return BigInt(value) * one;
}

/** The shortest decimal text. */
export function decimalToString(value: bigint): string {
  const size = value < 0n ? -value : value;
  const fraction = (size % one).toString().padStart(places, "0").replace(/0+$/, "");
  return `${value < 0n ? "-" : ""}${size / one}${fraction ? `.${fraction}` : ""}`;
}

/** The number JSON carries (`aggregated_value`, `quantity`). */
export function decimalToNumber(value: bigint): number {
  return Number(decimalToString(value));
}

/** Cents for a quantity at a unit amount in cents, half a cent up. Negative totals bill 0. */
export function centsFor(quantity: bigint, unitAmountCents: number): number {
  if (quantity <= 0n) return 0;
  return Number((quantity * BigInt(unitAmountCents) * 2n + one) / (one * 2n));
}

/** `amount × part / whole` in cents, half a cent away from zero. All integers. */
export function prorate(amountCents: number, part: number, whole: number): number {
  if (whole <= 0) return amountCents;
  const share = (BigInt(Math.abs(amountCents)) * BigInt(part) * 2n + BigInt(whole)) / (BigInt(whole) * 2n);
  return amountCents < 0 ? -Number(share) : Number(share);
}
