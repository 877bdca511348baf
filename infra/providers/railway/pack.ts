/** Makes an npm package of this provider and its classes, for programs outside of this repository: `node infra/providers/railway/pack.ts <folder>`. */
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { OperatorError } from "../../../domain/error.ts";
import { railwayProvider } from "./provider.ts";

/** What the packed code imports of others. `@pulumi/pulumi` must be the program's own: two of them in one program do not know each other's outputs. */
export const packages = { own: ["@grpc/grpc-js", "google-protobuf", "zod"], programs: ["@pulumi/pulumi"] } as const;

/** Where a program begins to read the package: the provider's process, and the classes. */
export const entries = ["main.ts", "classes.ts"] as const;

const here = import.meta.dirname;
const root = resolve(here, "../../..");
const inside = "dist/infra/providers/railway";

/** Writes the package into a folder that is absent or empty; `npm pack` and `npm install` take it from there. */
export async function pack(folder: string): Promise<void> {
  const present = await readdir(folder).catch(() => []);
  if (present.length > 0) throw new OperatorError(`${folder} is not empty: name a new folder for the package`);
  await compile(join(folder, "dist"));
  await writeFile(join(folder, "package.json"), `${JSON.stringify(await manifest(), undefined, 2)}\n`);
  for (const file of ["README.md", "schema.json"]) await copyFile(join(here, file), join(folder, file));
  await copyFile(join(root, "LICENSE"), join(folder, "LICENSE"));
  await mkdir(join(folder, "plugin"));
  await writeFile(join(folder, "plugin/pulumi-resource-railway"), executable);
  await chmod(join(folder, "plugin/pulumi-resource-railway"), 0o755);
}

/** JavaScript, because Node runs no TypeScript below node_modules. */
async function compile(outDir: string): Promise<void> {
  const folder = await mkdtemp(join(root, "node_modules/.pack-"));
  try {
    const compilerOptions = {
      ...{ noEmit: false, declaration: true, rewriteRelativeImportExtensions: true, noCheck: true },
      ...{ incremental: false, tsBuildInfoFile: null, outDir: resolve(outDir), rootDir: root },
    };
    const files = entries.map((file) => join(here, file));
    const project = join(folder, "tsconfig.json");
    await writeFile(project, JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions, include: [], files }));
    await promisify(execFile)(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function manifest() {
  const { version, description } = railwayProvider;
  const classes = `./${inside}/classes`;
  return {
    name: "pulumi-railway",
    version,
    description,
    keywords: ["pulumi", "railway"],
    license: "Apache-2.0",
    type: "module",
    main: `${classes}.js`,
    types: `${classes}.d.ts`,
    exports: { ".": { types: `${classes}.d.ts`, default: `${classes}.js` }, "./schema.json": "./schema.json" },
    engines: { node: ">=22.12" },
    dependencies: await ranges(packages.own),
    peerDependencies: await ranges(packages.programs),
  };
}

/** As tested here, and what is compatible with it. */
async function ranges(names: readonly string[]): Promise<Record<string, string>> {
  const all = names.map(async (name) => {
    const text = await readFile(join(root, "node_modules", name, "package.json"), "utf8");
    return [name, `^${z.object({ version: z.string() }).parse(JSON.parse(text)).version}`] as const;
  });
  return Object.fromEntries(await Promise.all(all));
}

const executable = `#!/bin/sh
# Found and started by the Pulumi engine.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
exec node "$here/../${inside}/main.js" "$@"
`;

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    process.stderr.write("write: node infra/providers/railway/pack.ts <folder>\n");
    process.exitCode = 2;
  } else {
    await mkdir(dirname(resolve(folder)), { recursive: true });
    await pack(folder);
    process.stdout.write(`the package lies in ${folder}: npm pack ${folder}, then npm install the file that it names\n`);
  }
}
