/** What a command tells while it works: on a terminal one live line (listr2) with the time it took and the time left, elsewhere plain lines. All of it goes to
 *  stderr, so that stdout stays the answer. */
import { inWords, readDurations, recordDuration, secondsLeft } from "./durations.ts";
import type { LiveLine } from "./progress/live.ts";

/** Handed to every command as `context.progress`. */
export interface Progress {
  /** Names work that takes seconds: `key` under which its time is kept (`up sandbox`), and what is done first. Without it a command has its own name as key
   *  and is silent where there is no terminal. */
  begin(key: string, text: string): void;
  /** What is done now: a line of its own where there is no terminal. */
  step(text: string): void;
  /** Where the step stands; with how much of how much is done, the time left is reckoned from that. */
  detail(text: string, done?: number, total?: number): void;
  /** Writes to the terminal without the live line in the way. */
  around(write: () => void): void;
  /** From here on no live line: what follows writes to the terminal by itself. */
  plain(): void;
  /** Whether there is a live line, or would be. */
  readonly live: boolean;
}

/** For callers that are no command (tests, libraries): says nothing. */
export const silent: Progress = {
  begin: () => undefined,
  step: () => undefined,
  detail: () => undefined,
  around: (write) => write(),
  plain: () => undefined,
  live: false,
};

export interface ProgressOptions {
  /** Whose `.fleet/` keeps the times. */
  readonly root: string;
  /** The command's name. */
  readonly command: string;
  /** Draws the line; undefined where it may not move. */
  readonly draw: (() => Promise<LiveLine>) | undefined;
  readonly say: (text: string) => void;
}

/** Quick commands stay without a line that only flickers. */
const showAfterMs = 700;
const redrawMs = 200;
/** Between plain lines about a step that goes on: seldom once it is clear that it takes long. */
const lineEveryMs = (elapsed: number) => (elapsed < 60 ? 15_000 : 60_000);

/** The progress of one command; `end` is called once, when it is over. */
export function startProgress({ root, command, draw, say }: ProgressOptions): Progress & { end(done: boolean): void } {
  const started = performance.now();
  let key = command;
  let text = command;
  let told = "";
  let done = 0;
  let total = 0;
  let announced = false;
  let lastLine = started;
  let earlier: readonly number[] | undefined;
  let line: LiveLine | undefined;
  let live = draw !== undefined;

  const elapsed = () => (performance.now() - started) / 1000;
  const times = () => {
    earlier ??= readDurations(root)[key] ?? [];
    return timesInWords(elapsed(), secondsLeft(elapsed(), done, total, earlier), earlier.length > 0);
  };
  const tell = () => {
    lastLine = performance.now();
    const about = times();
    say(`${[text, told].filter(Boolean).join(": ")} …${about === "" ? "" : ` (${about})`}`);
  };
  const tick = () => {
    if (!live) {
      if (announced && performance.now() - lastLine >= lineEveryMs(elapsed())) tell();
    } else line?.set(`${times() || inWords(elapsed())} · ${[text, told].filter(Boolean).join(": ")}`);
  };
  const show = async () => {
    if (!live || draw === undefined) return;
    const made = await draw();
    if (!live) return made.end();
    line = made;
    tick();
  };
  const timer = setTimeout(() => void show(), showAfterMs).unref();
  const interval = setInterval(tick, redrawMs).unref();
  const stop = () => {
    live = false;
    line?.end();
    line = undefined;
  };
  const progress = {
    begin(name: string, first: string) {
      key = name;
      earlier = undefined;
      progress.step(first);
    },
    step(next: string) {
      if (next === text && announced) return;
      [text, told, done, total, announced] = [next, "", 0, 0, true];
      if (live) tick();
      else tell();
    },
    detail(where: string, doneNow = 0, ofTotal = 0) {
      [told, done, total] = [where, doneNow, ofTotal];
    },
    around(write: () => void) {
      line?.clear();
      write();
    },
    plain: stop,
    get live() {
      return live;
    },
    end(ok: boolean) {
      clearTimeout(timer);
      clearInterval(interval);
      stop();
      // What is over at once needs no estimate.
      if (ok && elapsed() >= 1) recordDuration(root, key, elapsed());
    },
  };
  return progress;
}

function timesInWords(elapsed: number, left: number | undefined, known: boolean): string {
  const so = elapsed < 1 ? undefined : `${inWords(elapsed)} so far`;
  const rest = left === undefined ? (known && elapsed >= 1 ? "longer than usual" : undefined) : `about ${inWords(left)} left`;
  return [so, rest].filter(Boolean).join(", ");
}
