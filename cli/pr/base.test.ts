import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findBase, writeBase } from "./base.ts";

let folder: string;
let root: string;
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=fleet", "-c", "user.email=fleet@fleet.example", ...args], {
    cwd: root,
    encoding: "utf8",
    stdio: "pipe",
  }).trim();
const put = (path: string, text: string | Uint8Array) => writeFileSync(join(root, path), text);
const commit = (message: string) => {
  git("add", "-A");
  git("commit", "-qm", message);
  return git("rev-parse", "HEAD");
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fleet-base-"));
  // Below the repository's top, as in a repository that holds more than the fleet.
  root = join(folder, "repository/fleet");
  mkdirSync(join(root, "tenants/prod"), { recursive: true });
  execFileSync("git", ["init", "-q", "-b", "main", join(folder, "repository")]);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the base's files come out byte by byte, whatever their names and contents, and only those of tenants and settings", async () => {
  const odd = "a name with spaces, ü and\ta tab.yaml";
  const bytes = Uint8Array.from([0, 255, 10, 13, 10, 0, 128]);
  put(`tenants/prod/${odd}`, bytes);
  put("tenants/prod/empty.yaml", "");
  put("Pulumi.prod.yaml", "config: {}\n");
  put("other.yaml", "no");
  symlinkSync("empty.yaml", join(root, "tenants/prod/link.yaml"));
  const sha = commit("one");
  put("tenants/prod/empty.yaml", "changed since");
  const out = join(folder, "out");
  await writeBase(root, sha, out);
  expect(new Uint8Array(readFileSync(join(out, "tenants/prod", odd)))).toEqual(bytes);
  expect(readFileSync(join(out, "tenants/prod/empty.yaml"), "utf8")).toBe("");
  expect(readFileSync(join(out, "Pulumi.prod.yaml"), "utf8")).toBe("config: {}\n");
  expect(readlinkSync(join(out, "tenants/prod/link.yaml"))).toBe("empty.yaml");
  expect(() => readFileSync(join(out, "other.yaml"))).toThrow("ENOENT");
});

test("the base is where the branch began, not what others merged since; without a common commit it is the ref itself", async () => {
  put("tenants/prod/a.yaml", "1");
  const began = commit("began");
  git("checkout", "-qb", "change");
  put("tenants/prod/a.yaml", "2");
  commit("change");
  git("checkout", "-q", "main");
  put("tenants/prod/b.yaml", "1");
  commit("later");
  git("checkout", "-q", "change");
  expect(await findBase(root, "main")).toEqual({ ref: "main", commit: began, common: true });
  git("checkout", "-q", "--orphan", "alone");
  commit("alone");
  expect(await findBase(root, "main")).toEqual({ ref: "main", commit: git("rev-parse", "main"), common: false });
});

test.each(["absent", "--all", "HEAD:tenants", ""])(
  "a base %j that is no commit is refused with the way out, and is never an option of git",
  async (ref) => {
    put("tenants/prod/a.yaml", "1");
    commit("one");
    await expect(findBase(root, ref)).rejects.toThrow("there is no such commit in this clone; fetch it first");
  },
);

test("a hook's variables do not lead to another repository", async () => {
  put("tenants/prod/a.yaml", "1");
  const sha = commit("one");
  process.env.GIT_DIR = join(folder, "elsewhere");
  try {
    expect((await findBase(root, "main")).commit).toBe(sha);
  } finally {
    delete process.env.GIT_DIR;
  }
});
