/** The points that go through `fleet up`, on one stack that is put back to the beginning of the point's phase each time. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withContents } from "./crash-contents.ts";
import { filesBefore, filesOf, slug } from "./crash-files.ts";
import { type Calls, count, type Phase, type Point, phases, type Vendor, writes } from "./crash-points.ts";
import { livingAt, settled, textsOf, volumesOf } from "./crash-settled.ts";
import { wrong } from "./crash-wrong.ts";
import { type Answer, EditedStack, told } from "./edits-stack.ts";

/** At most so many runs of `up` after the one that went wrong. */
const mostRuns = 2;

/** A phase of a life in which nothing goes wrong. */
export interface Clean {
  readonly calls: Calls;
  readonly living: readonly string[];
}

export class CrashEngine {
  #started: Promise<EditedStack> | undefined;
  /** Of the phases that were lived so far, in their order. */
  readonly #clean: Clean[] = [];
  /** Without a clean life: the phases whose beginning is kept, with what lived after the first point that came through. */
  readonly #kept = new Map<Phase, readonly string[] | undefined>();
  /** The phase that the stack has come through by a point. */
  #over: Phase | undefined;

  async end(): Promise<void> {
    const stack = await this.#started?.catch(() => undefined);
    this.#started = undefined;
    this.#clean.length = 0;
    this.#kept.clear();
    this.#over = undefined;
    await stack?.end();
  }

  #stack(before: Phase): Promise<EditedStack> {
    this.#started ??= (async () => {
      const stack = await EditedStack.start(filesBefore(before));
      try {
        await came(stack);
        return stack;
      } catch (error) {
        await stack.end();
        throw error;
      }
    })();
    return this.#started;
  }

  /** The phase as it goes when nothing goes wrong; lived once, after those before it. */
  async clean(phase: Phase): Promise<Clean> {
    const stack = await this.#stack("create");
    if (this.#clean.length === 0) await stack.save("create", withContents);
    for (let index = this.#clean.length; index <= phases.indexOf(phase); index++) {
      const current = phases[index];
      if (!current) break;
      await begin(stack, current);
      const before = await askedOf(stack);
      await came(stack);
      const after = await askedOf(stack);
      const asked = (vendor: Vendor) => count(after[vendor].slice(before[vendor].length));
      const calls = { railway: asked("railway"), cloudflare: asked("cloudflare"), openrouter: asked("openrouter") };
      this.#clean.push({ calls, living: textsOf(await livingAt(stack)) });
      const next = phases[index + 1];
      if (next) await stack.save(next, withContents);
    }
    const lived = this.#clean[phases.indexOf(phase)];
    ok(lived, `bug: ${phase} was not lived`);
    return lived;
  }

  /** The point where the clean life has come to its phase; afterwards the same must live as in that life. */
  async run(point: Point): Promise<void> {
    const stack = await this.#anew(async () => {
      await this.clean(point.phase);
      const stack = await this.#stack("create");
      await begin(stack, point.phase);
      return stack;
    });
    const { living } = await this.clean(point.phase);
    await went(stack, point);
    deepStrictEqual(textsOf(await livingAt(stack)), living);
  }

  /** The point without a clean life: where another point of its phase began, else after a point of the phase before, else on a stack made as it is before the
   *  phase. Afterwards the same must live as after the first point of its phase that came through. */
  async runShort(point: Point): Promise<void> {
    const { phase } = point;
    const stack = await this.#anew(() => (this.#kept.has(phase) ? this.#again(phase) : this.#first(phase)));
    this.#over = undefined;
    await went(stack, point);
    const living = textsOf(await livingAt(stack));
    deepStrictEqual(living, this.#kept.get(phase) ?? living);
    this.#kept.set(phase, living);
    this.#over = phase;
  }

  async #again(phase: Phase): Promise<EditedStack> {
    const stack = await this.#stack(phase);
    await begin(stack, phase);
    return stack;
  }

  async #first(phase: Phase): Promise<EditedStack> {
    if (this.#over === undefined || phases[phases.indexOf(this.#over) + 1] !== phase) await this.end();
    const stack = await this.#stack(phase);
    await stack.save(phase, withContents);
    this.#kept.set(phase, undefined);
    stack.write(filesOf(phase));
    return stack;
  }

  /** Whatever an earlier point has done to the stack: this one gets another. */
  #anew(begun: () => Promise<EditedStack>): Promise<EditedStack> {
    return begun().catch(async () => {
      await this.end();
      return begun();
    });
  }

  /** Another machine's lock stops `up` before it changes anything and stays; in CI, where only one job works on a stack, an old one is broken. */
  async foreignLock(): Promise<void> {
    if (this.#clean.length === 0 && this.#over === undefined) await this.end();
    const stack = await this.#stack("create");
    if (this.#clean.length > 0) await begin(stack, "create");
    const file = join(stack.locks, "6f1a0b7e-0000-4000-a000-000000000001.json");
    mkdirSync(stack.locks, { recursive: true });
    const lock = { pid: process.pid, username: "runner", hostname: "another-machine", timestamp: "2026-01-01T00:00:00Z" };
    writeFileSync(file, JSON.stringify(lock));
    try {
      const [before, state] = [await writtenTo(stack), stack.deployment()];
      const refused = await stack.begin(["up", "sandbox"], { CI: "" }).answer;
      strictEqual(refused.code, 1, told(refused));
      match(refused.err, /another-machine/);
      match(refused.err, /fleet up sandbox --recover/);
      ok(existsSync(file), "the lock of another machine was broken");
      deepStrictEqual(stack.deployment(), state);
      deepStrictEqual(await writtenTo(stack), before);
      const inCi = await stack.begin(["up", "sandbox"], { CI: "true" }).answer;
      strictEqual(inCi.code, 0, told(inCi));
      ok(!existsSync(file), "the old lock is still there");
    } finally {
      rmSync(file, { force: true });
    }
  }
}

/** Back to where the phase begins, with its files written; something lies on every volume. */
async function begin(stack: EditedStack, phase: Phase): Promise<void> {
  await stack.restore(phase);
  stack.write(filesOf(phase));
}

/** The phase with the point's fault in it, and what the runs after it have made of it. */
async function went(stack: EditedStack, point: Point): Promise<void> {
  const before = volumesOf(await livingAt(stack));
  const first = await wrong(stack, point);
  await healed(stack, first);
  const after = volumesOf(await livingAt(stack));
  for (const [id, { project, files }] of before)
    if (point.phase !== "delete" || !project.endsWith(`-${slug}`))
      deepStrictEqual(after.get(id)?.files, files, "what lay on a volume is lost");
  if (first.code !== 0) return settled(stack);
  // What a run got over by itself it may have left for the next one to clear up.
  await settled(stack).catch(async () => {
    await came(stack);
    await settled(stack);
  });
}

/** `up` again, at most twice, until one ends well: not at all where nothing was killed and the run got over it by itself. */
async function healed(stack: EditedStack, first: Answer): Promise<void> {
  let last = first;
  for (let run = 0; run < mostRuns && last.code !== 0; run++) last = await stack.fleet("up", "sandbox");
  strictEqual(last.code, 0, `the first run:\n${told(first)}\nand ${mostRuns} more did not heal it:\n${told(last)}`);
}

async function came(stack: EditedStack): Promise<void> {
  const answer = await stack.fleet("up", "sandbox");
  strictEqual(answer.code, 0, told(answer));
}

async function askedOf(stack: EditedStack): Promise<Record<Vendor, string[]>> {
  return {
    railway: await stack.calls("railway"),
    cloudflare: await stack.calls("cloudflare"),
    openrouter: await stack.calls("openrouter"),
  };
}

async function writtenTo(stack: EditedStack): Promise<string[]> {
  return Object.values(await askedOf(stack)).flatMap((asked) => asked.filter(writes));
}
