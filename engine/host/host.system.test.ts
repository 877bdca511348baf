import { spawn } from "node:child_process";
import { cp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../domain/clock.ts";
import { ensureEngine } from "../engine.ts";
import { type EngineEvent, pulumiEvents } from "../events.ts";
import type { Engine } from "../find.ts";
import { processMark } from "../lock.ts";
import { runPulumi } from "../run.ts";
import { tinyProject } from "../testing/project.ts";

const root = resolve(import.meta.dirname, "..", "..");
let engine: Engine;

beforeAll(async () => {
  engine = await ensureEngine({ env: process.env, root });
}, 1_200_000);

const project = (program: string) => tinyProject(engine, program);

const program = `
import * as pulumi from "@pulumi/pulumi";
class Thing extends pulumi.ComponentResource {
  constructor(name: string) {
    super("test:index:Thing", name);
    this.registerOutputs({});
  }
}
new Thing("a");
const config = new pulumi.Config();
export const colour: string = config.require("colour");
export const secret = config.requireSecret("password");
export const projectRoot = pulumi.runtime.getRootDirectory?.();
`;

test("a program is previewed, brought up and then unchanged, with its configuration, secrets and without a warning", async () => {
  const { cwd, pulumi } = await project(program);
  await pulumi("config", "set", "colour", "red");
  await pulumi("config", "set", "--secret", "password", "correct-horse");

  const preview = await pulumi("preview", "--json");
  expect(JSON.parse(preview.stdout)).toMatchObject({ changeSummary: { create: 2 } });
  const up = await pulumi("up", "--yes", "--skip-preview");
  expect(up).toMatchObject({ code: 0, stderr: "" });
  expect(up.stdout).not.toMatch(/warning|correct-horse/);

  const outputs = JSON.parse((await pulumi("stack", "output", "--json")).stdout);
  expect(outputs).toEqual({ colour: "red", secret: "[secret]", projectRoot: cwd });
  const again = await pulumi("preview", "--expect-no-changes");
  expect(again).toMatchObject({ code: 0, stderr: "" });
});

test("plain `pulumi` works with the same environment, by its name on PATH", async () => {
  const { cwd, env, pulumi } = await project(program);
  await pulumi("config", "set", "colour", "red");
  await pulumi("config", "set", "--secret", "password", "correct-horse");
  const plain = { ...engine, pulumi: "pulumi" };
  const preview = await runPulumi(plain, ["preview"], { cwd, env });
  expect(preview.code).toBe(0);
  expect(preview.stdout + preview.stderr).not.toContain("warning");
});

test("progress comes resource by resource, the preview told from the update", async () => {
  const { cwd, env } = await project(
    'import * as pulumi from "@pulumi/pulumi";\nnew pulumi.ComponentResource("test:index:Thing", "a");\n',
  );
  const run = await pulumiEvents(engine, ["up", "--yes"], { cwd, env });
  const events: EngineEvent[] = [];
  for await (const event of run.events) events.push(event);
  expect(await run.result).toMatchObject({ code: 0 });
  const thing = events.filter((event) => event.kind === "resource" && event.type === "test:index:Thing");
  expect(thing).toContainEqual(expect.objectContaining({ state: "started", op: "create", planning: true }));
  expect(thing).toContainEqual(expect.objectContaining({ state: "started", op: "create", planning: false }));
  expect(thing).toContainEqual(expect.objectContaining({ state: "done", op: "create", planning: false }));
  expect(events.filter(({ kind }) => kind === "summary")).toMatchObject([{ changes: { create: 2 } }, { changes: { create: 2 } }]);
  expect(events.filter((event) => event.kind === "diagnostic" && event.severity === "debug")).toEqual([]);
});

test("a program that throws fails the run, shows its error once, and deletes nothing", async () => {
  const { cwd, pulumi } = await project(
    'import * as pulumi from "@pulumi/pulumi";\nnew pulumi.ComponentResource("test:index:Thing", "a");\n',
  );
  expect((await pulumi("up", "--yes", "--skip-preview")).code).toBe(0);
  await writeFile(join(cwd, "main.ts"), 'throw new Error("no tenants folder");');
  const failed = await pulumi("up", "--yes", "--skip-preview");
  expect(failed.code).not.toBe(0);
  expect((failed.stdout + failed.stderr).match(/Error: no tenants folder/g)).toHaveLength(1);
  expect((await pulumi("stack", "--show-urns")).stdout).toContain("test:index:Thing::a");
});

test("a policy pack runs in its own folder, and its mandatory rule stops the preview", async () => {
  const { folder, pulumi } = await project(
    'import * as pulumi from "@pulumi/pulumi";\nnew pulumi.ComponentResource("test:index:Thing", "a");\n',
  );
  const pack = join(folder, "pack");
  await cp(join(import.meta.dirname, "..", "testing", "policy-pack"), pack, { recursive: true });
  await symlink(join(root, "node_modules"), join(pack, "node_modules"));
  const preview = await pulumi("preview", "--policy-pack", pack);
  expect(preview.code).not.toBe(0);
  expect(preview.stdout + preview.stderr).toContain(`no things, says the pack in ${pack}`);
});

test("killing the engine ends the host and the program", async () => {
  const { folder, cwd, env } = await project(`
import { renameSync, writeFileSync } from "node:fs";
writeFileSync(process.env.TEST_PIDS + ".new", process.pid + " " + process.ppid);
renameSync(process.env.TEST_PIDS + ".new", process.env.TEST_PIDS);
process.on("SIGTERM", () => {});
setInterval(() => {}, 1000);
await new Promise(() => {});
`);
  const file = join(folder, "pids");
  const child = spawn(engine.pulumi, ["up", "--yes", "--skip-preview", "--non-interactive"], {
    cwd,
    env: { ...env, TEST_PIDS: file },
    stdio: "ignore",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  // Real processes have no clock of ours; the test's time limit ends a wait that would not.
  let pids: number[] = [];
  while (pids.length === 0) {
    await systemClock.sleep(50);
    pids = (await readFile(file, "utf8").catch(() => "")).split(" ").filter(Boolean).map(Number);
  }
  for (const pid of pids) expect(await processMark(pid)).toBeDefined();
  child.kill("SIGKILL");
  for (const pid of pids) while ((await processMark(pid)) !== undefined) await systemClock.sleep(50);
  await rm(file);
});
