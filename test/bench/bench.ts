import type { Context } from "../../cli/context.ts";

/** A bench (`fleet bench <name>`): one thing measured against another, side by side in one run. It ends by itself and leaves nothing behind. */
export type Bench = (context: Context) => Promise<BenchResult>;

export interface BenchResult {
  readonly bench: string;
  /** A plain quotient; `against` says of what and by what. */
  readonly ratio: number;
  readonly against: string;
  readonly details: Readonly<Record<string, Detail>>;
}

/** Units are in the names. */
export type Detail = number | string | Readonly<Record<string, number>>;

/** Of at least one number; of an even count the lower of the two in the middle. */
export function median(values: readonly number[]): number {
  const middle = values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
  if (middle === undefined) throw new Error("there is no median of nothing");
  return middle;
}

export function rounded(value: number, places = 2): number {
  return Math.round(value * 10 ** places) / 10 ** places;
}
