/** Where billing periods begin and end, in epoch seconds UTC. */
export interface Cycle {
  readonly interval: "day" | "week" | "month" | "year";
  readonly count: number;
  readonly anchor: number;
  /** The wanted day of the month, which a short month clamps: an anchor on the 31st comes back to the 31st. */
  readonly day?: number | undefined;
}

/** The first boundary after `time`. */
export function boundaryAfter(cycle: Cycle, time: number): number {
  let step = estimate(cycle, time) - 2;
  while (boundary(cycle, step) <= time) step += 1;
  return boundary(cycle, step);
}

/** The last boundary before `time`. */
export function boundaryBefore(cycle: Cycle, time: number): number {
  let step = estimate(cycle, time) + 2;
  while (boundary(cycle, step) >= time) step -= 1;
  return boundary(cycle, step);
}

/** The next instant, not before `from`, with that day of the month and time of day. What is not given is taken from `from`. */
export function nextAnchor(
  from: number,
  config: {
    readonly day_of_month: number;
    readonly hour?: number | null;
    readonly minute?: number | null;
    readonly second?: number | null;
  },
): number {
  const date = new Date(from * 1000);
  const timeOfDay =
    (config.hour ?? date.getUTCHours()) * 3600 +
    (config.minute ?? date.getUTCMinutes()) * 60 +
    (config.second ?? date.getUTCSeconds());
  for (let month = 0; ; month++) {
    const at = onDay(date.getUTCFullYear(), date.getUTCMonth() + month, config.day_of_month) + timeOfDay;
    if (at >= from) return at;
  }
}

function boundary(cycle: Cycle, step: number): number {
  const steps = step * cycle.count;
  if (cycle.interval === "day") return cycle.anchor + steps * 86_400;
  if (cycle.interval === "week") return cycle.anchor + steps * 7 * 86_400;
  const date = new Date(cycle.anchor * 1000);
  const months = cycle.interval === "year" ? steps * 12 : steps;
  return onDay(date.getUTCFullYear(), date.getUTCMonth() + months, cycle.day ?? date.getUTCDate()) + (cycle.anchor % 86_400);
}

function estimate(cycle: Cycle, time: number): number {
  const days = { day: 1, week: 7, month: 30.44, year: 365.25 }[cycle.interval] * cycle.count;
  return Math.floor((time - cycle.anchor) / (days * 86_400));
}

/** Start of that day, or of the month's last where it is shorter. */
function onDay(year: number, month: number, day: number): number {
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(day, last)) / 1000;
}
