/** docs/commands.md, held to what the commands print. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { commandOf } from "../cli/app.ts";
import { DemoReport } from "../cli/demo/report.ts";
import {
  BenchReport,
  KeysMade,
  StackReport,
  SuiteReport,
  TenantEdited,
  TenantMade,
  TenantShown,
  TenantsChecked,
  TenantsListed,
  TenantsResealed,
} from "../cli/reports.ts";
import { WatchReport } from "../cli/watch/report.ts";

const text = readFileSync(join(import.meta.dirname, "..", "docs", "commands.md"), "utf8");

/** Billing's own: billing/commands.ts prints them without a schema. */
const part = z.strictObject({ kind: z.string(), plan: z.string().nullable(), id: z.string(), made: z.boolean() });
const link = ["uid", "slug", "customer", "session", "url", "expiresAt"] as const;

const shapes: Record<string, z.ZodType> = {
  "fleet tenant new": TenantMade,
  "fleet tenant edit": TenantEdited,
  "fleet tenant reseal": TenantsResealed,
  "fleet tenant check": TenantsChecked,
  "fleet tenant list": TenantsListed,
  "fleet tenant show": TenantShown,
  "fleet tenant keygen": KeysMade,
  "fleet preview": StackReport,
  "fleet billing setup": z.strictObject({ schemaVersion: z.literal(1), parts: z.array(part) }),
  "fleet billing link": z.strictObject({
    schemaVersion: z.literal(1),
    ...Object.fromEntries(link.map((key) => [key, z.string()])),
  }),
  "fleet watch": WatchReport,
  "fleet demo": DemoReport,
  "fleet test": SuiteReport,
  "fleet bench": BenchReport,
};

/** The first command named in the paragraph before each example. */
const examples = [...text.matchAll(/(?:^|\n)`(fleet [^`]+)`(?:[^\n]|\n(?!\n))*?\n```json\n([\s\S]*?)\n```/g)].map(
  ([, words = "", json = ""]) => ({ command: commandOf(words.split(" ").slice(1)), json }),
);

test.each(examples)("the example of `$command` has exactly the fields that the command prints", ({ command, json }) => {
  const shape = shapes[command];
  expect(shape, `no shape for ${command}`).toBeDefined();
  expect(shape?.safeParse(JSON.parse(json)).error?.issues).toBeUndefined();
});

test("each shape has its example", () => {
  expect(examples.map(({ command }) => command).sort()).toEqual(Object.keys(shapes).sort());
});

test("every command that is named in the documents exists", () => {
  const runbooks = readdirSync(join(import.meta.dirname, "..", "docs", "runbooks")).map((name) => `docs/runbooks/${name}`);
  const pages = [
    "README.md",
    "docs/commands.md",
    "docs/status.md",
    "tenants/prod/README.md",
    "tenants/test/README.md",
    ...runbooks,
  ];
  const named = pages.flatMap((page) => {
    const content = readFileSync(join(import.meta.dirname, "..", page), "utf8");
    return [...content.matchAll(/(?:\.\/|`)fleet ((?:[a-z]+ ?)+)/g)].map(([, words = ""]) => ({
      page,
      words: words.trim().split(" "),
    }));
  });
  const unknown = named.filter(({ words }) => commandOf(words) === "fleet");
  expect(named.length).toBeGreaterThan(20);
  expect(unknown).toEqual([]);
});
