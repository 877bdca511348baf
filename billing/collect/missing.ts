/** PURE. Which spans of a record have yet to be fetched. */
import { dayMs } from "../../domain/hour.ts";
import type { Interval, Union } from "../rules/interval.ts";

/** What `[from, to)` has and the record lacks, cut at UTC days; complete days are not asked for again. */
export function missingSpans(record: Union, from: number, to: number): Interval[] {
  const gaps: Interval[] = [];
  let at = from;
  for (const span of record) {
    if (span.to <= at) continue;
    if (span.from >= to) break;
    if (span.from > at) gaps.push({ from: at, to: span.from });
    at = Math.max(at, span.to);
  }
  if (at < to) gaps.push({ from: at, to });
  return gaps.flatMap(cutAtDays);
}

function cutAtDays({ from, to }: Interval): Interval[] {
  const pieces: Interval[] = [];
  for (let start = from; start < to; ) {
    const end = Math.min(to, (Math.floor(start / dayMs) + 1) * dayMs);
    pieces.push({ from: start, to: end });
    start = end;
  }
  return pieces;
}
