import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

/** A process of its own: what is loaded in this one says nothing. */
function run(script: string): unknown {
  const text = `import { createRequire } from "node:module";
    import ${JSON.stringify(join(import.meta.dirname, "on-demand.ts"))};
    import * as pulumi from "@pulumi/pulumi";
    const { cache } = createRequire(import.meta.url);
    const loaded = (name) => Object.keys(cache).some((path) => path.includes("/node_modules/" + name + "/lib/") && path.endsWith(".js"));
    ${script}`;
  const options = { cwd: import.meta.dirname, encoding: "utf8" } as const;
  return JSON.parse(execFileSync(process.execPath, ["--no-warnings", "--input-type=module", "--eval", text], options));
}

test("the SDK comes without npm's solver and without the compiler", () => {
  expect(run(`console.log(JSON.stringify([loaded("@npmcli/arborist"), loaded("typescript")]))`)).toEqual([false, false]);
});

test("what needs them gets them", () => {
  const script = `const { text } = await pulumi.runtime.serializeFunction(() => 42);
    const paths = await pulumi.runtime.computeCodePaths({ extraExcludePackages: ["@pulumi/pulumi"] }).then((all) => all.size >= 0);
    console.log(JSON.stringify([text.includes("42"), paths, loaded("@npmcli/arborist"), loaded("typescript")]))`;
  expect(run(script)).toEqual([true, true, true, true]);
});
