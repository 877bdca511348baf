import { hourMs, minuteMs } from "../../domain/hour.ts";
import type { TenantEvidence } from "./evidence.ts";
import { contains, type Interval, type Union, unionOf } from "./interval.ts";
import type { Rule } from "./rule.ts";

/** Something that keeps an instance awake and is known; closed at both ends. */
export interface Cause extends Interval {
  readonly kind: "request" | "sprintEvent" | "login" | "modelMinute" | "deploy" | "incident";
}

/** One tenant's evidence as one rule reads it: what does not depend on the hour is worked out once. */
export interface Reading {
  readonly rule: Rule;
  readonly evidence: TenantEvidence;
  /** Starts of minutes that lie in here are explained, if awake. */
  readonly explained: Union;
  /** Activity that is not in off time, ascending: only this can make an hour active. */
  readonly requests: readonly number[];
  readonly sprintEvents: readonly number[];
  readonly logins: readonly number[];
  readonly modelMinutes: readonly number[];
  /** Log-ins that the gateway's record could not have shown. */
  readonly loginsOutsideGateway: readonly number[];
  /** "The record covers h" leaves out off time: so does a record that off time is added to. */
  readonly gatewayOrOff: Union;
  readonly accessOrOff: Union;
  readonly modelOrOff: Union;
}

/** Reads the evidence by the rule. */
export function read(evidence: TenantEvidence, rule: Rule): Reading {
  const { gateway, access, model, off } = evidence;
  const on = (at: number) => !contains(off, at);
  const logins = access.logins.filter(on);
  return {
    rule,
    evidence,
    explained: explainedBy(causesOf(evidence, rule), rule),
    requests: countingRequests(evidence, rule).filter(on),
    sprintEvents: gateway.sprintEvents.filter(on),
    logins,
    modelMinutes: model.minutes.filter(on),
    loginsOutsideGateway: logins.filter((at) => !contains(gateway.record, at)),
    gatewayOrOff: unionOf(gateway.record, off),
    accessOrOff: unionOf(access.record, off),
    modelOrOff: unionOf(model.record, off),
  };
}

/** Every cause, in off time too. */
export function causesOf(evidence: TenantEvidence, rule: Rule): Cause[] {
  const at = (kind: Cause["kind"], times: readonly number[]) => times.map((time): Cause => ({ kind, from: time, to: time }));
  return [
    ...at("request", countingRequests(evidence, rule)),
    ...at("sprintEvent", evidence.gateway.sprintEvents),
    ...at("login", evidence.access.logins),
    ...at("modelMinute", evidence.model.minutes),
    ...evidence.ours.map(({ kind, from, to }): Cause => ({ kind, from, to })),
  ];
}

/** The starts of minutes that one cause `[x, y]` explains: all `m` with `x ≤ m + 60 s + skew` and `m < y + tail`. */
export function startsExplainedBy(cause: Interval, rule: Rule): Interval {
  return { from: cause.from - minuteMs - rule.skewMinutes * minuteMs, to: cause.to + rule.tailMinutes * minuteMs };
}

/** How much evidence around an hour its verdict can depend on: `[h − beforeMs, h + 60 min + afterMs)`. */
export function reachOf(rule: Rule): { beforeMs: number; afterMs: number } {
  const near = rule.measuredWithinMinutes + 1;
  const lastMinute = Math.max(59, rule.quietTailMinutes);
  return {
    beforeMs: Math.max(rule.tailMinutes, near) * minuteMs,
    // A cause is closed at its start: one exactly `skew` after the hour still explains its last minute.
    afterMs: Math.max(rule.skewMinutes * minuteMs + 1, (lastMinute + near) * minuteMs - hourMs),
  };
}

function explainedBy(causes: readonly Cause[], rule: Rule): Union {
  return rule.tailMinutes > 0 ? unionOf(causes.map((cause) => startsExplainedBy(cause, rule))) : [];
}

function countingRequests(evidence: TenantEvidence, rule: Rule): number[] {
  const counting = new Set(rule.countingClasses);
  const times: number[] = [];
  for (const request of evidence.gateway.requests) if (request.user && counting.has(request.class)) times.push(request.at);
  return times;
}
