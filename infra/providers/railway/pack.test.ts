import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { connectProvider } from "../shell/wire.ts";
import { entries, pack, packages } from "./pack.ts";

const root = join(import.meta.dirname, "../../..");

/** Everything that the code imports of others, from the packed entries on. */
async function imported(): Promise<Set<string>> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const queue: string[] = entries.map((entry) => join(import.meta.dirname, entry));
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const [, target = ""] of (await readFile(file, "utf8")).matchAll(/(?:\bfrom|^import) "([^"]+)";$/gm)) {
      if (target.startsWith(".")) queue.push(join(dirname(file), target));
      else if (!target.startsWith("node:")) found.add(/^(@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? target);
    }
  }
  return found;
}

test("the package names everything that its code imports, and nothing else", async () => {
  expect([...(await imported())].sort()).toEqual([...packages.own, ...packages.programs].sort());
});

test("a package is not written over somebody's files", async () => {
  await expect(pack(import.meta.dirname)).rejects.toThrow("is not empty");
});

if (process.env.FLEET_TEST_FULL)
  test("the package's plugin answers its schema, and its classes load without a compiler", async () => {
    // Below the checkout's node_modules, where the packages are that npm would install beside it.
    const folder = await mkdtemp(join(root, "node_modules/.packed-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await pack(folder);
    const plugin = join(folder, "plugin/pulumi-resource-railway");
    expect((await stat(plugin)).mode & 0o111).toBe(0o111);
    const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
    const running = spawn(plugin, [], { env, stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void running.kill());
    const port = await new Promise<number>((resolve, reject) => {
      running.once("exit", (code) => reject(new Error(`the plugin ended with ${code}`)));
      createInterface({ input: running.stdout }).once("line", (line) => resolve(Number(line)));
    });
    const engine = connectProvider(port);
    onTestFinished(() => engine.close());
    expect(await engine.schema()).toEqual(JSON.parse(await readFile(join(folder, "schema.json"), "utf8")));
    const { main, types } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Record<string, string>;
    expect(await readFile(join(folder, types ?? ""), "utf8")).toContain("class ServiceInstance");
    const load = `import(${JSON.stringify(join(folder, main ?? ""))}).then((all) => console.log(Object.keys(all).join()))`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--no-experimental-strip-types", "-e", load]);
    expect(stdout).toContain("Project");
  });
