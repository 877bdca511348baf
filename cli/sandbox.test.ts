import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { run } from "@stricli/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { app } from "./app.ts";
import { root } from "./context.ts";
import { stateUrl } from "./environment.ts";
import { silent } from "./progress.ts";
import { sandboxFolder, stopSandbox } from "./sandbox.ts";

const folder = mkdtempSync(join(tmpdir(), "fleet-sandbox-"));

async function fleet(...words: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const process = {
    stdout: { write: (text: string) => void out.push(text) },
    stderr: { write: (text: string) => void err.push(text) },
    env: { FLEET_SANDBOX_DIR: folder },
    exitCode: undefined as number | string | null | undefined,
  };
  const context = {
    process,
    root,
    print: (text: string) => void out.push(text),
    say: (text: string) => void err.push(text),
    progress: silent,
  };
  await run(app, words, context);
  return { code: process.exitCode ?? 0, out: out.join("\n"), err: err.join("\n") };
}

beforeAll(async () => {
  expect(await fleet("sandbox", "start", "--start", "2026-11-30T00:00:00Z")).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await fleet("sandbox", "stop");
  rmSync(folder, { recursive: true, force: true });
});

test("the clock can be read, set and moved on", async () => {
  expect(await fleet("sandbox", "clock")).toMatchObject({ code: 0, out: "2026-11-30T00:00:00.000Z" });
  expect(await fleet("sandbox", "clock", "--set", "2026-11-30T01:00:00Z")).toMatchObject({ out: "2026-11-30T01:00:00.000Z" });
  expect(await fleet("sandbox", "clock", "--advance-seconds", "90")).toMatchObject({ out: "2026-11-30T01:01:30.000Z" });
  expect(JSON.parse((await fleet("sandbox", "clock", "--json")).out)).toMatchObject({ now: "2026-11-30T01:01:30.000Z" });
});

test("a fault without its effect is wrong use, not a silent nothing; a vendor alone lists what waits", async () => {
  expect(await fleet("sandbox", "fault", "railway", "projectCreate")).toMatchObject({ code: 2, out: "" });
  expect(await fleet("sandbox", "fault", "railway", "projectCreate", "dropAnswer")).toMatchObject({ code: 0 });
  const listed = JSON.parse((await fleet("sandbox", "fault", "railway", "--json")).out);
  expect(listed.faults).toMatchObject([{ operation: "projectCreate", effect: "dropAnswer" }]);
  expect(JSON.parse((await fleet("sandbox", "fault", "railway", "--clear", "--json")).out)).toEqual({
    vendor: "railway",
    faults: [],
  });
});

test("a sandbox that has died by itself is as good as stopped", async () => {
  const died = spawn(process.execPath, ["-e", ""]);
  await once(died, "close");
  await expect(stopSandbox({ pid: died.pid ?? 0 })).resolves.toBeUndefined();
});

test("a relative FLEET_SANDBOX_DIR names one folder for every process of a command", () => {
  expect(isAbsolute(sandboxFolder(root, { FLEET_SANDBOX_DIR: "here" }))).toBe(true);
});

test("a checkout may lie in a folder of any name", () => {
  expect(stateUrl('/it\'s a "path" #1 50%20/state')).toBe("file:///it's%20a%20%22path%22%20%231%2050%2520/state?metadata=skip");
});

test.each([["up"], ["destroy"], ["preview"], ["env"]])(
  "%s of a stack that is not there is wrong use, whatever else it would need",
  async (command) => {
    expect(await fleet(command, "nope")).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is no stack "nope"; there are: prod, sandbox, test'),
    });
  },
);
