/** docs/commands.md, held to what the commands print. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "@stricli/core";
import { expect, test } from "vitest";
import type { z } from "zod";
import { CatalogueReport, LinkReport } from "../billing/report/account.ts";
import { app, commandOf } from "../cli/app.ts";
import { processContext } from "../cli/context.ts";
import { DemoReport } from "../cli/demo/report.ts";
import {
  BenchReport,
  CompletionScript,
  DoctorReport,
  EnvReport,
  ErrorObject,
  KeysMade,
  PingReport,
  StackReport,
  SuiteReport,
  TenantEdited,
  TenantMade,
  TenantShown,
  TenantsChecked,
  TenantsListed,
  TenantsResealed,
} from "../cli/reports.ts";
import {
  SandboxFaults,
  SandboxReset,
  SandboxStarted,
  SandboxStatus,
  SandboxStopped,
  SandboxTime,
  SandboxUsed,
} from "../cli/sandbox-reports.ts";
import { DriftReport, SchemaReport, WatchReport } from "../cli/watch/report.ts";

const page = join(import.meta.dirname, "..", "docs", "commands.md");
const text = readFileSync(page, "utf8");

const shapes: Record<string, z.ZodType> = {
  "fleet tenant new": TenantMade,
  "fleet tenant edit": TenantEdited,
  "fleet tenant reseal": TenantsResealed,
  "fleet tenant check": TenantsChecked,
  "fleet tenant list": TenantsListed,
  "fleet tenant show": TenantShown,
  "fleet tenant keygen": KeysMade,
  "fleet preview": StackReport,
  "fleet env": EnvReport,
  "fleet billing setup": CatalogueReport,
  "fleet billing link": LinkReport,
  "fleet watch": WatchReport,
  "fleet watch ping": PingReport,
  "fleet watch drift": DriftReport,
  "fleet watch railway": SchemaReport,
  "fleet sandbox start": SandboxStarted,
  "fleet sandbox stop": SandboxStopped,
  "fleet sandbox status": SandboxStatus,
  "fleet sandbox use": SandboxUsed,
  "fleet sandbox clock": SandboxTime,
  "fleet sandbox fault": SandboxFaults,
  "fleet sandbox reset": SandboxReset,
  "fleet doctor": DoctorReport,
  "fleet completion": CompletionScript,
  // Any command that ends without its own.
  "fleet up": ErrorObject,
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

/** Every command with its line of `--help` one level up. */
function* commandsBelow(target: typeof app.root, words: readonly string[] = []): Generator<[string[], string]> {
  if (!("getAllEntries" in target)) return yield [[...words], target.brief];
  for (const { name, target: inner, hidden } of target.getAllEntries())
    if (!hidden) yield* commandsBelow(inner, [...words, name.original]);
}

async function helpOf(words: readonly string[]): Promise<string> {
  let text = "";
  const write = (chunk: string) => {
    text += chunk;
    return true;
  };
  const process = { stdout: { write }, stderr: { write }, exitCode: 0, env: {} };
  await run(app, [...words, "--help"], { ...processContext, process });
  return text;
}

/** What `--help` prints, without what every command has. */
async function referenceOf(words: readonly string[], brief: string): Promise<string> {
  const lines = (await helpOf(words)).trimEnd().split("\n");
  const own = lines.filter((line) => !/^ {2}fleet .* --help$|^ {2}-h {2}--help |^ {6,}-- {2,}what follows/.test(line));
  const kept = own.filter((line, at) => line !== brief && !(line === "FLAGS" && !own[at + 1]?.trim()));
  const block = kept
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trimEnd();
  return `### fleet ${words.join(" ")}\n\n${brief}.\n\n\`\`\`text\n${block}\n\`\`\`\n`;
}

test("the reference in docs/commands.md is what the commands' help says", async () => {
  const made = /(<!-- made from the commands: [^\n]*-->\n)[\s\S]*(?=<!-- end -->)/;
  const commands = [...commandsBelow(app.root)];
  expect(commands.length).toBeGreaterThan(25);
  const parts: string[] = [];
  for (const [words, brief] of commands) parts.push(await referenceOf(words, brief));
  const fresh = text.replace(made, (_, head: string) => `${head}\n${parts.join("\n")}\n`);
  expect(fresh).toContain("### fleet tenant new\n");
  const renew = "renew it with: node_modules/.bin/vitest run --project unit test/commands.test.ts -u";
  await expect(fresh, renew).toMatchFileSnapshot(page);
});
