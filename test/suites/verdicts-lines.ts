import { day, gateway, line, ours, state } from "./verdicts-scene.ts";

export const span = { from: day("10:00"), to: day("11:00") };
export const good = gateway("10:00-11:00", "10:30");
/** Lines that are not as the page says. */
export const refusedLines: [string, unknown][] = [
  ["an unknown source", { ...good, source: "cloudflare" }],
  ["no source", { uid: "tn_a", ...span }],
  ["an unknown kind", ours("10:00-11:00", "restart")],
  ["no kind", line("ours", "10:00-11:00")],
  ["an unknown class", line("gateway", "10:00-11:00", { requests: [{ at: day("10:30"), user: "k", class: "click" }] })],
  ["an unknown state", state("10:00-11:00", "deleted")],
  ["no state", line("state", "10:00-11:00")],
  ...[
    "2026-11-23T10:00:00+00:00",
    "2026-11-23T10:00:00",
    "2026-11-23T10:00Z",
    "2026-11-23 10:00:00Z",
    "2026-11-23T10:00:00z",
  ].map((from): [string, unknown] => [`another form of time: ${from}`, { ...good, from }]),
  ...[
    "2026-11-23T10:00:00.1234Z",
    "2026-11-23T10:00:00.Z",
    "2026-02-30T10:00:00Z",
    "2026-11-22T24:00:00Z",
    "2026-11-22T23:59:60Z",
    "20261123T100000Z",
  ].map((from): [string, unknown] => [`another form of time: ${from}`, { ...good, from }]),
  ["unix seconds where a time is due", { ...good, from: 1_763_920_800 }],
  [
    "a request at another form of time",
    line("gateway", "10:00-11:00", { requests: [{ at: "10:30", user: "k", class: "work" }] }),
  ],
  ["a log-in at another form of time", line("access", "10:00-11:00", { logins: ["yesterday"] })],
  ["a model minute at another form of time", line("model", "10:00-11:00", { minutes: ["2026-11-23T18:04Z"] })],
  ["a sprint event at another form of time", line("gateway", "10:00-11:00", { sprintEvents: ["2026-11-23"] })],
  ["from after to", { ...good, from: day("11:00:00.001") }],
  ["a uid that is no text", { ...good, uid: 7 }],
  ["no uid", { source: "access", ...span }],
  ["no from", { uid: "tn_a", source: "access", to: span.to }],
  ["no to", { uid: "tn_a", source: "access", from: span.from }],
  ["a list that is none", { uid: "tn_a", source: "access", ...span, logins: day("10:30") }],
  ["a list of null", { uid: "tn_a", source: "access", ...span, logins: null }],
  ["a sample with a text", { uid: "tn_a", source: "railway", ...span, appSamples: [["1763920800", 0.4]] }],
  ["a sample of null", { uid: "tn_a", source: "railway", ...span, tunnelSamples: [[1_763_920_800, null]] }],
  ["a sample of one number", { uid: "tn_a", source: "railway", ...span, appSamples: [[1_763_920_800]] }],
  ["a sample of three numbers", { uid: "tn_a", source: "railway", ...span, appSamples: [[1_763_920_800, 1, 2]] }],
  ["a sample of milliseconds", { uid: "tn_a", source: "railway", ...span, appSamples: [[1_763_920_800_000, 1]] }],
  ["samples that are no list", { uid: "tn_a", source: "railway", ...span, appSamples: { 1763920800: 0.4 } }],
  ["a user that is a number", { uid: "tn_a", source: "gateway", ...span, requests: [{ at: span.from, user: 3, class: "work" }] }],
  ["a list instead of an object", [good]],
  ["null", null],
  ["a number", 3],
];

/** Lines at the edge of what is evidence. */
export const acceptedLines: [string, unknown][] = [
  ["a key that is not documented", { ...good, comment: "by hand" }],
  ["a missing list", { uid: "tn_a", source: "gateway", ...span }],
  ["missing samples", { uid: "tn_a", source: "railway", ...span }],
  ["three digits of fraction", { ...good, from: "2026-11-23T09:59:59.999Z" }],
  ["one digit of fraction", { ...good, from: "2026-11-23T09:59:59.9Z" }],
  ["from equal to to", { ...good, from: good.to }],
  ["29 February of a leap year", { ...good, from: "2024-02-29T00:00:00Z", to: "2024-02-29T01:00:00Z" }],
  ["a request without a user", { uid: "tn_a", source: "gateway", ...span, requests: [{ at: span.from, class: "work" }] }],
  ["a line end inside a text", { ...good, requests: [{ at: span.from, user: "k\u2028f", class: "work" }] }],
];
