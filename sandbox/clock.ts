/** The sandbox's one virtual clock (DESIGN 3.5). A sleep is an open request; closing it cancels it, so nothing registers and a
 *  killed process leaves nothing behind. Time stands still while anybody works, and jumps when somebody only waits. */

/** Whatever has events of its own to let happen when time passes: emulators, played traffic, parked requests. */
export interface EventSource {
  nextDue(): number | undefined;
  runDue(): void;
}

interface Sleeper {
  readonly deadline: number;
  wake(): void;
}

/** How long no request may have arrived before time may jump, in real milliseconds. */
const quietMs = 25;
/** How often in a row nobody may be seen computing, where that is looked at, and how far apart: between two looks the requests that have come are taken in. */
const looks = 3;
const lookMs = 4;
/** Rounds of this process's loop before time is judged: when it was kept from running, its timers come before the requests that wait at its sockets
 *  since. One round takes a connection in, the next its request; one is for good measure. */
const rounds = 3;
/** The last instant that ISO 8601 writes with four digits of year: time never goes beyond it. */
const latestMs = Date.UTC(9999, 11, 31, 23, 59, 59);
/** A source whose events never move on would hang every jump: our own bug, said aloud instead. */
const maxEventsPerJump = 1_000_000;

export class VirtualClock {
  #now: number;
  #working = 0;
  #lastArrival = 0;
  #timer: NodeJS.Timeout | undefined;
  #round: NodeJS.Immediate | undefined;
  #pace: NodeJS.Timeout | undefined;
  readonly #sleepers = new Set<Sleeper>();
  readonly #sources: EventSource[] = [];
  readonly #parked = new Set<Sleeper>();
  /** Sleepers whose time never comes: they wait until their socket closes, and time does not jump for them. */
  readonly #endless = new Set<Sleeper>();

  readonly #isBusy: (() => boolean) | undefined;

  /** `isBusy`: whether a client computes in this moment; then time does not jump either. */
  constructor(startMs: number, isBusy?: () => boolean) {
    this.#now = startMs;
    this.#isBusy = isBusy;
  }

  readonly now = (): number => this.#now;

  /** How many clients sleep, for `status`. */
  get sleeping(): number {
    return this.#sleepers.size + this.#endless.size;
  }

  addSource(source: EventSource): void {
    this.#sources.push(source);
  }

  /** Waits until virtual time has reached `deadline`; aborting the signal (the client closed its socket) cancels without a trace. */
  sleepUntil(deadline: number, signal: AbortSignal): Promise<void> {
    return this.#enter(deadline <= latestMs ? this.#sleepers : this.#endless, deadline, signal);
  }

  /** A fault holds a request until `deadline`: its release is an event, never a reason to jump, and it does not count as work. */
  async park(deadline: number, signal: AbortSignal): Promise<void> {
    this.#working--;
    this.#arrange();
    try {
      await this.#enter(this.#parked, deadline, signal);
    } finally {
      this.#working++;
    }
  }

  /** A vendor request begins; the returned function ends it. */
  work(): () => void {
    this.#working++;
    this.#arrived();
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#working--;
      this.#arrange();
    };
  }

  /** Moves time forward, letting everything due on the way happen in order. Backwards, or beyond the year 9999, is refused with a RangeError. */
  set(epochMs: number): void {
    if (epochMs > latestMs) throw new RangeError(`the clock ends at ${iso(latestMs)}`);
    if (epochMs < this.#now) {
      throw new RangeError(
        `the clock stands at ${iso(this.#now)} and cannot go back to ${iso(epochMs)}; reset the sandbox first`,
      );
    }
    while (this.#now < epochMs) this.#runTo(epochMs);
    this.#runTo(epochMs);
    this.#arrived();
  }

  /** Puts the clock anywhere, for a sandbox that holds nothing yet. */
  restart(epochMs: number): void {
    this.#now = epochMs;
    this.#arrange();
  }

  /** From now on time passes at real pace (for a person) instead of standing still. */
  followRealTime(): void {
    let last = performance.now();
    this.#pace = setInterval(() => {
      const next = performance.now();
      this.#runTo(this.#now + Math.round(next - last));
      last = next;
    }, 100);
    this.#pace.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#round);
    clearInterval(this.#pace);
  }

  #enter(group: Set<Sleeper>, deadline: number, signal: AbortSignal): Promise<void> {
    this.#arrived();
    if (deadline <= this.#now) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        group.delete(sleeper);
        this.#arrange();
        reject(signal.reason);
      };
      const sleeper: Sleeper = {
        deadline,
        wake: () => {
          group.delete(sleeper);
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      group.add(sleeper);
      this.#arrange();
    });
  }

  #arrived(): void {
    this.#lastArrival = performance.now();
    this.#arrange();
  }

  /** Looks again as soon as a jump could be allowed. */
  #arrange(idleLooks = 0): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#round);
    if (this.#pace || this.#working > 0 || this.#sleepers.size === 0) return;
    const wait = Math.max(idleLooks === 0 ? 1 : lookMs, this.#lastArrival + quietMs - performance.now());
    this.#timer = setTimeout(() => this.#afterRounds(rounds, () => this.#judge(idleLooks)), wait);
  }

  #afterRounds(count: number, then: () => void): void {
    this.#round = setImmediate(() => (count > 1 ? this.#afterRounds(count - 1, then) : then()));
  }

  #judge(idleLooks: number): void {
    if (this.#working > 0 || this.#sleepers.size === 0) return;
    if (performance.now() - this.#lastArrival < quietMs) this.#arrange();
    else if (this.#isBusy?.()) this.#arrived();
    else if (this.#isBusy && idleLooks + 1 < looks) this.#arrange(idleLooks + 1);
    else {
      this.#runTo(Math.min(...[...this.#sleepers].map((sleeper) => sleeper.deadline)));
      // Those who were woken get the same quiet time to ask their next question before time moves again.
      this.#arrived();
    }
  }

  /** Time goes to `target`, or stops earlier where a parked request is released: its client should get the answer at that instant. */
  #runTo(target: number): void {
    for (let count = 0; count < maxEventsPerJump; count++) {
      const due = this.#earliest();
      if (due === undefined || due.at > target) {
        this.#now = Math.max(this.#now, target);
        this.#wake(this.#sleepers);
        return;
      }
      this.#now = Math.max(this.#now, due.at);
      if (due.source) due.source.runDue();
      else {
        this.#wake(this.#parked);
        this.#wake(this.#sleepers);
        return;
      }
    }
    throw new Error(`bug: an emulator's events do not move on at ${iso(this.#now)}`);
  }

  #earliest(): { at: number; source?: EventSource } | undefined {
    let first: { at: number; source?: EventSource } | undefined;
    for (const source of this.#sources) {
      const at = source.nextDue();
      if (at !== undefined && (first === undefined || at < first.at)) first = { at, source };
    }
    for (const { deadline } of this.#parked) if (first === undefined || deadline < first.at) first = { at: deadline };
    return first;
  }

  #wake(group: Set<Sleeper>): void {
    for (const sleeper of [...group]) if (sleeper.deadline <= this.#now) sleeper.wake();
  }
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
