import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Found, findActionlint, lint } from "./actionlint.ts";

const root = join(import.meta.dirname, "..", "..");
const workflows = join(root, ".github", "workflows");
const say = (message: string) => void process.stderr.write(`${message}\n`);
let found: Found;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleet-actionlint-"));
  found = await findActionlint(process.env, say);
  if ("actionlint" in found) return;
  // GitHub's machines have Go and the network: there it is no excuse.
  if (process.env.GITHUB_ACTIONS) throw new Error(found.why);
  say(`SKIPPED: actionlint, because ${found.why}`);
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test("actionlint has nothing to say about the workflows", async (context) => {
  if (!("actionlint" in found)) return context.skip(found.why);
  const files = ["billing", "deploy", "pull-request", "test", "watch"].map((name) => join(workflows, `${name}.yml`));
  expect(await lint(found.actionlint, files, root)).toEqual([]);
});

test.for([
  ["a context that does not exist", "github.event.pull_request.head.sha", "github.evnt.sha", 'property "evnt" is not defined'],
  ["an output of a job that is not needed", "needs: [check, preview]", "needs: [check]", 'property "preview" is not defined'],
  ["a runner that nobody has", "runs-on: ubuntu-24.04", "runs-on: ubuntu-24.40", '"ubuntu-24.40" is unknown'],
  ["a permission that does not exist", "pull-requests: write", "pull-request: write", 'unknown permission scope "pull-request"'],
])("%s is found by it", async ([, from = "", to = "", message = ""], context) => {
  if (!("actionlint" in found)) return context.skip(found.why);
  const text = await readFile(join(workflows, "pull-request.yml"), "utf8");
  const file = join(folder, "broken.yml");
  await writeFile(file, text.replaceAll(from, to));
  expect((await lint(found.actionlint, [file], root)).join("\n")).toContain(message);
});

test("a machine without Go is told so, and nothing is made", async () => {
  const env = { PATH: folder, HOME: folder };
  expect(await findActionlint(env, () => expect.unreachable("nothing to say"))).toEqual({
    why: expect.stringMatching(/^there is no `go` on PATH to build actionlint v\d+\.\d+\.\d+ with$/),
  });
});
