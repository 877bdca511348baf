/** For the tests of recovery.ts: stand-ins for the engine and for Cloudflare that answer as told and write down what they were asked. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { memoryClock } from "../domain/clock.ts";
import type { Healing, HeldObject } from "../infra/edge-healing.ts";
import type { CloudflareObject } from "../vendors/cloudflare/objects.ts";
import type { Context } from "./context.ts";
import type { Edge } from "./edge.ts";
import type { StackEnvironment } from "./environment.ts";
import { heal, healDeleting, type Run } from "./recovery.ts";

export const began = Date.parse("2026-11-24T12:00:00Z");
export const tunnelType = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
/** What a person was told. */
export let said: string[];
let folder: string;

/** A fresh folder with the stand-in engine for each test of the file. */
export function beginAnew(): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "fleet-recovery-test-"));
    said = [];
    await answer("stack", { out: exported() });
    // Each answers from its file once it has been asked as often as the file's number says, else as last time.
    await writeFile(
      join(folder, "pulumi"),
      [
        "#!/bin/sh",
        `cd '${folder}'`,
        'printf "%s\\n" "$*" >> asked',
        'n=$(grep -c "^$1 " asked)',
        'for word in "$@"; do case $last in --file) cp "$word" imported ;; --import-file) cp wanted "$word" ;; esac; last=$word; done',
        '[ -f "$1.$n.err" ] && { cat "$1.$n.err" >&2; exit 255; }',
        '[ -f "$1.out" ] && cat "$1.out"',
        "exit 0",
      ].join("\n"),
    );
    await chmod(join(folder, "pulumi"), 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
}

export const exported = (...types: string[]) =>
  JSON.stringify({ deployment: { pending_operations: types.map((type) => ({ type })) } });
export const answer = (command: string, { out }: { out: string }) => writeFile(join(folder, `${command}.out`), out);
/** The nth call of a command is refused with these words. */
export const refuse = (command: string, nth: number, words: string) => writeFile(join(folder, `${command}.${nth}.err`), words);

/** A file beside the stand-in engine: `asked` (its command lines), `imported`. */
export const readScene = (name: string) => readFile(join(folder, name), "utf8");
/** What the engine would make, as it writes it for an import. */
export const wants = (resources: readonly unknown[], more = {}) =>
  writeFile(join(folder, "wanted"), JSON.stringify({ ...more, resources }));

/** What the engine was asked, by first words; `run` stands for the run itself. */
export async function asked(): Promise<string[]> {
  const lines = (await readFile(join(folder, "asked"), "utf8")).trim().split("\n");
  return lines.map((line) => line.split(" ")[0] ?? "");
}

/** A run that came through, or failed with these words. */
export const ran = (stderr = "", more: Partial<Run> = {}): Run => ({
  ...{ code: stderr === "" ? 0 : 255, stderr, stopped: false, madeAtEdge: false },
  ...more,
});

const nothing: Healing = { imports: new Map(), gone: [], drifted: [], twins: [], spare: [], left: [] };
export const object: CloudflareObject = {
  ...{
    kind: "tunnel",
    id: "t1",
    name: "acme",
    type: "",
    comment: "",
    domain: "",
    created: "",
    running: false,
    appCount: 0,
    document: "{}",
  },
};
export const heldAs = (urn: string, kind: "tunnel" | "policy", wanted: boolean, more: Partial<HeldObject> = {}) => ({
  ...{ kind, urn: `urn:pulumi:prod::fleet::t::${urn}`, id: "x1", key: `${kind} x`, dying: false, needed: false, wanted },
  ...more,
});

/** Cloudflare, of which each comparison says the next of these (the last one again and again), or which does not answer. */
export class FakeEdge implements Edge {
  readonly log: string[] = [];
  readonly #comparisons: readonly Partial<Healing>[];
  readonly #answers: boolean;
  #compared = 0;
  readonly failures: string[] = [];

  constructor(comparisons: readonly Partial<Healing>[] = [{}], answers = true) {
    this.#comparisons = comparisons;
    this.#answers = answers;
  }

  get #last(): Healing {
    return { ...nothing, ...this.#comparisons[Math.min(this.#compared, this.#comparisons.length) - 1] };
  }
  get unsettled() {
    const { twins, left, gone } = this.#compared === 0 ? nothing : this.#last;
    return twins.length + left.length + gone.length > 0;
  }
  async look() {
    this.log.push("look");
    if (!this.#answers) this.fail("no answer");
    return this.#answers ? [object] : undefined;
  }
  compare() {
    this.#compared++;
    return this.#last;
  }
  suspicious() {
    return this.#comparisons.length > 1;
  }
  async tidy() {
    this.log.push("tidy");
  }
  async isGone() {
    return true;
  }
  fail(message: string) {
    this.failures.push(message);
    said.push(message);
  }
}

export interface Given {
  readonly force?: boolean;
  readonly user?: NodeJS.ProcessEnv;
  readonly edge?: FakeEdge | null;
  /** A run that only deletes. */
  readonly deleting?: boolean;
  /** The state before a run that only deletes. */
  readonly state?: string;
}

/** Heals with a run whose outcomes are given, the last one for all that follow. */
export function healed(
  outcomes: readonly (string | Run)[],
  { force = false, user = {}, edge = new FakeEdge(), deleting = false, state = exported() }: Given = {},
) {
  const process = { env: user };
  const context = { process, root: folder, say: (text: string) => void said.push(text) } as unknown as Context;
  const engine = { pulumi: join(folder, "pulumi") };
  const whole = { stack: "prod", engine, env: { PATH: "/usr/bin:/bin" } } as unknown as StackEnvironment;
  let runs = 0;
  const run = async () => {
    await writeFile(join(folder, "asked"), "run \n", { flag: "a" });
    const outcome = outcomes[Math.min(runs++, outcomes.length - 1)] ?? "";
    return typeof outcome === "string" ? ran(outcome) : outcome;
  };
  const together = (first: Run, second: Run) => ({ ...second, stderr: `${first.stderr}, then ${second.stderr}` });
  if (deleting) return healDeleting(context, whole, { exported: state, edge: edge ?? undefined, together }, run);
  return heal(context, whole, { force, began, clock: memoryClock(began), edge: edge ?? undefined, together }, run);
}
