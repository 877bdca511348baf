/** Lives of a stack: at most six random edits, an up after each, and after each the question whether anybody's data is gone, changed or out of reach. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { sampleConfiguration, sampleSettings } from "../../infra/sample.ts";
import { type Edit, editOf, entryOf, type Files, Folder } from "./edits-files.ts";
import { ModelStack, type Saved } from "./edits-model.ts";
import { QuickRailway } from "./edits-railway.ts";
import { type Holding, holdingOf, readRailway } from "./edits-stack.ts";
import { type Random, randomOf } from "./random.ts";

export const mostEdits = 6;

const [acme, birch] = ["tn_aaaaaaaaaa", "tn_bbbbbbbbbb"] as const;
/** Two tenants that are active and have something on their volumes. */
export const firstFiles: Files = new Map([
  ["acme", entryOf(acme, "acme")],
  ["birch", { ...entryOf(birch, "birch"), billing: { customer: "cus_A1" } }],
]);

/** The edits of one life, each after the ones before it. It is told of each whether an up took it. */
export function* editsOf(seed: number, index: number, begin: Files = firstFiles): Generator<Edit, void, boolean> {
  const random = randomOf(seed, index);
  const count = random.int(1, mostEdits);
  let files = begin;
  let removed: Files = new Map();
  for (let nth = 0; nth < count; nth++) {
    const edit = editOf(files, removed, random);
    const taken = yield edit;
    removed = new Map([...removed, ...[...files].filter(([slug]) => !edit.files.has(slug))]);
    // A refused change is put right in half of the lives, and built upon in the others.
    if (taken || random.chance(0.5)) files = edit.files;
  }
}

/** What must hold of the data, whoever keeps the account: the model's lives and the engine's. */
export class Watch {
  /** By uid: the volume that the tenant was first seen with, and what lies on it. */
  readonly #volumes = new Map<string, { readonly volumeId: string; files: Readonly<Record<string, string>>; sizeMB: number }>();
  #states = new Map<string, string>();
  #slugs = new Map<string, string>();

  /** After an up that was taken. `holding` answers what the tenant of that slug has at Railway. */
  seen(files: Files, holding: (slug: string) => Holding): void {
    const here = new Map([...files].map(([slug, entry]) => [entry.uid, { slug, state: String(entry.state ?? "active") }]));
    for (const [uid, known] of this.#volumes) {
      const now = here.get(uid);
      if (now) this.#stillHas(uid, now.state, known, holding(now.slug));
      else {
        strictEqual(this.#states.get(uid), "offboarding", `${uid} left, but was not offboarding before`);
        const slug = this.#slugs.get(uid) ?? "";
        if (![...here.values()].some((other) => other.slug === slug))
          deepStrictEqual(holding(slug).volumes, [], `${uid} left, but its volume is there`);
        this.#volumes.delete(uid);
      }
    }
    for (const [uid, { slug }] of here) {
      if (this.#volumes.has(uid)) continue;
      const [only, ...others] = holding(slug).volumes;
      ok(only && others.length === 0, `${slug} has ${others.length + (only ? 1 : 0)} volumes`);
      this.#volumes.set(uid, { volumeId: only.volumeId, files: only.files, sizeMB: only.sizeMB });
    }
    this.#states = new Map([...here].map(([uid, { state }]) => [uid, state]));
    this.#slugs = new Map([...here].map(([uid, { slug }]) => [uid, slug]));
  }

  /** Something was written on the volume of that tenant meanwhile. */
  wrote(uid: string, files: Readonly<Record<string, string>>): void {
    const known = this.#volumes.get(uid);
    if (known) known.files = files;
  }

  #stillHas(uid: string, state: string, known: { volumeId: string; files: unknown; sizeMB: number }, holding: Holding): void {
    const { volumes, services, running, mounted } = holding;
    deepStrictEqual(
      volumes.map(({ volumeId }) => volumeId),
      [known.volumeId],
      `${uid} (${state}) has another volume, or none`,
    );
    deepStrictEqual(volumes[0]?.files, known.files, `${uid} (${state}): what lies on the volume changed`);
    ok((volumes[0]?.sizeMB ?? 0) >= known.sizeMB, `${uid} (${state}): the volume became smaller`);
    known.sizeMB = volumes[0]?.sizeMB ?? 0;
    // Only who has no service at all may have a volume that lies on none.
    deepStrictEqual([services, mounted], state === "retained" ? [[], false] : [["app", "tunnel"], true], `${uid} (${state})`);
    deepStrictEqual(running, state === "active" ? ["app", "tunnel"] : [], `${uid} (${state}): what runs`);
  }
}

/** Lives on the model, each begun from the same stack. */
export class Lives {
  readonly #railway: QuickRailway;
  readonly #stack: ModelStack;
  readonly #folder = new Folder();
  #begin: Saved | undefined;

  constructor(seed: number) {
    const [first] = Object.values(JSON.parse(sampleConfiguration.releases ?? "{}"));
    const releases = JSON.stringify({ stable: first, beta: String(first).replace(/a{64}$/, "b".repeat(64)) });
    this.#railway = new QuickRailway(seed);
    this.#stack = new ModelStack(sampleSettings({ releases }), this.#railway);
  }

  async live(seed: number, index: number): Promise<void> {
    const random = randomOf(seed, index + 1_000_000);
    await this.#beginAnew();
    const watch = new Watch();
    watch.seen(firstFiles, this.#holding);
    const told: string[] = [];
    const edits = editsOf(seed, index);
    let step = edits.next();
    while (!step.done) {
      const { what, files } = step.value;
      const outcome = await this.#up(files);
      told.push(`${what} (${outcome})`);
      try {
        if (outcome === "done") {
          watch.seen(files, this.#holding);
          this.#work(files, watch, random);
        }
      } catch (error) {
        throw new Error(`after ${told.join("; ")}: ${error instanceof Error ? error.message : String(error)}`);
      }
      step = edits.next(outcome === "done");
    }
  }

  end(): void {
    this.#railway.end();
    this.#folder.end();
  }

  async #beginAnew(): Promise<void> {
    if (this.#begin) return this.#stack.restore(this.#begin);
    await this.#railway.start();
    strictEqual(await this.#up(firstFiles), "done");
    this.#railway.pass(60_000);
    for (const slug of firstFiles.keys()) this.#write(slug, "first.md", `what ${slug} made first`);
    this.#begin = this.#stack.save();
  }

  /** `invalid`: the loader does not take the files, and nothing is asked of anybody. */
  async #up(files: Files): Promise<"done" | "refused" | "invalid"> {
    const before = this.#railway.requests;
    const read = this.#folder.read("prod", files);
    const outcome = read === undefined ? "invalid" : await this.#stack.up(read);
    if (outcome !== "done") strictEqual(this.#railway.requests, before, "a change that was refused asked something of Railway");
    // Deployments and growing volumes come to their end.
    this.#railway.pass(120_000);
    return outcome;
  }

  /** Somebody works where something runs. */
  #work(files: Files, watch: Watch, random: Random): void {
    for (const [slug, { uid, state }] of files) {
      if ((state ?? "active") !== "active" || random.chance(0.5)) continue;
      this.#write(slug, `${random.int(1, 5)}.md`, `${slug} ${random.int(0, 1_000_000)}`);
      watch.wrote(uid, this.#holding(slug).volumes[0]?.files ?? {});
    }
  }

  #write(slug: string, path: string, text: string): void {
    const { emulator } = this.#railway;
    const { projects, services, serviceInstances } = readRailway(emulator.state());
    const project = projects.find(({ name, deletedAt }) => name === `prod-${slug}` && deletedAt === null);
    const app = services.find(
      ({ projectId, name, deletedAt }) => projectId === project?.id && name === "app" && deletedAt === null,
    );
    const instance = serviceInstances.find(({ serviceId }) => serviceId === app?.id);
    ok(
      app && instance && emulator.container(app.id, instance.environmentId, this.#railway.now()),
      `${slug} is active, but nothing runs`,
    );
    emulator.write(app.id, instance.environmentId, path, text);
  }

  readonly #holding = (slug: string): Holding => holdingOf(readRailway(this.#railway.emulator.state()), slug);
}
