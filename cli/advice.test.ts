import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { runbooksFor } from "./advice.ts";

const root = resolve(import.meta.dirname, "..");
/** Where each message is made, and a part of it as it stands there. */
const messages = [
  [
    "infra/providers/railway/project.ts",
    "2 Railway projects carry the marker fleet:prod:tn_7k2m9x4q1c: 1 (acme), 2 (prod-acme). Only one may",
  ],
  [
    "infra/providers/railway/volume.ts",
    "2 volumes of Railway project p have the mount path /data: v1, v2. Look which one holds the data",
  ],
  [
    "infra/providers/railway/service-instance.ts",
    "the service is configured but not up: deployment d is CRASHED; see its logs in the Railway dashboard",
  ],
  ["infra/main.ts", "refused by a guard: tenants/prod/acme.yaml is gone"],
  ["cli/outcome.ts", "refused by the rules of policies/"],
] as const;

test.each(messages)("a message of %s is followed by its runbook, and is still made there", (file, message) => {
  const [line = "", ...others] = runbooksFor(message);
  expect(others).toEqual([]);
  expect(existsSync(join(root, line.replace(/^.*: /, "")))).toBe(true);
  const words = /carry the marker|have the mount path|is configured but not up|refused by [a-z ]+/.exec(message)?.[0] ?? message;
  expect(readFileSync(join(root, file), "utf8")).toContain(words.trim());
});

test("a vendor's refusal alone names no page", () => {
  expect(runbooksFor("railway refused projectCreate, HTTP 503")).toEqual([]);
});
