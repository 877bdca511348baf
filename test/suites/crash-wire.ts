/** The points that go over gRPC: a tenant's resources at Railway and OpenRouter, each point in a sandbox of its own that begins where the phase does. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../cli/context.ts";
import { planFleet } from "../../infra/plan.ts";
import type { PlannedResource } from "../../infra/planned.ts";
import { methodNames, type Settings } from "../../infra/settings.ts";
import { stackSettings } from "../../infra/settings-file.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { openMembers } from "../../tenants/open.ts";
import { resolveStack } from "../../tenants/resolve.ts";
import { withContents } from "./crash-contents.ts";
import { filesOf, slug } from "./crash-files.ts";
import { alone, count, type Phase, type Point, phases, type Recorded } from "./crash-points.ts";
import { nothing, Plugins, type State, WireEngine } from "./crash-wire-engine.ts";
import { livingOf } from "./crash-world.ts";
import { Folder } from "./edits-files.ts";

const faults = { "killed before": "hold", "killed after": "holdAnswer", "answer lost": "dropAnswer" } as const;
const driven = ["railway", "openrouter"] as const;
const mostRuns = 2;
/** What an engine needs at least until its plugins ask anything; the sandbox's time would stand still meanwhile. */
const startMs = 2_000;

interface Lived {
  /** Where it began: the sandbox's state.json (undefined: a fresh one) and what the engine had written down. */
  readonly begin: Begin;
  readonly living: readonly string[];
  readonly calls: Pick<Recorded[Phase], (typeof driven)[number]>;
}
interface Begin {
  readonly vendors: string | undefined;
  readonly state: State;
}

export class CrashWire {
  readonly #folder = new Folder();
  readonly #settings: Settings;
  readonly #lived: Lived[] = [];
  #next: Begin = { vendors: undefined, state: nothing };

  constructor() {
    const settings = stackSettings(root, "sandbox");
    const [stable = ""] = Object.values(settings.releases);
    const releases = { ...settings.releases, beta: stable.replace(/..$/, "bb") };
    this.#settings = { ...settings, releases, protect: true, personalData: "plain" };
  }

  end(): void {
    this.#folder.end();
  }

  /** The phase as it goes when nothing goes wrong; lived once, after those before it. */
  async clean(phase: Phase): Promise<Lived> {
    for (let index = this.#lived.length; index <= phases.indexOf(phase); index++) {
      const current = phases[index];
      if (!current) break;
      const begin = this.#next;
      const resources = await this.#plan(current);
      const { state, vendors, living, calls } = await inSandbox(begin, async (sandbox) => {
        const plugins = new Plugins(sandbox.env);
        try {
          const engine = new WireEngine(plugins, begin.state);
          await engine.up(resources, this.#settings.protect);
          const asked = (vendor: (typeof driven)[number]) =>
            count(sandbox.vendors[vendor].calls.map(({ operation }) => operation));
          return {
            state: engine.state,
            living: livingIn(sandbox),
            calls: { railway: asked("railway"), openrouter: asked("openrouter") },
          };
        } finally {
          await plugins.kill();
        }
      });
      this.#lived.push({ begin, living, calls });
      this.#next = { vendors: withContents(vendors), state };
    }
    const lived = this.#lived[phases.indexOf(phase)];
    ok(lived, `bug: ${phase} was not lived`);
    return lived;
  }

  async run(point: Point): Promise<void> {
    const { begin, living } = await this.clean(point.phase);
    const resources = await this.#plan(point.phase);
    const { protect } = this.#settings;
    await inSandbox(begin, async (sandbox) => {
      const first = await wrong(sandbox, point, begin.state, (engine) => engine.up(resources, protect));
      let state = first.state;
      let failure: unknown;
      for (let run = 0; run < mostRuns && (run === 0 || failure !== undefined); run++) {
        sandbox.clock.set(sandbox.clock.now() + startMs);
        const plugins = new Plugins(sandbox.env);
        const engine = new WireEngine(plugins, state);
        try {
          failure = undefined;
          await engine.up(resources, protect).catch((error: unknown) => {
            failure = error;
          });
          state = engine.state;
          if (failure !== undefined) continue;
          deepStrictEqual(livingIn(sandbox), living);
          deepStrictEqual(state.pending, []);
          await engine.refresh();
          deepStrictEqual(await engine.preview(resources), [], "a further run would change something");
        } finally {
          await plugins.kill();
        }
      }
      strictEqual(failure, undefined, `the first run: ${first.said}\nand ${mostRuns} more did not heal it: ${String(failure)}`);
    });
  }

  async #plan(phase: Phase): Promise<readonly PlannedResource[]> {
    const settings = this.#settings;
    const files = this.#folder.read(settings.stack, filesOf(phase));
    ok(files, "bug: the loader does not take the files");
    const tenants = await openMembers(
      resolveStack(files, { ...settings, loginMethods: methodNames(settings.loginMethods) }),
      async () => "",
    );
    const uids = new Set(tenants.filter((one) => one.slug === slug).map(({ uid }) => String(uid)));
    return planFleet(settings, tenants).tenants.flatMap(({ uid, resources }) => (uids.has(uid) ? resources : []));
  }
}

/** The run in which the point's call goes wrong, and what the engine had written down by then. */
async function wrong(
  sandbox: Sandbox,
  { vendor, operation, nth, effect }: Point,
  before: State,
  up: (engine: WireEngine) => Promise<void>,
): Promise<{ readonly state: State; readonly said: string }> {
  ok(effect !== alone, "bug: here nobody outlives the engine");
  const ordered = sandbox.vendors[vendor].faults;
  ordered.add({ operation, nth, effect: faults[effect] });
  const plugins = new Plugins(sandbox.env);
  const engine = new WireEngine(plugins, before);
  let said: string | undefined;
  const running = up(engine).then(
    () => {
      said = "it ended well";
    },
    (error: unknown) => {
      said = String(error);
    },
  );
  while (said === undefined && (effect === "answer lost" || ordered.list().length > 0))
    await Promise.race([running, new Promise((done) => setTimeout(done, 5))]);
  // Engine and plugins die together: what is not written down by now never is.
  const state = engine.state;
  const ended = said;
  await plugins.kill();
  await running;
  ok(ordered.list().length === 0, `the run never came to its call: ${said}`);
  ok(effect === "answer lost" || ended === undefined, `the run ended before it was killed: ${ended}`);
  return { state, said: said ?? "killed" };
}

function livingIn(sandbox: Sandbox): string[] {
  const states = Object.fromEntries(driven.map((vendor) => [vendor, sandbox.vendors[vendor].emulator.state()]));
  return livingOf(states).map(({ text }) => text);
}

/** Work in a sandbox that begins with this state; what it holds afterwards goes along with the result. */
async function inSandbox<Result>(
  { vendors }: Begin,
  work: (sandbox: Sandbox) => Promise<Result>,
): Promise<Result & { readonly vendors: string }> {
  const dir = mkdtempSync(join(tmpdir(), "fleet-crash-"));
  const file = join(dir, "state.json");
  try {
    if (vendors !== undefined) writeFileSync(file, vendors);
    const sandbox = await startSandbox({ dir });
    let result: Result;
    try {
      result = await work(sandbox);
    } finally {
      await sandbox.close();
    }
    return { ...result, vendors: readFileSync(file, "utf8") };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
