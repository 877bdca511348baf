import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { needReadable, removeHalfLocks, stateFile } from "./state-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fleet-state-file-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

test("a state that is whole is not complained about", () => {
  put(stateFile(folder, "sandbox"), "{}");
  expect(() => needReadable(folder, "sandbox")).not.toThrow();
});

test("of a spoiled state the newest copy that is whole is named, not a spoiled one", () => {
  const file = put(stateFile(folder, "sandbox"), '{"half');
  const backups = join(folder, ".pulumi", "backups", "fleet", "sandbox");
  expect(() => needReadable(folder, "sandbox")).toThrow(/No copy of it is whole: begin anew/);
  put(join(backups, "sandbox.1795536686104919707.json"), "{}");
  const newest = put(join(backups, "sandbox.1795536696190918478.json"), "{}");
  put(join(backups, "sandbox.1795537053990220031.json"), '{"half');
  put(`${file}.bak`, "");
  expect(() => needReadable(folder, "sandbox")).toThrow(`cp '${newest}' '${file}', then fleet up sandbox --recover`);
  put(`${file}.bak`, "{}");
  expect(() => needReadable(folder, "sandbox")).toThrow(`cp '${file}.bak' '${file}'`);
});

test("a lock that a full disk left empty goes; a held one, and one just being written, stay", () => {
  const locks = join(folder, ".pulumi", "locks", "organization", "fleet", "sandbox");
  put(join(locks, "held.json"), '{"pid":1}');
  utimesSync(put(join(locks, "left.json.18eb071a1893c74b.tmp"), ""), 0, 0);
  const writing = put(join(locks, "writing.json.18eb071a1893c74c.tmp"), "");
  removeHalfLocks(folder, "sandbox", statSync(writing).mtimeMs + 500);
  expect(readdirSync(locks)).toEqual(["held.json", "writing.json.18eb071a1893c74c.tmp"]);
  expect(() => removeHalfLocks(join(folder, "nowhere"), "sandbox")).not.toThrow();
});
