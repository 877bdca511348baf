import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Copies what Git knows or would know of this checkout to a folder that uses the same dependencies. */
export function copyCheckout(to: string): void {
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: root,
    encoding: "utf8",
  });
  for (const file of files.split("\0").filter((name) => name !== "" && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(root, file), join(to, file));
  }
  symlinkSync(join(root, "node_modules"), join(to, "node_modules"));
}

const machines = /^(?:FLEET_|PULUMI_|RAILWAY_|CLOUDFLARE_|STRIPE_|OPENROUTER_|DATABASE_URL$|GIT_)/;

/** This process's environment without anything that names a stack, a vendor or a server of the machine's own. */
export function neutralEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !machines.test(name)));
}
