/** A UTC clock hour: the unit of billing. An hour `h` is `[h, h + 60 min)`, all instants are epoch milliseconds. */
declare const brand: unique symbol;

/** A UTC clock hour as text, `2026-11-23T18Z`; sorts by time. */
export type HourZ = string & { readonly [brand]: "HourZ" };

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

const pattern = /^(\d{4})-(\d{2})-(\d{2})T(\d{2})Z$/;

/** The hour that the instant lies in; exactly :00:00.000 belongs to the new hour. */
export function hourOf(epochMs: number): HourZ {
  return `${new Date(Math.floor(epochMs / hourMs) * hourMs).toISOString().slice(0, 13)}Z` as HourZ;
}

/** Start of the hour in epoch milliseconds. */
export function hourStart(hour: HourZ): number {
  return Date.parse(`${hour.slice(0, 13)}:00:00.000Z`);
}

/** Reads `2026-11-23T18Z`; undefined for any other text, and for days that no calendar has. */
export function parseHour(text: string): HourZ | undefined {
  if (!pattern.test(text)) return undefined;
  const start = Date.parse(`${text.slice(0, 13)}:00:00.000Z`);
  return Number.isNaN(start) || hourOf(start) !== text ? undefined : (text as HourZ);
}

/** All hours that begin in `[from, to)`. */
export function hoursBeginningIn(fromMs: number, toMs: number): HourZ[] {
  const hours: HourZ[] = [];
  for (let at = Math.ceil(fromMs / hourMs) * hourMs; at < toMs; at += hourMs) hours.push(hourOf(at));
  return hours;
}

/** The UTC day of an instant, `2026-11-23`. */
export function dayOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}

/** Start of the UTC month of the instant, and of the one `months` later (negative: earlier). */
export function monthStart(epochMs: number, months = 0): number {
  const date = new Date(epochMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
}
