import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../domain/clock.ts";
import { OperatorError } from "../domain/error.ts";
import type { Engine } from "./find.ts";
import { processMark } from "./lock.ts";
import { runPulumi } from "./run.ts";
import { script, temporaryFolder } from "./testing/fakes.ts";

async function engine(body: string): Promise<{ engine: Engine; cwd: string; env: Record<string, string> }> {
  const cwd = await temporaryFolder();
  const pulumi = await script(join(cwd, "pulumi"), body);
  const host = { kind: "official", path: join(cwd, "pulumi-language-nodejs") } as const;
  return {
    engine: { kind: "path", cached: false, pulumi, version: "v3.259.0", why: "", host },
    cwd,
    env: { PATH: "/usr/bin:/bin", MARK: "seen" },
  };
}

test("output, exit code and environment pass through, and there is never a prompt", async () => {
  const fake = await engine('echo "$* $MARK"; echo trouble >&2; exit 255');
  const lines: string[] = [];
  const result = await runPulumi(fake.engine, ["up", "--yes"], {
    ...fake,
    onLine: (line, stream) => lines.push(`${stream}: ${line}`),
  });
  expect(result).toEqual({ code: 255, stdout: "up --yes --non-interactive seen\n", stderr: "trouble\n" });
  expect(lines.sort()).toEqual(["stderr: trouble", "stdout: up --yes --non-interactive seen"]);
});

test("an abort lets the engine finish in peace", async () => {
  const fake = await engine('trap "echo finished; exit 1" INT; echo ready; while :; do sleep 0.05; done');
  const abort = new AbortController();
  const result = await runPulumi(fake.engine, ["up"], { ...fake, signal: abort.signal, onLine: () => abort.abort() });
  expect(result).toEqual({ code: 1, stdout: "ready\nfinished\n", stderr: "" });
});

test("an engine that does not stop is killed with its group after the grace", async () => {
  const fake = await engine('trap "" INT; sleep 1000 & echo $!; wait; wait');
  const abort = new AbortController();
  let sleeper = 0;
  const onLine = (line: string) => {
    sleeper = Number(line);
    abort.abort();
  };
  const result = await runPulumi(fake.engine, ["up"], { ...fake, signal: abort.signal, graceMs: 50, onLine });
  expect(result.code).toBe(137);
  expect(sleeper).toBeGreaterThan(0);
  // Its pipes are closed a moment before it has ended; the test's own time limit is the only clock here.
  while ((await processMark(sleeper)) !== undefined) await systemClock.sleep(20);
});

test("an engine that cannot be started is the operator's matter, with the way to look", async () => {
  const fake = await engine("");
  const gone = { ...fake.engine, pulumi: join(fake.cwd, "gone") };
  const failure = await runPulumi(gone, ["up"], fake).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(OperatorError);
  expect(String(failure)).toContain("./fleet doctor");
});

test("standard input is given where asked for and closed otherwise", async () => {
  const fake = await engine("cat");
  expect((await runPulumi(fake.engine, [], { ...fake, input: "{}" })).stdout).toBe("{}\n");
  expect((await runPulumi(fake.engine, [], fake)).stdout).toBe("");
});
