/** The cases on the real engine, on one stack after the other's state: protect, retainOnDelete and deletedWith are the engine's own words. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Files } from "./edits-files.ts";
import { editsOf, firstFiles, Watch } from "./edits-lives.ts";
import { EditedStack, holdingOf, told } from "./edits-stack.ts";
import { randomOf } from "./random.ts";

/** Lives on the engine have numbers of their own, so that they are other lives than the model's. */
const firstEngineLife = 1_000_000;

export class EngineCases {
  #started: Promise<EditedStack> | undefined;
  #files: Files = firstFiles;
  readonly #watch = new Watch();

  async end(): Promise<void> {
    // A start that failed has told so in its case.
    const stack = await this.#started?.catch(() => undefined);
    await stack?.end();
  }

  /** The stack with two tenants that are active; made when the first case wants it. */
  #stack(): Promise<EditedStack> {
    this.#started ??= (async () => {
      const stack = await EditedStack.start(firstFiles);
      await this.#taken(stack, firstFiles);
      for (const slug of firstFiles.keys()) await this.#work(stack, slug);
      return stack;
    })();
    return this.#started;
  }

  /** An up that must succeed, and the question whether everybody's data is still there. */
  async #taken(stack: EditedStack, files: Files): Promise<void> {
    stack.write(files);
    const answer = await stack.fleet("up", "sandbox");
    strictEqual(answer.code, 0, told(answer));
    this.#files = files;
    await this.#look(stack);
  }

  async #refused(stack: EditedStack, command: "preview" | "up", files: Files, words: RegExp): Promise<void> {
    stack.write(files);
    const calls = (await stack.calls("railway")).length;
    const answer = await stack.fleet(command, "sandbox");
    strictEqual(answer.code, 5, told(answer));
    match(answer.err, words);
    strictEqual((await stack.calls("railway")).length, calls, "a refused change asked something of Railway");
    stack.write(this.#files);
  }

  async #look(stack: EditedStack): Promise<void> {
    const state = await stack.railway();
    this.#watch.seen(this.#files, (slug) => holdingOf(state, slug));
  }

  async #work(stack: EditedStack, slug: string): Promise<void> {
    const uid = this.#files.get(slug)?.uid ?? "";
    await stack.work(slug);
    this.#watch.wrote(uid, (await stack.holding(slug)).volumes[0]?.files ?? {});
  }

  #with(slug: string, change: Record<string, unknown>): Files {
    const entry = this.#files.get(slug);
    ok(entry, `${slug} is not among the files`);
    return new Map([...this.#files, [slug, { ...entry, ...change }]]);
  }

  /** All suspended and back: what lies on their volumes stays, and nothing is left to change. */
  async resume(round: number): Promise<void> {
    const stack = await this.#stack();
    const slugs = [...this.#files.keys()];
    const all = () => Promise.all(slugs.map((slug) => stack.holding(slug)));
    const before = await all();
    for (const { volumes } of before)
      ok(Object.keys(volumes[0]?.files ?? {}).length > 0, "nothing lies on a volume, so nothing could be lost");
    for (const state of ["suspended", "active"])
      await this.#taken(stack, new Map([...this.#files].map(([slug, entry]) => [slug, { ...entry, state }])));
    deepStrictEqual(await all(), before);
    await this.#unchanged(stack);
    if (round % 10 === 0) for (const slug of slugs) await this.#work(stack, slug);
  }

  async #unchanged(stack: EditedStack): Promise<void> {
    const preview = await stack.fleet("preview", "sandbox");
    strictEqual(preview.code, 0, told(preview));
    match(preview.out, /nothing to change/);
  }

  /** A whole life, with what people meet meanwhile. */
  async life(): Promise<void> {
    const stack = await this.#stack();
    const [host, person] = ["acme.ai-diy.example", "ada@acme.example"];
    const page = await stack.logIn(host, person);
    ok("cookie" in page && (await stack.open(host, page.cookie)) === 200, "the tenant's own member is not let in");

    await this.#taken(stack, this.#with("acme", { state: "suspended" }));
    ok((await stack.open(host, page.cookie)) !== 200, "a session outlived the suspension");
    const denied = await stack.logIn(host, person);
    ok("denied" in denied && denied.denied.includes("is suspended"), "the page does not say why");
    await this.#taken(stack, this.#with("acme", { state: "active" }));
    const again = await stack.logIn(host, person);
    ok("cookie" in again && (await stack.open(host, again.cookie)) === 200, "the member is not let in again");

    await this.#taken(stack, this.#with("acme", { state: "retained" }));
    await this.#taken(stack, this.#with("acme", { state: "active" }));
    await this.#unchanged(stack);
    await this.#work(stack, "acme");

    const gone = new Map([...this.#files].filter(([slug]) => slug !== "acme"));
    await this.#refused(stack, "up", gone, /acme\.yaml is gone, and the tenant was not offboarding/);
    await this.#refused(stack, "preview", this.#with("acme", { app: { volumeGB: 1 } }), /a volume cannot shrink/);
    await this.#taken(stack, this.#with("acme", { state: "offboarding" }));
    const { backups, volumes } = await stack.railway();
    deepStrictEqual(
      backups.map(({ name, expiresAt }) => [name, expiresAt]),
      [["fleet:sandbox:tn_aaaaaaaaaa before offboarding", null]],
    );
    await this.#taken(stack, gone);
    const after = await stack.railway();
    deepStrictEqual(
      after.projects.filter(({ deletedAt }) => deletedAt === null).map(({ name }) => name),
      ["sandbox-birch"],
    );
    ok(after.volumes.length <= volumes.length);
  }

  /** A random life on the engine, begun where the one before it ended. */
  async random(seed: number, index: number): Promise<void> {
    const stack = await this.#stack();
    const random = randomOf(seed, firstEngineLife * 2 + index);
    const lived: string[] = [];
    const edits = editsOf(seed, firstEngineLife + index, this.#files);
    let step = edits.next();
    while (!step.done) {
      const { what, files } = step.value;
      stack.write(files);
      const answer = await stack.fleet("up", "sandbox");
      lived.push(`${what} (${answer.code})`);
      const after = `after ${lived.join("; ")}`;
      ok([0, 2, 5].includes(answer.code), `${after}: ${told(answer)}`);
      const taken = answer.code === 0;
      if (taken) this.#files = files;
      try {
        await this.#look(stack);
      } catch (error) {
        throw new Error(`${after}: ${error instanceof Error ? error.message : String(error)}`);
      }
      for (const [slug, { state }] of taken ? files : [])
        if ((state ?? "active") === "active" && random.chance(0.3)) await this.#work(stack, slug);
      step = edits.next(taken);
    }
    stack.write(this.#files);
  }
}
