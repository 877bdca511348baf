import { buildApplication, run } from "@stricli/core";
import { expect, test } from "vitest";
import { processContext } from "../context.ts";
import { billingRoutes } from "./billing.ts";

async function usageOf(command: string): Promise<string> {
  let text = "";
  const write = (chunk: string) => {
    text += chunk;
    return true;
  };
  const process = { stdout: { write }, stderr: { write }, exitCode: 0, env: {} };
  await run(buildApplication(billingRoutes, { name: "fleet billing" }), [command, "--help"], { ...processContext, process });
  return text;
}

test.each([
  ["setup", []],
  ["plan", []],
  ["run", []],
  ["link", ["<slug>"]],
  ["why", ["<slug>", "<hour>"]],
])("the usage of `fleet billing %s` shows exactly its words", async (command, words) => {
  const usage = (await usageOf(command)).split("\n").find((line) => line.includes(`fleet billing ${command} [`)) ?? "no usage";
  expect(usage.match(/<[^>]+>(?:\.\.\.)?/g) ?? []).toEqual(words);
  expect(usage).not.toContain("...");
});
