import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { pulumiEnvironment, withPulumiEnvironment } from "../environment.ts";
import type { Engine } from "../find.ts";
import { runPulumi } from "../run.ts";
import { temporaryFolder } from "./fakes.ts";

const root = resolve(import.meta.dirname, "..", "..");

export interface TinyProject {
  readonly folder: string;
  readonly cwd: string;
  /** The whole environment of the engine. */
  readonly env: Record<string, string>;
  pulumi(...args: string[]): ReturnType<typeof runPulumi>;
}

/** A Pulumi project with that program and a stack on a file backend, all in a temporary folder. `prepare` gets the empty PULUMI_HOME first. */
export async function tinyProject(
  engine: Engine,
  program: string,
  options: { readonly user?: NodeJS.ProcessEnv; readonly prepare?: (home: string) => Promise<void> } = {},
): Promise<TinyProject> {
  const { user = process.env, prepare } = options;
  const folder = await temporaryFolder();
  const [cwd, state, home] = [join(folder, "project"), join(folder, "state"), join(folder, "home")];
  await Promise.all([mkdir(cwd), mkdir(state)]);
  await symlink(join(root, "node_modules"), join(cwd, "node_modules"));
  await writeFile(
    join(cwd, "Pulumi.yaml"),
    "name: tiny\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nmain: main.ts\n",
  );
  await writeFile(join(cwd, "package.json"), '{"type":"module"}');
  await writeFile(join(cwd, "main.ts"), program);
  await prepare?.(home);
  const made = pulumiEnvironment({
    ...{ root, engine, home, backendUrl: `file://${state}`, passphrase: "worthless" },
    ...{ offlinePlugins: true, user },
  });
  const env = withPulumiEnvironment(user, made);
  const pulumi = (...args: string[]) => runPulumi(engine, args, { cwd, env });
  expect(await pulumi("stack", "init", "t")).toMatchObject({ code: 0 });
  return { folder, cwd, env, pulumi };
}
