/** Half-open spans of time `[from, to)` in epoch milliseconds, and sorted lists of instants. Everything here is exact to the millisecond. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Intervals that are sorted, not empty, and neither overlap nor touch: `[1,2)` and `[2,3)` are one. */
export type Union = readonly Interval[];

/** The union of all intervals; empty ones add nothing. */
export function unionOf(...lists: readonly (readonly Interval[])[]): Union {
  const sorted = lists
    .flat()
    .filter((interval) => interval.from < interval.to)
    .sort((one, other) => one.from - other.from);
  const union: Interval[] = [];
  for (const { from, to } of sorted) {
    const last = union.at(-1);
    if (last === undefined || from > last.to) union.push({ from, to });
    else if (to > last.to) union[union.length - 1] = { from: last.from, to };
  }
  return union;
}

/** Whether the instant lies in the union; an interval's end does not. */
export function contains(union: Union, at: number): boolean {
  const interval = union[firstEndingAfter(union, at)];
  return interval !== undefined && interval.from <= at;
}

/** Whether all of `[from, to)` lies in the union; an empty span always does. */
export function covers(union: Union, from: number, to: number): boolean {
  if (from >= to) return true;
  const interval = union[firstEndingAfter(union, from)];
  return interval !== undefined && interval.from <= from && to <= interval.to;
}

/** The earliest `c` such that all of `[c, end)` lies in the union; `end` itself if not even the last millisecond does. */
export function coveredSince(union: Union, end: number): number {
  const interval = union[firstEndingAfter(union, end - 1)];
  return interval !== undefined && interval.from < end ? interval.from : end;
}

/** Index of the first interval that ends after the instant; the union's length if none does. */
export function firstEndingAfter(union: Union, at: number): number {
  let low = 0;
  let high = union.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((union[middle]?.to ?? 0) > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Index of the first number of the ascending list that is at least `bound`; its length if none is. */
export function lowerBound(ascending: readonly number[], bound: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) >= bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Whether a number of the ascending list lies in `[from, to)`. */
export function anyIn(ascending: readonly number[], from: number, to: number): boolean {
  const first = ascending[lowerBound(ascending, from)];
  return first !== undefined && first < to;
}
