/** `fleet watch` as a process, with a stand-in for the engine's history and a ledger of its own. */
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { beginRun, endRun } from "../billing/ledger/closes.ts";
import { acquireLease } from "../billing/ledger/lease.ts";
import { type Ledger, openLedger } from "../billing/ledger/open.ts";
import { stages } from "../billing/run.ts";
import { hourMs } from "../domain/hour.ts";
import { pinnedVersion } from "../engine/version.ts";
import { WatchReport } from "./watch/report.ts";

const root = resolve(import.meta.dirname, "..");
let folder: string;
let ledgerDir: string;
let ledger: Ledger | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleet-watch-"));
  ledgerDir = join(folder, "ledger");
  await mkdir(join(folder, "bin"));
});
afterAll(async () => {
  await ledger?.close();
  await rm(folder, { recursive: true, force: true });
});

async function program(name: string, text: string): Promise<void> {
  await writeFile(join(folder, "bin", name), `#!/bin/sh\n${text}\n`);
  await chmod(join(folder, "bin", name), 0o755);
}

/** What `pulumi stack history` answers; its `config` holds what must not be shown. */
async function history(...updates: readonly { kind: string; result: string; startTime: string }[]): Promise<void> {
  const answer = JSON.stringify(
    updates.map((one) => ({ ...one, message: "", config: { "fleet:zone": { value: "z" } }, version: 1 })),
  );
  await program("pulumi", `case "$1" in version) echo v${pinnedVersion} ;; stack) echo '${answer}' ;; *) exit 9 ;; esac`);
  await program("pulumi-language-nodejs", "exit 9");
}

async function run(name: string, endedAt: number, problems = 0): Promise<void> {
  // Open to the end, so that its server need not start for each of the processes.
  ledger ??= await openLedger({ dir: ledgerDir, stack: "prod", say: () => undefined });
  const lease = await acquireLease(ledger, { holder: name, say: () => undefined });
  await lease.write(async (tx) => {
    await beginRun(tx, name, stages.join(","), endedAt - 60_000);
    await endRun(tx, name, { problems }, endedAt);
  });
  await lease.release();
}

function fleet(args: readonly string[], more: Record<string, string> = {}) {
  const env = {
    PATH: `${join(folder, "bin")}:/usr/bin:/bin`,
    HOME: folder,
    FLEET_LEDGER_DIR: ledgerDir,
    NODE_COMPILE_CACHE: join(root, ".fleet", "compile-cache"),
    ...more,
  };
  const command = ["--disable-warning=ExperimentalWarning", join(root, "cli", "main.ts"), "watch", ...args];
  return new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    execFile(process.execPath, command, { env }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

test("a stack goes from nothing known over all is well to too old, with the exit codes of it", async () => {
  await history();
  const nothing = await fleet(["--stack", "prod", "--json"]);
  expect(WatchReport.parse(JSON.parse(nothing.stdout))).toMatchObject({ ok: false, billing: null, deploy: null });
  expect(nothing).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^there is no ledger: .*\nthe stack was never brought up\n$/),
  });

  await history(
    { kind: "refresh", result: "failed", startTime: "2026-11-23T17:00:00.000Z" },
    { kind: "update", result: "succeeded", startTime: "2026-11-23T16:00:00.000Z" },
  );
  await run("r1", Date.now() - 13 * hourMs);
  const old = await fleet(["--stack", "prod"]);
  expect(old).toMatchObject({ code: 1, stderr: "the newest finished billing run ended 13 h 0 min ago; the limit is 12 h\n" });
  expect(old.stdout).toContain("prod: needs a person");
  expect(await fleet(["--stack", "prod", "--max-age", "14"])).toMatchObject({ code: 0, stderr: "" });

  await run("r2", Date.now() - 60_000);
  const well = await fleet(["--stack", "prod", "--json"]);
  expect(well).toMatchObject({ code: 0, stderr: "" });
  expect(WatchReport.parse(JSON.parse(well.stdout))).toMatchObject({
    ok: true,
    billing: { run: "r2", problems: 0 },
    deploy: { result: "succeeded", startedAt: "2026-11-23T16:00:00.000Z" },
    problems: [],
  });
});

test("a state that cannot be read is a problem and no crash", async () => {
  await program(
    "pulumi",
    `[ "$1" = version ] && echo v${pinnedVersion} || { echo "error: no stack named 'prod' found" >&2; exit 1; }`,
  );
  expect(await fleet(["--stack", "prod"])).toMatchObject({
    code: 1,
    stderr: "the last deploy is not known: error: no stack named 'prod' found\n",
  });
});

test("the heartbeat is sent to the address, which is shown nowhere; without an address it is wrong use", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end();
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/0a1b2c3d-4e5f`;
  const sent = await fleet(["ping"], { FLEET_HEARTBEAT_URL: url });
  const failed = await fleet(["ping", "--failed"], { FLEET_HEARTBEAT_URL: url });
  server.close();
  expect([sent.code, failed.code]).toEqual([0, 0]);
  expect(asked).toEqual(["/0a1b2c3d-4e5f", "/0a1b2c3d-4e5f/fail"]);
  expect(JSON.stringify([sent, failed])).not.toContain("0a1b2c3d");
  expect(await fleet(["ping"], { FLEET_HEARTBEAT_URL: " " })).toMatchObject({ code: 2, stdout: "" });
});
