import {
  access,
  awake,
  day,
  example,
  fleet,
  gateway,
  line,
  literal,
  metrics,
  model,
  ours,
  request,
  sprints,
  state,
} from "./verdicts-scene.ts";

const used = ["10:20-10:40"];
/** Samples at clock times of a minute that has no others. */
const samples = (...list: [string, number][]) => list.map(([clock, value]) => [Date.parse(day(clock)) / 1000, value] as const);
const noAppAt = (minute: string, ...list: [string, number][]) => [
  metrics({ noApp: [minute] }),
  line("railway", "08:00-08:00", { appSamples: samples(...list) }),
  access(),
];
/** Only uptime can decide: the Access record is complete and nothing else is known. */
const uptime = (...spans: string[]) => [awake(...spans), access()];

/** Table of rules, and "Words" up to what is undecided. */
export const minuteExamples = [
  example("any activity makes a clock hour billable: memory alone", 10, "railwayUptime", uptime(...used)),
  example("an hour h is [h, h + 60 min): 10:59 belongs to it", 10, "railwayUptime", uptime("10:59-11:00")),
  example("an hour h is [h, h + 60 min): 11:00 does not", 10, "idle", uptime("11:00-11:59")),
  example("a click at 10:58 does not bill the next hour for its tail", 11, "idle", [
    awake("10:58-11:08"),
    gateway("00:00-23:59", "10:58"),
    access(),
  ]),
  example("a click at 10:58 bills its own hour", 10, "cloudflareSessions", [
    awake("10:58-11:08"),
    gateway("00:00-23:59", "10:58"),
    access(),
  ]),
  example(
    "the literal rule bills the tail of a click",
    11,
    "railwayUptime",
    [awake("10:58-11:08"), gateway("00:00-23:59", "10:58")],
    literal,
  ),
  example("the default rule does not bill time that we caused", 10, "idle", [...uptime("10:20-10:30"), ours("10:18-10:25")]),
  example(
    "the literal rule bills time that we caused",
    10,
    "railwayUptime",
    [...uptime("10:20-10:30"), ours("10:18-10:25")],
    literal,
  ),

  example("only minutes that share no time with off time are judged: awake while off", 10, "idle", [
    ...uptime(...used),
    state("10:20-10:40"),
  ]),
  example("a millisecond of off time takes a minute out", 10, "idle", [...uptime("10:20-10:21"), state("10:20:59.999-10:21:00")]),
  example("off time that begins with the next minute does not", 10, "railwayUptime", [
    ...uptime("10:20-10:21"),
    state("10:21-10:40"),
  ]),
  example("off time that ends with the minute before does not", 10, "railwayUptime", [
    ...uptime("10:20-10:21"),
    state("10:00-10:20"),
  ]),
  example("state active is not off", 10, "railwayUptime", [...uptime(...used), state("00:00-23:00", "active")]),
  example("retained is off", 10, "idle", [...uptime(...used), state("10:00-11:00", "retained")]),
  example("offboarding is off", 10, "idle", [...uptime(...used), state("10:00-11:00", "offboarding")]),
  example("where state lines overlap, not active wins", 10, "idle", [
    ...uptime(...used),
    state("00:00-23:00", "active"),
    state("10:00-11:00"),
    state("10:00-11:00", "active"),
  ]),
  example("an empty state line is no off time", 10, "railwayUptime", [...uptime("10:20-10:21"), state("10:20:30-10:20:30")]),
  example("covers h means the part of h that is not off: Access", 10, "idle", [
    awake("10:20-10:25"),
    ours("10:20-10:25"),
    access("09:00-10:50"),
    state("10:50-11:00"),
  ]),
  example("covers h means the part of h that is not off, to the millisecond", 10, "unknown", [
    awake("10:45-10:50"),
    ours("10:45-10:50"),
    access("09:00-10:50"),
    state("10:50:00.001-11:00"),
  ]),
  example("covers h: the gateway's record with off time", 10, "idle", [
    awake("10:20-10:25"),
    ours("10:20-10:25"),
    gateway("09:00-10:50"),
    state("10:50-11:00"),
  ]),
  example("covers h: a record that ends a millisecond early does not", 10, "unknown", [
    awake("10:20-10:25"),
    ours("10:20-10:25"),
    access("09:00-10:59:59.999"),
  ]),
  example("covers h: a record that begins a millisecond late does not", 10, "unknown", [
    awake("10:40-10:45"),
    ours("10:40-10:45"),
    access("10:00:00.001-11:00"),
  ]),
  example("covers h: two lines that touch add up by union", 10, "idle", [
    awake("10:20-10:25"),
    ours("10:20-10:25"),
    access("10:30-11:00"),
    access("09:00-10:30"),
  ]),

  example("a sample stands for the minute that it falls in", 10, "railwayUptime", noAppAt("10:20-10:21", ["10:20:59.999", 0.4])),
  example(
    "of several samples in one minute the highest counts",
    10,
    "railwayUptime",
    noAppAt("10:20-10:21", ["10:20:10", 0.4], ["10:20:50", 0]),
  ),
  example("the highest counts on different lines too", 10, "railwayUptime", [
    ...uptime(),
    line("railway", "08:00-09:00", { appSamples: samples(["10:20:10", 0.4]) }),
  ]),
  example("awake is above 0.01 GB: 0.01 is asleep", 10, "idle", noAppAt("10:20-10:21", ["10:20", 0.01])),
  example("awake is above 0.01 GB: a little more is awake", 10, "railwayUptime", noAppAt("10:20-10:21", ["10:20", 0.0100001])),
  example("awake needs no record", 10, "railwayUptime", [metrics({ awake: used, record: "10:50-11:00" }), access()]),
  example("asleep lies inside the railway record: a minute of it missing is unmeasured", 10, "unknown", [
    metrics({ record: "08:00-10:59" }),
    access(),
  ]),
  example("asleep lies inside as a whole: a millisecond missing is unmeasured", 10, "unknown", [
    metrics({ record: "10:00-10:59:59.999" }),
    access(),
  ]),
  example("asleep lies inside as a whole: a millisecond late is unmeasured", 10, "unknown", [
    metrics({ record: "10:00:00.001-11:00" }),
    access(),
  ]),
  example("two railway lines that touch inside a minute are one record", 10, "idle", [
    metrics({ record: "10:00-10:20:30.5" }),
    line("railway", "10:20:30.5-11:00"),
    access(),
  ]),
  example("asleep by an app sample alone, the tunnel far away", 10, "idle", [metrics({ noTunnel: ["08:00-13:00"] }), access()]),
  example("asleep by a tunnel sample 5 minutes before", 10, "idle", [
    metrics({ noApp: ["10:05-10:11"], noTunnel: ["10:06-10:16"] }),
    access(),
  ]),
  example("a tunnel sample 6 minutes away proves nothing", 10, "unknown", [
    metrics({ noApp: ["10:05-10:12"], noTunnel: ["10:06-10:17"] }),
    access(),
  ]),
  example("asleep by a tunnel sample 5 minutes after", 10, "idle", [
    metrics({ noApp: ["10:10-10:15"], noTunnel: ["09:00-10:15"] }),
    access(),
  ]),
  example("a tunnel sample 6 minutes after proves nothing", 10, "unknown", [
    metrics({ noApp: ["10:09-10:15"], noTunnel: ["09:00-10:15"] }),
    access(),
  ]),
  example("a tunnel sample of any value proves measuring", 10, "idle", [
    metrics({ noApp: ["10:00-11:00"], noTunnel: ["08:00-13:00"] }),
    line("railway", "08:00-08:00", {
      tunnelSamples: Array.from({ length: 8 }, (_, index) => [Date.parse(day("10:00")) / 1000 + index * 600 - 300, 0] as const),
    }),
    access(),
  ]),
  example("no sample of either is unmeasured", 10, "unknown", [
    metrics({ noApp: ["10:00-11:00"], noTunnel: ["08:00-13:00"] }),
    access(),
  ]),
  example("a fact outside its own line's interval counts but extends no record", 10, "unknown", [
    line("railway", "08:00-08:00", { appSamples: samples(["10:20", 0]) }),
    access(),
  ]),

  ...["navigation", "work", "generatedApp"].map((name) =>
    example(
      `a request of class ${name} means a person`,
      10,
      "railwayUptime+cloudflareSessions",
      [awake(...used), request(name, "k3f")],
      literal,
    ),
  ),
  ...["poll", "static", "probe", "public"].map((name) =>
    example(`a request of class ${name} does not mean a person`, 10, "railwayUptime", [awake(...used), request(name, "k3f")]),
  ),
  example("a user of null is no user", 10, "railwayUptime", [awake(...used), request("work", null)]),
  example('a user of "" is no user', 10, "railwayUptime", [awake(...used), request("work", "")]),
  example(
    "an activity in off time makes nothing active: a request",
    10,
    "railwayUptime",
    [awake("10:00-10:59"), gateway("00:00-23:00", "10:30"), state("10:30-10:31")],
    literal,
  ),
  example(
    "an activity in off time makes nothing active: a sprint event",
    10,
    "railwayUptime",
    [awake("10:00-10:59"), sprints("00:00-23:00", "10:30"), state("10:30-10:31")],
    literal,
  ),
  example(
    "an activity in off time makes nothing active: a log-in",
    10,
    "railwayUptime",
    [awake("10:00-10:59"), access("00:00-23:00", "10:30:59.999"), state("10:30-10:31")],
    literal,
  ),
  example(
    "an activity in off time makes nothing active: a model minute, taken at its start",
    10,
    "railwayUptime",
    [awake("10:00-10:59"), model("00:00-23:00", "10:30:50"), state("10:30-10:30:01")],
    literal,
  ),
  example(
    "a model minute whose start is not off is active though the minute is partly off",
    10,
    "railwayUptime+sprintActivity",
    [awake("10:00-10:59"), model("00:00-23:00", "10:30:50"), state("10:30:00.001-10:31")],
    literal,
  ),
  example("off time ends before `to`: an activity at its end counts", 10, "cloudflareSessions", [
    awake("10:31-10:35"),
    gateway("00:00-23:00", "10:31"),
    state("10:00-10:31"),
  ]),

  ...[
    ["a request", gateway("00:00-23:59", "09:50"), access()] as const,
    ["a sprint event", sprints("00:00-23:59", "09:50"), access()] as const,
    ["a log-in", access("00:00-23:59", "09:50")] as const,
    ["a model minute", model("00:00-23:59", "09:50:40"), access()] as const,
    ["our deployment", ours("09:40-09:50"), access()] as const,
    ["an incident", ours("09:40-09:50", "incident"), access()] as const,
  ].flatMap(([name, ...lines]) => [
    example(`explained: m < y + tail, ${name} at 09:50 explains 10:19`, 10, "idle", [awake("10:00-10:20"), ...lines]),
    example(`explained: m < y + tail, ${name} at 09:50 does not explain 10:20`, 10, "railwayUptime", [
      awake("10:00-10:21"),
      ...lines,
    ]),
  ]),
  example("explained: y + tail to the millisecond", 10, "idle", [...uptime("10:00-10:21"), ours("09:40-09:50:00.001")]),
  example("a cause in off time explains too", 10, "idle", [
    awake("10:00-10:20"),
    access("00:00-23:59", "09:50"),
    state("09:45-09:55"),
  ]),
  example("a model minute in off time explains too", 10, "idle", [
    awake("10:00-10:20"),
    access(),
    model("00:00-23:59", "09:50"),
    state("09:45-09:55"),
  ]),
  example("an empty `ours` interval is a cause at its instant", 10, "idle", [...uptime("10:00-10:20"), ours("09:50-09:50")]),
  example("explained: x ≤ m + 60 s + skew, the cause 3 minutes after the minute's start", 10, "idle", [
    ...uptime("10:20-10:40"),
    ours("10:23-10:24"),
  ]),
  example("explained: x ≤ m + 60 s + skew, a millisecond later is too late", 10, "railwayUptime", [
    ...uptime("10:20-10:40"),
    ours("10:23:00.001-10:24"),
  ]),
  example("explained: the cause may begin in the next hour", 10, "idle", [...uptime("10:59-11:10"), ours("11:02-11:03")]),
  example("explained: a request of another class is no cause", 10, "railwayUptime", [
    awake("10:00-10:20"),
    line("gateway", "00:00-23:00", { requests: [{ at: day("09:58"), user: "k3f", class: "poll" }] }),
  ]),
  example(
    "explained needs tailMinutes > 0: inside our own deployment too",
    10,
    "railwayUptime",
    [...uptime("10:20-10:30"), ours("10:00-11:00")],
    literal,
  ),
  example("a tail of 1 minute", 10, "railwayUptime", [...uptime("10:20-10:22"), ours("10:18-10:20")], {
    ...fleet,
    tailMinutes: 1,
  }),
];
