/** Provider and client can be lifted out of this repository: nothing in them knows what it is that runs on Railway. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const rooms = [import.meta.dirname, join(import.meta.dirname, "../../../vendors/railway")];
const files = rooms.flatMap((room) => readdirSync(room).map((name) => join(room, name)));

test("provider and client of Railway know nothing of tenants, in code, words or page", () => {
  const shipped = files.filter((file) => !file.endsWith(".test.ts"));
  expect(shipped.length).toBeGreaterThan(30);
  const words = /tenant|fleet|acme|subscription|billable|cloudflare access/i;
  expect(shipped.filter((file) => words.test(readFileSync(file, "utf8")))).toEqual([]);
});

test("they import each other, the provider shell, the vendors' transport and the words of the domain, nothing else", () => {
  const own =
    /^(\.\/[\w-]+\.ts|\.\.\/shell\/[\w-]+\.ts|\.\.\/http\/[\w-]+\.ts|(\.\.\/)+vendors\/(railway|http)\/[\w-]+\.ts|(\.\.\/)+domain\/(clock|error)\.ts)$/;
  const wrong: string[] = [];
  for (const file of files.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")))
    for (const [, target = ""] of readFileSync(file, "utf8").matchAll(/from "(\.[^"]+)"/g))
      if (!own.test(target)) wrong.push(`${file} → ${target}`);
  expect(wrong).toEqual([]);
});
