import { access, awake, example, gateway, line, literal, metrics, model, ours, state } from "./verdicts-scene.ts";

/** Only uptime can decide: the Access record is complete and nothing else is known. */
const uptime = (...spans: string[]) => [awake(...spans), access()];

/** Quiet tail and what is undecided. */
export const tailExamples = [
  example("quiet tail: awake before h, asleep at h + 12: explained", 10, "idle", uptime("09:50-10:12")),
  example("quiet tail: h + 13 is too late", 10, "railwayUptime", uptime("09:50-10:13")),
  example("quiet tail: e = h + 1", 10, "idle", uptime("09:59-10:01")),
  example("quiet tail: the minute before h asleep, it says nothing", 10, "railwayUptime", uptime("10:00-10:05")),
  example("quiet tail: only the minutes before e", 10, "railwayUptime", uptime("09:50-10:05", "10:06-10:07")),
  example("quiet tail: for an hour without gateway only", 10, "railwayUptime", [awake("09:50-10:12"), gateway()]),
  example("quiet tail: a gateway that begins with the next hour is none", 10, "idle", [
    awake("09:50-10:12"),
    access(),
    gateway("11:00-12:00"),
  ]),
  example("quiet tail: a gateway that begins in the hour's last millisecond is one", 10, "unknown", [
    awake("09:50-10:12"),
    access(),
    gateway("10:59:59.999-12:00"),
  ]),
  example(
    "quiet tail: the minute before h unmeasured, undecided",
    10,
    "unknown",
    uptimeWith({ awake: ["10:00-10:05"], record: "10:00-13:00" }),
  ),
  example("quiet tail: e unmeasured though not judged, undecided", 10, "unknown", [
    metrics({ awake: ["09:50-10:05"], record: "08:00-10:05" }),
    metrics({ record: "10:30-13:00" }),
    state("10:05-10:30"),
    access(),
  ]),
  example("quiet tail: e asleep in off time, explained", 10, "idle", [...uptime("09:50-10:05"), state("10:05-10:30")]),
  example("quiet tail: e unmeasured and the minute before h asleep, it says nothing", 10, "railwayUptime", [
    metrics({ awake: ["10:00-10:05"], record: "08:00-10:05" }),
    access(),
  ]),
  example("an explained minute is never undecided", 10, "idle", [
    ...uptimeWith({ awake: ["10:00-10:05"], record: "10:00-13:00" }),
    ours("09:50-09:59"),
  ]),
  example("quiet tail: none under the literal rule", 10, "railwayUptime", uptime("09:50-10:05"), literal),

  example("undecided: part of [m − tail, h) outside the Access record", 10, "unknown", [
    awake("10:20-10:21"),
    access("09:50:00.001-23:00"),
  ]),
  example("undecided: [m − tail, h) inside the Access record to the millisecond", 10, "railwayUptime", [
    awake("10:20-10:21"),
    access("09:50-23:00"),
  ]),
  example("undecided: only if m < h + tail", 10, "railwayUptime", [awake("10:30-10:31"), access("10:00-23:00")]),
  example("undecided: the last minute that is", 10, "unknown", [awake("10:29-10:30"), access("10:00-23:00")]),
  example("undecided: a hole in the middle", 10, "unknown", [awake("10:20-10:26"), access("09:00-09:55"), access("09:56-23:00")]),
  example("undecided: a record that begins after h", 10, "unknown", [awake("10:20-10:30"), access("10:59-23:00")]),
  example("undecided: with no record at all nothing is", 10, "railwayUptime", [awake("10:20-10:30")]),
  example("undecided: an Access record that begins with the next hour is none", 10, "railwayUptime", [
    awake("10:20-10:30"),
    access("11:00-23:00"),
  ]),
  example("undecided: the model record if the tenant has one in h", 10, "unknown", [
    awake("10:20-10:30"),
    access(),
    model("10:00-23:00"),
  ]),
  example("undecided: a model record that begins with the next hour is none", 10, "railwayUptime", [
    awake("10:20-10:30"),
    access(),
    model("11:00-23:00"),
  ]),
  example("undecided: the gateway's record if it has one in h", 10, "unknown", [
    awake("10:20-10:30"),
    access(),
    gateway("10:00-23:00"),
  ]),
  example("undecided: the Access record does not matter beside a gateway", 10, "railwayUptime", [
    awake("10:20-10:30"),
    access("10:00-23:00"),
    gateway(),
  ]),
  example("undecided: a record that ends with h was complete up to h", 10, "railwayUptime", [
    awake("10:20-10:21"),
    gateway(),
    model("09:30-10:00"),
  ]),
  example("undecided: off time before h is not left out", 10, "unknown", [
    awake("10:20-10:30"),
    access("10:00-23:00"),
    state("08:00-10:00"),
  ]),
  example("undecided: one awake minute that is unexplained and not undecided is enough", 10, "railwayUptime", [
    awake("10:20-10:31"),
    access("10:00-23:00"),
  ]),
  example("undecided: the earliest line of a source may be empty", 10, "unknown", [
    awake("10:20-10:30"),
    line("access", "10:30-10:30"),
    line("access", "12:00-13:00"),
  ]),
];

function uptimeWith(rest: Parameters<typeof metrics>[0]) {
  return [metrics(rest), access()];
}
