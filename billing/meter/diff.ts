/** PURE. What must be posted so that Stripe holds what the evidence says. One hourly window a customer: a newer event replaces the hour. */
import { type HourZ, hourMs, hourOf, hourStart, minuteMs } from "../../domain/hour.ts";

/** Evidence no longer changes this long after the hour's end. */
export const sealAfterMs = 15 * minuteMs;
/** Two values for one hour are at least this far apart, so that the newest received is also the newest by the event's time. */
export const betweenValuesMs = 15 * minuteMs;
/** A post that no summary shows by then is posted again. */
export const confirmWithinMs = 60 * minuteMs;
/** Stripe takes events of the last 35 days; a day's margin. */
export const reachMs = 34 * 24 * hourMs;

export type Wanted = 0 | 1 | "unknown";

/** The newest post of an hour. */
export interface LastPost {
  readonly identifier: string;
  readonly value: number;
  readonly state: "intent" | "accepted" | "confirmed" | "rejected";
  readonly intendedAt: number;
  readonly eventAt: number;
}

export interface MeterView {
  readonly now: number;
  /** Hours are billable from the first full hour after the subscription starts. */
  readonly subscribedAt: number;
  /** What the evidence says; an hour that is missing is not known. */
  readonly wanted: ReadonlyMap<HourZ, Wanted>;
  /** What Stripe's summaries hold; an hour that is missing holds 0. */
  readonly held: ReadonlyMap<HourZ, number>;
  readonly lastPosts: ReadonlyMap<HourZ, LastPost>;
  /** Hours of a closed month never change. */
  isClosed(hour: HourZ): boolean;
}

export interface Post {
  readonly hour: HourZ;
  readonly value: 0 | 1;
  /** Of the event, epoch milliseconds, inside the hour. */
  readonly eventAt: number;
  /** The identifier of an intent whose call was never answered: sent again as it was. */
  readonly resend?: string;
}

export interface Difference {
  readonly posts: readonly Post[];
  /** Differences that must wait: the hour got another value less than 15 minutes ago. */
  readonly waiting: readonly HourZ[];
  /** Posted and not yet in a summary. */
  readonly inFlight: readonly HourZ[];
}

/** Whether its evidence no longer changes. */
export function isSealed(hour: HourZ, now: number): boolean {
  return now >= hourStart(hour) + hourMs + sealAfterMs;
}

/** The first hour that can be billed to a subscription: the first full one. */
export function firstBillableHour(subscribedAt: number): HourZ {
  return hourOf(Math.ceil(subscribedAt / hourMs) * hourMs);
}

/** Unknown hours are never posted and never change what Stripe holds; posting the answer makes the next answer empty. */
export function difference(view: MeterView): Difference {
  const posts: Post[] = [];
  const waiting: HourZ[] = [];
  const inFlight: HourZ[] = [];
  const first = firstBillableHour(view.subscribedAt);
  for (const hour of [...view.wanted.keys()].sort()) {
    const value = view.wanted.get(hour);
    if (value === undefined || value === "unknown") continue;
    if (hour < first || hourStart(hour) < view.now - reachMs || !isSealed(hour, view.now) || view.isClosed(hour)) continue;
    const step = nextStep(view, hour, value);
    if (step === "wait") waiting.push(hour);
    else if (step === "in flight") inFlight.push(hour);
    else if (step !== "nothing") posts.push(step);
  }
  return { posts, waiting, inFlight };
}

function nextStep(view: MeterView, hour: HourZ, value: 0 | 1): Post | "nothing" | "wait" | "in flight" {
  const held = view.held.get(hour) ?? 0;
  const last = view.lastPosts.get(hour);
  const age = last === undefined ? Number.POSITIVE_INFINITY : view.now - last.intendedAt;
  // Sent or perhaps sent, and no summary has shown it yet: it may still replace what the summary holds now.
  const open = last !== undefined && (last.state === "intent" || last.state === "accepted") && age < confirmWithinMs;
  if (open && last.value === value) {
    if (held === value) return "nothing";
    return last.state === "accepted" ? "in flight" : { hour, value, eventAt: last.eventAt, resend: last.identifier };
  }
  if (!open && held === value) return "nothing";
  if (last !== undefined && last.state !== "rejected" && last.value !== value && age < betweenValuesMs) return "wait";
  return { hour, value, eventAt: eventTime(hour, view.now) };
}

/** Inside the hour, and later for a later post: `hour + 1 s + floor((now − end of hour) / 900 s)` seconds. */
export function eventTime(hour: HourZ, now: number): number {
  const start = hourStart(hour);
  const slot = Math.floor((now - start - hourMs) / betweenValuesMs);
  return start + 1000 * (1 + Math.min(Math.max(slot, 0), 3597));
}
