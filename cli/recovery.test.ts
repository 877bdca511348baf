/** What `fleet up` does after a killed run, with a stand-in for the engine that answers as told and writes down what it was asked. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { memoryClock } from "../domain/clock.ts";
import { OperatorError } from "../domain/error.ts";
import type { Healing } from "../infra/edge-healing.ts";
import type { CloudflareObject } from "../vendors/cloudflare/objects.ts";
import type { Context } from "./context.ts";
import type { Edge } from "./edge.ts";
import type { StackEnvironment } from "./environment.ts";
import { heal, type Run } from "./recovery.ts";

const began = Date.parse("2026-11-24T12:00:00Z");
const tunnel = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
let folder: string;
let said: string[];

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

const exported = (...types: string[]) => JSON.stringify({ deployment: { pending_operations: types.map((type) => ({ type })) } });
const answer = (command: string, { out }: { out: string }) => writeFile(join(folder, `${command}.out`), out);
/** The nth call of a command is refused with these words. */
const refuse = (command: string, nth: number, words: string) => writeFile(join(folder, `${command}.${nth}.err`), words);

/** What the engine was asked, by first words; `run` stands for the run itself. */
async function asked(): Promise<string[]> {
  const lines = (await readFile(join(folder, "asked"), "utf8")).trim().split("\n");
  return lines.map((line) => line.split(" ")[0] ?? "");
}

const locked = (host: string, pid: number, at = "2026-11-24T11:59:00Z") =>
  `error: the stack is currently locked by 1 lock(s). Either wait …\n  file:///s/0a.json: created by runner@${host} (pid ${pid}) at ${at}\n`;
const dead = 2 ** 22 + 7;

/** A run that came through, or failed with these words. */
const ran = (stderr = "", more: Partial<Run> = {}): Run => ({
  ...{ code: stderr === "" ? 0 : 255, stderr, stopped: false, madeAtEdge: false },
  ...more,
});

const nothing: Healing = { imports: new Map(), gone: [], drifted: [], twins: [], spare: [], left: [] };
const object: CloudflareObject = {
  ...{ kind: "tunnel", id: "t1", name: "acme", type: "", comment: "", created: "", running: false, appCount: 0, document: "{}" },
};
const heldAs = (urn: string, kind: "tunnel" | "policy", wanted: boolean) => ({
  ...{ kind, urn: `urn:pulumi:prod::fleet::t::${urn}`, id: "x1", key: `${kind} x`, dying: false, wanted },
});

/** Cloudflare, of which each comparison says the next of these (the last one again and again), or which does not answer. */
class FakeEdge implements Edge {
  readonly log: string[] = [];
  readonly #comparisons: readonly Partial<Healing>[];
  readonly #answers: boolean;
  #compared = 0;
  blind = false;

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
    this.blind = true;
    said.push(message);
  }
}

interface Given {
  readonly force?: boolean;
  readonly user?: NodeJS.ProcessEnv;
  readonly edge?: FakeEdge | null;
}

/** Heals with a run whose outcomes are given, the last one for all that follow. */
function healed(outcomes: readonly (string | Run)[], { force = false, user = {}, edge = new FakeEdge() }: Given = {}) {
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
  return heal(context, whole, { force, began, clock: memoryClock(began), edge: edge ?? undefined, together }, run);
}

test("a stack without anything left is only run", async () => {
  expect(await healed([""])).toEqual(ran());
  expect(await asked()).toEqual(["stack", "run"]);
  expect(said).toEqual([]);
});

test("a failure that is no lock is handed on, and only looked at", async () => {
  const edge = new FakeEdge();
  expect(await healed(["error: update failed"], { edge })).toEqual(ran("error: update failed"));
  expect(await asked()).toEqual(["stack", "run", "stack"]);
  expect(edge.log).toEqual(["look", "look", "tidy"]);
});

test("creates of which nobody knows are settled before the run, else it would make them again", async () => {
  await answer("stack", { out: exported("updating", "creating") });
  await healed([""]);
  expect(await asked()).toEqual(["stack", "refresh", "stack", "run"]);
  expect(await readFile(join(folder, "asked"), "utf8")).toContain("refresh --yes --skip-preview --clear-pending-creates");
});

test("updates that were under way need no settling", async () => {
  await answer("stack", { out: exported("updating") });
  await healed([""]);
  expect(await asked()).toEqual(["stack", "run"]);
});

test("the lock of a dead process of this machine is broken, what it left is settled, and the run is made", async () => {
  expect(await healed([locked(hostname(), dead), ""])).toEqual(ran());
  expect(await asked()).toEqual(["stack", "run", "cancel", "refresh", "stack", "run"]);
  expect(said[0]).toContain(`runner@${hostname()} (pid ${dead}) of 2026-11-24T11:59:00.000Z`);
});

test.each<[string, string, NodeJS.ProcessEnv]>([
  ["a living process of this machine", locked(hostname(), process.pid), {}],
  ["a living process of this machine, in CI", locked(hostname(), process.pid), { CI: "true" }],
  ["another machine", locked("elsewhere", 1), {}],
  ["another machine, where CI is switched off", locked("elsewhere", 1), { CI: "false" }],
  ["another machine that began later, in CI", locked("elsewhere", 1, "2026-11-24T12:00:01Z"), { CI: "true" }],
  ["somebody whom Pulumi Cloud does not name", "error: [409] Conflict: Another update is currently in progress.", { CI: "true" }],
])("the lock of %s stays, and the refusal is the outcome", async (_, message, user) => {
  expect(await healed([message], { user })).toEqual(ran(message));
  expect(await asked()).toEqual(["stack", "run"]);
});

test("in CI, where one run at a time works on a stack, the older lock of another machine is broken, and named", async () => {
  await healed([locked("fv-az12", 2100), ""], { user: { CI: "true" } });
  expect(await asked()).toEqual(["stack", "run", "cancel", "refresh", "stack", "run"]);
  expect(said[0]).toBe("nobody works behind the lock of runner@fv-az12 (pid 2100) of 2026-11-24T11:59:00.000Z: breaking it");
});

test("a lock that is met while settling is judged by the same rule", async () => {
  await answer("stack", { out: exported("creating") });
  await refuse("refresh", 1, locked("fv-az12", 2100));
  await healed([""], { user: { CI: "true" } });
  expect(await asked()).toEqual(["stack", "refresh", "cancel", "refresh", "stack", "run"]);
});

test("one that may be somebody's ends the command there, with the way out, and without a run", async () => {
  await answer("stack", { out: exported("creating") });
  await refuse("refresh", 1, locked("elsewhere", 1));
  const error = await healed([""]).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(OperatorError);
  expect(String(error)).toContain("fleet up prod --recover");
  expect(await asked()).toEqual(["stack", "refresh"]);
});

test("a person's word breaks the lock and settles, whatever there is", async () => {
  await healed([""], { force: true });
  expect(await asked()).toEqual(["cancel", "refresh", "stack", "run"]);
});

test("a state that cannot be read ends the command with the engine's words, before a run", async () => {
  await refuse("stack", 1, "error: no stack named 'prod' found");
  await expect(healed([""])).rejects.toThrow("pulumi stack failed:\nerror: no stack named 'prod' found");
  expect(await asked()).toEqual(["stack"]);
});

test("of what the program still wants to make, exactly what Cloudflare has is taken into the state, before the run", async () => {
  const wanted = [
    { type: "fleet:index:Tenant", name: "a", component: true },
    { type: tunnel, name: "atunnel", logicalName: "a-tunnel", parent: "a" },
    { type: tunnel, name: "b-tunnel" },
    { type: "railway:index:Service", name: "a-service" },
  ];
  await writeFile(join(folder, "wanted"), JSON.stringify({ nameTable: { a: "x" }, resources: wanted }));
  const edge = new FakeEdge([{ imports: new Map([[`${tunnel} a-tunnel`, "acc/t1"]]) }]);
  await healed([""], { edge });
  expect(await asked()).toEqual(["stack", "preview", "import", "run"]);
  expect(JSON.parse(await readFile(join(folder, "imported"), "utf8"))).toEqual({
    nameTable: { a: "x" },
    resources: [wanted[0], { ...wanted[1], id: "acc/t1" }],
  });
  expect(await readFile(join(folder, "asked"), "utf8")).toContain("--protect=false");
});

test("what the engine would not make is not taken, whatever Cloudflare has", async () => {
  await writeFile(join(folder, "wanted"), JSON.stringify({ resources: [{ type: tunnel, name: "b-tunnel" }] }));
  await healed([""], { edge: new FakeEdge([{ imports: new Map([[`${tunnel} a-tunnel`, "acc/t1"]]) }]) });
  expect(await asked()).toEqual(["stack", "preview", "run"]);
});

test("what is gone at Cloudflare is read again alone; a deleted tunnel, which still answers reads, is forgotten", async () => {
  const gone = [heldAs("a-policy", "policy", true), heldAs("a-tunnel", "tunnel", false), heldAs("b-tunnel", "tunnel", true)];
  await healed([""], { edge: new FakeEdge([{ gone }, {}]) });
  expect(await asked()).toEqual(["stack", "refresh", "state", "stack", "run"]);
  const words = await readFile(join(folder, "asked"), "utf8");
  expect(words).toContain("refresh --yes --skip-preview --target urn:pulumi:prod::fleet::t::a-policy --stack prod");
  expect(words).toContain("state delete urn:pulumi:prod::fleet::t::a-tunnel --yes");
  expect(words).not.toContain("b-tunnel");
});

test("after a run that made nothing at Cloudflare, nobody looks again", async () => {
  const edge = new FakeEdge();
  await healed([ran("", { madeAtEdge: false })], { edge });
  expect(edge.log).toEqual(["look"]);
});

test("after one that made something Cloudflare is looked at, and the state only read where a list shows a second one", async () => {
  const plain = new FakeEdge();
  await healed([ran("", { madeAtEdge: true })], { edge: plain });
  expect(plain.log).toEqual(["look", "look"]);
  expect(await asked()).toEqual(["stack", "run"]);
  const twice = new FakeEdge([{}, {}]);
  await healed([ran("", { madeAtEdge: true })], { edge: twice });
  expect(twice.log).toEqual(["look", "look", "tidy"]);
});

test("a twin that was seen before the run goes after it, when the state surely holds the other one", async () => {
  const edge = new FakeEdge([{ twins: [object] }, { twins: [object] }]);
  await healed([""], { edge });
  expect(edge.log).toEqual(["look", "look", "tidy"]);
  expect(await asked()).toEqual(["stack", "run", "stack"]);
});

test("a run that failed at what it had made itself takes it in and is made once more, both told as one", async () => {
  await writeFile(join(folder, "wanted"), JSON.stringify({ resources: [{ type: tunnel, name: "a-tunnel" }] }));
  const edge = new FakeEdge([{}, { imports: new Map([[`${tunnel} a-tunnel`, "acc/t1"]]) }, {}]);
  expect((await healed(["You already have a tunnel with this name.", ""], { edge })).stderr).toBe(
    "You already have a tunnel with this name., then ",
  );
  expect(await asked()).toEqual(["stack", "run", "stack", "preview", "import", "run", "stack"]);
  expect(edge.log).toEqual(["look", "look", "look", "tidy"]);
});

test("nothing is begun after somebody asked to stop", async () => {
  const edge = new FakeEdge([{ twins: [object] }]);
  await healed([ran("interrupted", { stopped: true })], { edge });
  expect(edge.log).toEqual(["look"]);
  expect(await asked()).toEqual(["stack", "run"]);
});

test("a Cloudflare that does not answer does not hold up a run, and is remembered", async () => {
  const edge = new FakeEdge([{}], false);
  expect(await healed([""], { edge })).toEqual(ran());
  expect(edge.blind).toBe(true);
  expect(said).toEqual(["no answer"]);
});

test("after a killed run it does: without a look its creates would be made again", async () => {
  await answer("stack", { out: exported("creating") });
  await expect(healed([""], { edge: new FakeEdge([{}], false) })).rejects.toThrow("before Cloudflare answers");
  await expect(healed([""], { edge: null })).rejects.toThrow("CLOUDFLARE_API_TOKEN is not set");
  expect(await asked()).not.toContain("run");
});

test("without a token for Cloudflare a run is only a run", async () => {
  await healed(["error: update failed"], { edge: null });
  expect(await asked()).toEqual(["stack", "run"]);
});

test("what cannot be cleared up after a run is said, and the run's outcome stays", async () => {
  await refuse("stack", 2, "error: the bucket does not answer");
  const edge = new FakeEdge([{}, { twins: [object] }]);
  expect((await healed([ran("", { madeAtEdge: true })], { edge })).code).toBe(0);
  expect(edge.blind).toBe(true);
  expect(said.join()).toContain("the bucket does not answer");
});
