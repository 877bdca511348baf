import type { Random } from "./random.ts";
import type { RawLine } from "./verdicts-naive.ts";

const minute = 60_000;
const hour = 60 * minute;

/** Random evidence of one tenant: nasty, but near enough to life that every kind of verdict comes up. */
export function randomTenant(random: Random, uid: string): RawLine[] {
  // Where little happens, an answer hangs on one edge of one record; where much happens, that is drowned.
  const calm = random.chance(0.5);
  const hours = random.int(1, 6);
  // Sometimes over the end of a day, a month or a year.
  const begin = random.pick([
    Date.UTC(2026, 10, 23, 10),
    Date.UTC(2026, 10, 30, 21),
    Date.UTC(2026, 11, 31, 22),
    Date.UTC(2026, 10, 23, random.int(0, 23)),
  ]);
  const time = new Times(random, begin, begin + hours * hour, calm);
  const railway = random.chance(0.95) ? railwayLines(random, time, uid) : [];
  const lines = [...railway, ...gatewayLines(random, time, uid), ...otherLines(random, time, uid)];
  return lines.length > 0 ? random.shuffle(lines) : [{ uid, source: "state", ...time.span(), state: "active" }];
}

/** Instants that lie where readings differ: on edges, a millisecond beside them, and a rule's number of minutes away. */
class Times {
  readonly begin: number;
  readonly end: number;
  readonly calm: boolean;
  readonly #random: Random;
  readonly #used: number[] = [];
  constructor(random: Random, begin: number, end: number, calm: boolean) {
    this.#random = random;
    this.begin = begin;
    this.end = end;
    this.calm = calm;
  }

  instant(): number {
    const { int, pick, chance } = this.#random;
    const aHour = this.begin + int(-1, Math.ceil((this.end - this.begin) / hour)) * hour;
    const anywhere = int(this.begin - 40 * minute, this.end + 20 * minute);
    const used = this.#used[int(0, Math.max(0, this.#used.length - 1))] ?? anywhere;
    const base = pick([anywhere, anywhere - (anywhere % minute), aHour, aHour, used]);
    const away = pick([0, 0, 0, 1, -1, 2, -2, 3, -3, 5, -5, 6, -6, 11, 12, 13, 29, 30, 31, -29, -30, -31]) * minute;
    const at = base + (chance(0.5) ? away : 0) + pick([0, 0, 0, 0, 1, -1, 500]);
    this.#used.push(at);
    return at;
  }

  text(at = this.instant()): string {
    const text = new Date(at).toISOString();
    return at % 1000 === 0 && this.#random.chance(0.7)
      ? text.replace(".000Z", "Z")
      : text.replace(/0{1,2}Z$/, "Z").replace(/\.Z$/, ".0Z");
  }

  texts(most: number): string[] {
    return Array.from({ length: this.#random.int(0, most) }, () => this.text());
  }

  /** Half of the spans cover the whole time, so that records are complete often enough. */
  span(whole = 0.5): { from: string; to: string } {
    if (this.#random.chance(whole))
      return { from: this.text(this.begin - this.#random.int(0, 2) * 31 * minute), to: this.text(this.end) };
    const ends = [this.instant(), this.instant()].sort((one, other) => one - other);
    const [from = 0, to = 0] = this.#random.chance(0.05) ? [ends[0], ends[0]] : ends;
    return { from: this.text(from), to: this.text(to) };
  }
}

type Mode = "awake" | "asleep" | "noApp" | "gap";

/** What the minutes are like: runs of any length, and at hours' begins the short awake tails that the quiet tail is about. */
function modesOf(random: Random, count: number, firstHour: number, calm: boolean): Mode[] {
  const modes: Mode[] = [];
  while (modes.length < count) {
    const mode = calm ? random.pick<Mode>(["asleep", "noApp"]) : random.pick<Mode>(["awake", "asleep", "asleep", "noApp", "gap"]);
    modes.push(...new Array<Mode>(random.pick([1, 2, 3, 6, 11, 12, 13, 20, 30, 60, 90])).fill(mode));
  }
  for (let h = firstHour; h < count; h += 60) {
    if (random.chance(0.5)) continue;
    const awake = random.pick([0, 1, 2, 11, 12, 13, random.int(1, 30)]);
    const before = random.pick<Mode>(["awake", "awake", "asleep", "noApp", "gap"]);
    const after = random.pick<Mode>(["asleep", "asleep", "noApp", "gap"]);
    modes.fill(before, Math.max(0, h - random.pick([1, 8, 20])), h);
    modes.fill("awake", h, h + awake);
    modes.fill(after, h + awake, h + awake + random.pick([1, 15, 70]));
  }
  return modes.slice(0, count);
}

function railwayLines(random: Random, time: Times, uid: string): RawLine[] {
  const app: [number, number][] = [];
  const tunnel: [number, number][] = [];
  const appThere = time.calm ? 1 : random.pick([0, 0.3, 0.95, 1]);
  const tunnelEvery = random.pick([1, 1, 4, 9, 12]);
  const first = time.begin - 10 * minute;
  for (const [index, mode] of modesOf(random, (time.end - first) / minute + 15, 10, time.calm).entries()) {
    const at = (first + index * minute) / 1000;
    if (mode === "gap") continue;
    const seconds = at + random.pick([0, 0, 1, 30, 59, 59.999]);
    const value = mode === "awake" ? random.pick([0.4, 0.4, 0.0101, 0.010000001]) : random.pick([0, 0, 0.01, 0.0099]);
    if (mode === "awake" || (mode === "asleep" && random.chance(appThere))) app.push([seconds, value]);
    if (random.chance(time.calm ? 0.001 : 0.01)) app.push([at + random.int(0, 59), random.pick([0, 0.5])]);
    if (index % tunnelEvery === 0 && random.chance(0.97)) tunnel.push([seconds, random.pick([0, 0.05])]);
  }
  const intervals = recordOf(random, time, uid, time.calm ? 1.6 : 0.7);
  // Each sample is on some line, whether or not it lies in that line's interval.
  return intervals.map((line, part) => {
    if (line.source === "state") return line;
    const own = (_: unknown, index: number) => (index * 7 + (index >> 3)) % intervals.length === part || intervals.length === 2;
    const samples = app.filter(own);
    return {
      ...line,
      source: "railway",
      ...(samples.length > 0 || random.chance(0.5) ? { appSamples: random.chance(0.2) ? random.shuffle(samples) : samples } : {}),
      tunnelSamples: tunnel.filter(own),
    };
  });
}

/** Lines of one source without facts: the whole time, some spans, or pieces that touch, overlap, or leave a gap, which off time may fill. */
function recordOf(random: Random, time: Times, uid: string, whole = 0.4): RawLine[] {
  if (random.chance(time.calm ? whole / 2 : whole)) return [{ uid, source: "", ...time.span(1) }];
  if (random.chance(0.5)) return Array.from({ length: random.int(1, 2) }, () => ({ uid, source: "", ...time.span(0.2) }));
  const lines: RawLine[] = [];
  const cuts = Array.from({ length: random.int(1, 3) }, () => time.instant()).sort((one, other) => one - other);
  let from = time.begin - random.int(0, 1) * 31 * minute;
  for (const cut of cuts) {
    if (cut < from) continue;
    const gap = random.pick([0, 0, 1, -1, minute, 7 * minute, -40 * minute]);
    lines.push({ uid, source: "", from: time.text(from), to: time.text(cut) });
    if (gap > 0 && random.chance(0.6)) {
      const off = { from: time.text(cut - random.pick([0, 0, -1, 1])), to: time.text(cut + gap + random.pick([0, 0, 1, 500])) };
      if (off.from <= off.to) lines.push({ uid, source: "state", ...off, state: "suspended" });
    }
    from = cut + gap;
  }
  lines.push({ uid, source: "", from: time.text(from), to: time.text(Math.max(from, time.end)) });
  return lines;
}

/** Gives the record its source and its facts; state lines stay as they are. */
function withFacts(lines: readonly RawLine[], source: string, facts: () => Partial<RawLine>): RawLine[] {
  return lines.map((line) => (line.source === "state" ? line : { ...line, source, ...facts() }));
}

function gatewayLines(random: Random, time: Times, uid: string): RawLine[] {
  if (random.chance(0.5)) return [];
  const quiet = random.chance(time.calm ? 0.8 : 0.5);
  return withFacts(recordOf(random, time, uid), "gateway", () => {
    const requests = Array.from({ length: quiet ? 0 : random.int(0, 5) }, () => ({
      at: time.text(),
      ...random.pick<{ user?: string | null }>([{ user: "k3f" }, { user: "k3f" }, { user: " " }, { user: null }, { user: "" }]),
      class: random.pick(["navigation", "work", "generatedApp", "poll", "static", "probe", "public"]),
    }));
    return {
      ...(requests.length > 0 || random.chance(0.5) ? { requests } : {}),
      ...(random.chance(0.3) ? { sprintEvents: time.texts(2) } : {}),
    };
  });
}

function otherLines(random: Random, time: Times, uid: string): RawLine[] {
  const lines: RawLine[] = [];
  const some = (probability: number, most: number) => (random.chance(probability) ? random.int(1, most) : 0);
  if (random.chance(0.6)) {
    const logins = random.chance(time.calm ? 0.2 : 0.5) ? 3 : 0;
    lines.push(...withFacts(recordOf(random, time, uid), "access", () => ({ logins: time.texts(logins) })));
  }
  if (random.chance(0.5)) {
    const minutes = random.chance(time.calm ? 0.2 : 0.6) ? 4 : 0;
    lines.push(...withFacts(recordOf(random, time, uid), "model", () => ({ minutes: time.texts(minutes) })));
  }
  for (let n = some(0.4, 3); n > 0; n--) {
    const from = time.instant();
    const to = from + random.pick([0, 1, minute, 3 * minute, 7 * minute, 40 * minute, random.int(0, 2 * hour)]);
    lines.push({ uid, source: "ours", kind: random.pick(["deploy", "incident"]), from: time.text(from), to: time.text(to) });
  }
  for (let n = some(0.3, 3); n > 0; n--) {
    const off = random.chance(0.5)
      ? { from: time.text(time.begin - minute), to: time.text(time.end - random.int(0, 3) * 20 * minute) }
      : time.span(0.1);
    if (off.from <= off.to)
      lines.push({ uid, source: "state", ...off, state: random.pick(["active", "suspended", "retained", "offboarding"]) });
  }
  return lines;
}
