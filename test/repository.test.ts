import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(root, file)) && statSync(join(root, file)).isFile());
const code = files.filter((file) => file.endsWith(".ts"));

/** DESIGN 2: what each room may import beside `domain`. A longer path wins over a shorter one. */
const allowed: Record<string, readonly string[]> = {
  domain: [],
  vendors: ["domain"],
  tenants: ["domain"],
  gateway: ["domain"],
  sandbox: ["domain"],
  "sandbox/plugins": ["domain", "sandbox", "infra/providers/shell"],
  engine: ["domain"],
  policies: ["domain", "tenants"],
  infra: ["domain", "tenants", "vendors"],
  "infra/providers/shell": ["domain"],
  "infra/providers/railway": ["domain", "infra/providers/shell", "vendors/railway", "vendors/http"],
  billing: ["domain", "infra/outputs.ts", "tenants", "vendors"],
  portal: ["domain", "billing", "infra/outputs.ts", "tenants", "vendors"],
  cli: ["domain", "package.json", "vendors", "tenants", "sandbox", "engine", "policies", "infra", "billing", "portal", "test"],
};

function roomOf(file: string): string | undefined {
  return Object.keys(allowed)
    .filter((room) => file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  const specifiers = [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)[^"'`;]*?from\s*"(\.[^"]+)"|import\(\s*"(\.[^"]+)"\s*\)|(?:^|\n)import\s+"(\.[^"]+)"/g,
    ),
  ];
  return specifiers.map((match) => relative(root, resolve(root, dirname(file), match[1] ?? match[2] ?? match[3] ?? "")));
}

test("imports between rooms point one way", () => {
  const wrong: string[] = [];
  for (const file of code) {
    const room = roomOf(file);
    if (room === undefined) continue;
    for (const target of importsOf(file)) {
      const within = target.startsWith(`${room}/`);
      // The provider shell is a room of its own that the other providers stand on.
      const permitted = [
        ...(allowed[room] ?? []),
        ...(room === "infra" ? ["infra/providers/shell", "infra/providers/railway"] : []),
      ];
      if (!within && !permitted.some((other) => target === other || target.startsWith(`${other}/`)))
        wrong.push(`${file} → ${target}`);
      if (room === "cli" && /^[a-z]+\/main\.ts$/.test(target) && !target.startsWith("cli/"))
        wrong.push(`${file} → ${target} (a main.ts)`);
    }
  }
  expect(wrong).toEqual([]);
});

test("no file names a package registry or a path of one machine", () => {
  const names = new RegExp(
    ["registry\\.npm" + "js", "proxy\\.golang" + "\\.org", "/work/" + "main", "files\\.python" + "hosted"].join("|"),
  );
  const wrong = files.filter((file) => !file.endsWith(".png") && names.test(readFileSync(join(root, file), "utf8")));
  expect(wrong).toEqual([]);
});

test("every dependency has an exact version, and the lock names no download address", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, Record<string, string>>;
  const versions = ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {}),
  );
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
  expect(readFileSync(join(root, "package-lock.json"), "utf8")).not.toContain('"resolved"');
});

test("the lock holds an entry for every optional dependency that it names", () => {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(packages).flatMap(([owner, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !packages[`${owner}/node_modules/${name}`] && !packages[`node_modules/${name}`])
      .map((name) => `${owner} → ${name}`),
  );
  expect(missing).toEqual([]);
});

test("there is one copy of google-protobuf and of grpc-js: with a second one the engine cannot read a provider's answers", () => {
  const copies = Object.keys(
    (JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, unknown> }).packages,
  ).filter((path) => /^(?:.*\/)?node_modules\/(?:google-protobuf|@grpc\/grpc-js)$/.test(path));
  expect(copies.sort()).toEqual(["node_modules/@grpc/grpc-js", "node_modules/google-protobuf"]);
});

test("every ADR is numbered once, without a gap", () => {
  const numbers = readdirSync(join(root, "docs/adr")).map((name) => Number(name.slice(0, 4)));
  expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1));
});
