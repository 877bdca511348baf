/** A second reading of VERDICT.md, minute by minute and slow on purpose: every question is put to all raw lines of the file again.
 *  It shares no code with billing/, else both would be wrong together; what it does not do is validate. */

export interface RawLine {
  readonly uid: string;
  readonly source: string;
  readonly from: string;
  readonly to: string;
  readonly kind?: string;
  readonly state?: string;
  readonly appSamples?: readonly (readonly [number, number])[];
  readonly tunnelSamples?: readonly (readonly [number, number])[];
  readonly requests?: readonly { readonly at: string; readonly user?: string | null; readonly class: string }[];
  readonly sprintEvents?: readonly string[];
  readonly logins?: readonly string[];
  readonly minutes?: readonly string[];
}

export interface RawRule {
  readonly name: string;
  readonly sources: readonly string[];
  readonly awakeAboveGB: number;
  readonly measuredWithinMinutes: number;
  readonly tailMinutes: number;
  readonly skewMinutes: number;
  readonly quietTailMinutes: number;
  readonly countingClasses: readonly string[];
}

export interface RawVerdict {
  readonly uid: string;
  readonly hour: string;
  readonly verdict: string;
  readonly because: readonly string[];
  readonly uptimeOnly: boolean;
  readonly contradiction: boolean;
  readonly rule: string;
}

const minute = 60_000;
const hour = 60 * minute;

/** All verdicts of a file's lines, in the order of the page. */
export function naiveVerdicts(lines: readonly RawLine[], rule: RawRule, range?: { from: string; to: string }): RawVerdict[] {
  const uids = [...new Set(lines.map((line) => line.uid))].sort(byCodePoints);
  return uids.flatMap((uid) => {
    const own = lines.filter((line) => line.uid === uid);
    const tenant = tenantOf(own, rule);
    return hoursOf(own, range).map((h) => ({ uid, ...tenant.verdict(h) }));
  });
}

function hoursOf(lines: readonly RawLine[], range: { from: string; to: string } | undefined): number[] {
  const hours = new Set<number>();
  if (range) {
    for (let h = Math.ceil(Date.parse(range.from) / hour) * hour; h < Date.parse(range.to); h += hour) hours.add(h);
    return [...hours];
  }
  for (const line of lines) {
    const from = Date.parse(line.from);
    const to = Date.parse(line.to);
    for (let h = from - (from % hour); h < to; h += hour) if (from < to) hours.add(h);
    const facts = [
      ...[...(line.appSamples ?? []), ...(line.tunnelSamples ?? [])].map(([seconds]) => Math.floor(seconds) * 1000),
      ...[...(line.requests ?? []).map((request) => request.at), ...(line.sprintEvents ?? [])].map(Date.parse),
      ...[...(line.logins ?? []), ...(line.minutes ?? [])].map((text) => Date.parse(text)),
    ];
    for (const at of facts) hours.add(at - (at % hour));
  }
  return [...hours].sort((one, other) => one - other);
}

function tenantOf(lines: readonly RawLine[], rule: RawRule) {
  const of = (source: string) => lines.filter((line) => line.source === source);
  const within = (line: RawLine, t: number) => Date.parse(line.from) <= t && t < Date.parse(line.to);
  const isOff = (t: number) => of("state").some((line) => line.state !== "active" && within(line, t));
  const recorded = (source: string, t: number) => of(source).some((line) => within(line, t));
  /** Between two neighbouring edges nothing changes, so asking at each edge asks everywhere. */
  const edges = lines.flatMap((line) => [Date.parse(line.from), Date.parse(line.to)]);
  const everywhere = (from: number, to: number, holds: (t: number) => boolean) =>
    from >= to || [from, ...edges.filter((t) => from < t && t < to)].every(holds);
  const startOf = (text: string) => Date.parse(text) - (Date.parse(text) % minute);
  const minuteOf = ([seconds]: readonly [number, number]) => (Math.floor(seconds) - (Math.floor(seconds) % 60)) * 1000;

  const requests = of("gateway")
    .flatMap((line) => line.requests ?? [])
    .filter((request) => request.user !== null && request.user !== undefined && request.user !== "")
    .filter((request) => rule.countingClasses.includes(request.class))
    .map((request) => Date.parse(request.at));
  const sprints = of("gateway").flatMap((line) => (line.sprintEvents ?? []).map((text) => Date.parse(text)));
  const logins = of("access").flatMap((line) => (line.logins ?? []).map((text) => Date.parse(text)));
  const models = of("model").flatMap((line) => (line.minutes ?? []).map(startOf));
  const activities = [...requests, ...sprints, ...logins, ...models];
  const causes = [
    ...activities.map((a) => [a, a] as const),
    ...of("ours").map((line) => [Date.parse(line.from), Date.parse(line.to)] as const),
  ];
  const appSamples = of("railway").flatMap((line) => line.appSamples ?? []);
  const tunnelMinutes = of("railway").flatMap((line) => (line.tunnelSamples ?? []).map(minuteOf));

  const states = new Map<number, "awake" | "asleep" | "unmeasured">();
  const look = (m: number) => {
    const values = appSamples.filter((sample) => minuteOf(sample) === m).map(([, memory]) => memory);
    if (values.some((memory) => memory > rule.awakeAboveGB)) return "awake";
    const near = tunnelMinutes.some((other) => Math.abs(other - m) <= rule.measuredWithinMinutes * minute);
    const inside = everywhere(m, m + minute, (t) => recorded("railway", t));
    return inside && (values.length > 0 || near) ? "asleep" : "unmeasured";
  };
  const state = (m: number) => {
    const known = states.get(m) ?? look(m);
    states.set(m, known);
    return known;
  };
  const isJudged = (m: number) => everywhere(m, m + minute, (t) => !isOff(t));

  const has = (source: string, h: number) => of(source).some((line) => Date.parse(line.from) < h + hour);
  const covers = (source: string, h: number) => everywhere(h, h + hour, (t) => isOff(t) || recorded(source, t));
  const inHour = (h: number) => (t: number) => h <= t && t < h + hour && !isOff(t);

  const byCause = (m: number) =>
    rule.tailMinutes > 0 &&
    causes.some(([x, y]) => x <= m + minute + rule.skewMinutes * minute && m < y + rule.tailMinutes * minute);
  const byQuietTail = (m: number, h: number): "explained" | "undecided" | "nothing" => {
    if (has("gateway", h)) return "nothing";
    let e = h;
    while (state(e) === "awake") e += minute;
    if (!(h < e && e <= h + rule.quietTailMinutes * minute) || m >= e) return "nothing";
    const before = state(h - minute);
    if (before === "awake" && state(e) === "asleep") return "explained";
    return before === "asleep" ? "nothing" : "undecided";
  };
  const causeUnseen = (m: number, h: number) => {
    const tail = rule.tailMinutes * minute;
    if (m >= h + tail) return false;
    const records: string[] = [];
    if (has("model", h)) records.push("model");
    if (has("gateway", h)) records.push("gateway");
    else if (has("access", h)) records.push("access");
    return records.some((source) => !everywhere(m - tail, h, (t) => recorded(source, t)));
  };
  const meaning = (m: number, h: number): "asleep" | "unmeasured" | "explained" | "undecided" | "unexplained" => {
    const measured = state(m);
    if (measured !== "awake") return measured;
    const quiet = byQuietTail(m, h);
    if (byCause(m) || quiet === "explained") return "explained";
    return quiet === "undecided" || causeUnseen(m, h) ? "undecided" : "unexplained";
  };

  const judgedMinutes = (h: number) => Array.from({ length: 60 }, (_, i) => h + i * minute).filter(isJudged);
  const railwayUptime = (h: number) => {
    const meanings = judgedMinutes(h).map((m) => meaning(m, h));
    if (meanings.includes("unexplained")) return "active";
    return meanings.includes("undecided") || meanings.includes("unmeasured") ? "unknown" : "idle";
  };
  const cloudflareSessions = (h: number) => {
    if (requests.some(inHour(h))) return "active";
    if (has("gateway", h) && covers("gateway", h)) return "idle";
    if (logins.filter(inHour(h)).some((t) => !recorded("gateway", t))) return "active";
    return !has("gateway", h) && covers("access", h) ? "idle" : "unknown";
  };
  const sprintActivity = (h: number) => {
    if (!has("model", h) && !has("gateway", h)) return "not counted";
    if (sprints.some(inHour(h)) || models.filter(inHour(h)).some((m) => state(m) !== "asleep")) return "active";
    return covers(has("model", h) ? "model" : "gateway", h) ? "idle" : "unknown";
  };

  const verdict = (h: number) => {
    const answer = (verdict: string, because: string[] = [], contradiction = false) => ({
      hour: `${new Date(h).toISOString().slice(0, 13)}Z`,
      verdict,
      because,
      uptimeOnly: because.join() === "railwayUptime",
      contradiction,
      rule: rule.name,
    });
    const judged = judgedMinutes(h);
    if (judged.length === 0) return answer("idle");
    if (judged.every((m) => state(m) === "asleep")) return answer("idle", [], activities.some(inHour(h)));
    const answers = Object.entries({ railwayUptime, cloudflareSessions, sprintActivity })
      .filter(([name]) => rule.sources.includes(name))
      .map(([name, ask]) => [name, ask(h)] as const)
      .filter(([, said]) => said !== "not counted");
    const active = answers.filter(([, said]) => said === "active").map(([name]) => name);
    if (active.length > 0) return answer("active", active);
    return answer(answers.every(([, said]) => said === "idle") ? "idle" : "unknown");
  };
  return { verdict };
}

function byCodePoints(one: string, other: string): number {
  const left = [...one].map((character) => character.codePointAt(0) ?? 0);
  const right = [...other].map((character) => character.codePointAt(0) ?? 0);
  for (let i = 0; i < Math.min(left.length, right.length); i++) if (left[i] !== right[i]) return (left[i] ?? 0) - (right[i] ?? 0);
  return left.length - right.length;
}
