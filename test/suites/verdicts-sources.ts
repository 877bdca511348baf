import { access, awake, day, example, gateway, line, literal, metrics, model, ours, sprints, state } from "./verdicts-scene.ts";

/** Awake for a reason of ours: uptime says idle, so that the other sources decide. */
const calm = [awake("10:20-10:30"), ours("10:20-10:30")];

/** "Sources". */
export const sourceExamples = [
  example("railwayUptime: awake and unexplained wins over unmeasured", 10, "railwayUptime", [
    metrics({ awake: ["10:20-10:25"], record: "10:00-10:40" }),
    access(),
  ]),
  example("railwayUptime: unmeasured is unknown", 10, "unknown", [metrics({ awake: [], record: "10:00-10:40" }), access()]),
  example("railwayUptime: an unmeasured minute that is not judged does not count", 10, "idle", [
    metrics({ awake: ["10:20-10:30"], record: "10:00-10:40" }),
    ours("10:20-10:30"),
    access(),
    state("10:40-11:00"),
  ]),
  example("railwayUptime: all asleep or explained is idle", 10, "idle", [...calm, access()]),

  example("cloudflareSessions: a request in h", 10, "cloudflareSessions", [...calm, gateway("00:00-23:00", "10:25")]),
  example("cloudflareSessions: a request at h", 10, "cloudflareSessions", [...calm, gateway("00:00-23:00", "10:00")]),
  example("cloudflareSessions: a request a millisecond before h", 10, "idle", [...calm, gateway("00:00-23:00", "09:59:59.999")]),
  example("cloudflareSessions: a request in the last millisecond", 10, "cloudflareSessions", [
    ...calm,
    gateway("00:00-23:00", "10:59:59.999"),
  ]),
  example("cloudflareSessions: a request at the next hour", 10, "idle", [...calm, gateway("00:00-23:00", "11:00")]),
  example("cloudflareSessions: a request outside its own line's interval counts", 10, "cloudflareSessions", [
    ...calm,
    gateway("12:00-13:00", "10:25"),
  ]),
  example("cloudflareSessions: gateway record covers h, idle", 10, "idle", [...calm, gateway()]),
  example("cloudflareSessions: gateway record covers h, a log-in there is not asked for", 10, "idle", [
    ...calm,
    gateway(),
    access("00:00-23:00", "10:25"),
  ]),
  example("cloudflareSessions: a log-in outside the gateway's record", 10, "cloudflareSessions", [
    ...calm,
    gateway("09:00-10:50"),
    access("00:00-23:00", "10:50"),
  ]),
  example("cloudflareSessions: a log-in inside the gateway's record", 10, "unknown", [
    ...calm,
    gateway("09:00-10:50"),
    access("00:00-23:00", "10:49:59.999"),
  ]),
  example("cloudflareSessions: a log-in without gateway", 10, "cloudflareSessions", [...calm, access("00:00-23:00", "10:25")]),
  example("cloudflareSessions: a log-in outside its own line's interval counts", 10, "cloudflareSessions", [
    ...calm,
    access("12:00-13:00", "10:25"),
  ]),
  example("cloudflareSessions: no gateway in h and the Access record covers h, idle", 10, "idle", [
    ...calm,
    access("10:00-11:00"),
  ]),
  example("cloudflareSessions: with a gateway in h the Access record is not enough", 10, "unknown", [
    ...calm,
    gateway("09:00-10:50"),
    access(),
  ]),
  example("cloudflareSessions: a gateway that ended long ago is still one", 10, "unknown", [
    ...calm,
    gateway("08:00-09:00"),
    access(),
  ]),
  example("cloudflareSessions: an empty gateway line makes a gateway", 10, "unknown", [
    ...calm,
    gateway("09:00-09:00"),
    access(),
  ]),
  example("cloudflareSessions: neither record, unknown", 10, "unknown", calm),
  example("cloudflareSessions: part of the Access record missing, unknown", 10, "unknown", [...calm, access("09:00-10:30")]),

  example("sprintActivity: with neither model record nor gateway in h not counted", 10, "idle", [
    ...calm,
    access(),
    sprints("11:00-12:00", "10:25"),
  ]),
  example("sprintActivity: a sprint event in h", 10, "sprintActivity", [...calm, sprints("00:00-23:00", "10:25")]),
  example("sprintActivity: a sprint event at the next hour", 10, "idle", [...calm, sprints("00:00-23:00", "11:00")]),
  example("sprintActivity: a sprint event needs no user", 10, "sprintActivity", [
    ...calm,
    access(),
    model(),
    sprints("11:00-12:00", "10:25"),
  ]),
  example("sprintActivity: a model minute that is awake", 10, "sprintActivity", [
    ...calm,
    access(),
    model("00:00-23:00", "10:25:59"),
  ]),
  example("sprintActivity: a model minute that is asleep", 10, "idle", [...calm, access(), model("00:00-23:00", "10:45")]),
  example("sprintActivity: a model minute that is unmeasured", 10, "sprintActivity", [
    metrics({ awake: ["10:20-10:25"], record: "10:00-10:45" }),
    ours("10:20-10:25"),
    access(),
    model("00:00-23:00", "10:45"),
  ]),
  example("sprintActivity: the model record covers h, idle", 10, "idle", [...calm, access(), model("09:30-11:00")]),
  example("sprintActivity: the model record does not cover h, unknown", 10, "unknown", [
    ...calm,
    access(),
    model("09:00-10:59:59.999"),
  ]),
  example("sprintActivity: the model record counts, not the gateway's", 10, "unknown", [
    ...calm,
    gateway(),
    model("09:00-10:30"),
  ]),
  example("sprintActivity: without a model record the gateway's counts", 10, "unknown", [...calm, gateway("09:00-10:30")]),
  example("sprintActivity: a model record that begins with the next hour is none", 10, "idle", [
    ...calm,
    gateway(),
    model("11:00-12:00"),
  ]),
  example("sprintActivity: the model record covers h but for off time", 10, "idle", [
    ...calm,
    access(),
    model("09:00-10:50"),
    state("10:50-11:00"),
  ]),
  example("sprintActivity: a model minute outside its own line's interval counts", 10, "sprintActivity", [
    ...calm,
    access(),
    model("09:00-09:30", "10:25"),
  ]),
  example("only a rule's sources count", 10, "idle", [...calm, gateway("00:00-23:00", "10:25")], {
    ...literal,
    sources: ["sprintActivity"],
  }),
];

const silent = [metrics({}), access()];

/** "Verdict(h)". */
export const verdictExamples = [
  example("no judged minute in h: idle, though nothing is known", 10, "idle", [
    line("state", "10:00-11:00", { state: "suspended" }),
  ]),
  example("no judged minute in h: idle without contradiction, an activity between off times too", 10, "idle", [
    ...silent,
    gateway("00:00-23:00", "10:30:30"),
    state("10:00-10:30:30"),
    state("10:30:30.001-11:00"),
  ]),
  example("every minute shares time with off time: idle", 10, "idle", [
    awake("10:00-11:00"),
    ...Array.from({ length: 60 }, (_, minute) =>
      state(`10:${String(minute).padStart(2, "0")}:30-10:${String(minute).padStart(2, "0")}:30.001`),
    ),
  ]),
  example("every judged minute asleep: idle, whatever else is missing", 10, "idle", [metrics({})]),
  example("every judged minute asleep: one is enough, the others are off", 10, "idle", [
    metrics({ awake: ["10:00-10:59"] }),
    state("10:00-10:59"),
  ]),
  example("contradiction: a request while asleep", 10, "contradiction", [...silent, gateway("00:00-23:00", "10:30")]),
  example("contradiction: a log-in while asleep", 10, "contradiction", [metrics({}), access("00:00-23:00", "10:30")]),
  example("contradiction: a sprint event while asleep", 10, "contradiction", [...silent, sprints("12:00-13:00", "10:30")]),
  example("contradiction: a model minute while asleep", 10, "contradiction", [...silent, model("00:00-23:00", "10:30")]),
  example("contradiction: not by a request of another class", 10, "idle", [
    ...silent,
    line("gateway", "00:00-23:00", { requests: [{ at: day("10:30"), user: "k3f", class: "poll" }] }),
  ]),
  example("contradiction: not by our deployment", 10, "idle", [...silent, ours("10:30-10:40")]),
  example("contradiction: not by an activity in off time", 10, "idle", [
    ...silent,
    gateway("00:00-23:00", "10:30"),
    state("10:30-10:31"),
  ]),
  example("contradiction: not by an activity of the next hour", 10, "idle", [...silent, gateway("00:00-23:00", "11:00")]),
  example("contradiction: a log-in inside the gateway's record too", 10, "contradiction", [
    metrics({}),
    gateway(),
    access("00:00-23:00", "10:30"),
  ]),
  example("contradiction is false where one minute is awake", 10, "idle", [...calm, access(), model("00:00-23:00", "10:45")]),
  example(
    "because lists the active sources in order",
    10,
    "railwayUptime+cloudflareSessions+sprintActivity",
    [awake("10:20-10:30"), access("00:00-23:00", "10:22"), model("00:00-23:00", "10:25")],
    literal,
  ),
  example("active wins over unknown", 10, "sprintActivity", [...calm, model("00:00-23:00", "10:25")]),
  example("not all counted sources idle: unknown", 10, "unknown", [metrics({ record: "10:00-10:30" }), access()]),
  example("a tenant of which nothing is known in h: unknown", 10, "unknown", [access("12:00-13:00")]),
];
