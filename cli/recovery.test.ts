/** What `fleet up` does after a killed run, with a stand-in for the engine that answers as told and writes down what it was asked. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { memoryClock } from "../domain/clock.ts";
import { OperatorError } from "../domain/error.ts";
import type { Context } from "./context.ts";
import type { StackEnvironment } from "./environment.ts";
import { heal } from "./recovery.ts";

const began = Date.parse("2026-11-24T12:00:00Z");
const tunnel = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
const names = ["fleet:prod:tn_7k2m9x4q1c", "fleet:prod:tn_b4x8w2n6ty"];
let folder: string;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleet-recovery-test-"));
  said = [];
  await answer("stack", { out: exported() });
  await answer("preview", { out: JSON.stringify({ steps: [] }) });
  // Each answers from its file once it has been asked as often as the file's number says, else as last time.
  await writeFile(
    join(folder, "pulumi"),
    [
      "#!/bin/sh",
      `cd '${folder}'`,
      'printf "%s\\n" "$*" >> asked',
      'n=$(grep -c "^$1 " asked)',
      'for word in "$@"; do case $last in --file) cp "$word" imported ;; --import-file) cp wanted "$word" ;; esac; last=$word; done',
      '[ -f "$1.$n.err" ] && { cat "$1.$n.err" >&2; exit 255; }',
      '[ -f "$1.out" ] && cat "$1.out"',
      "exit 0",
    ].join("\n"),
  );
  await chmod(join(folder, "pulumi"), 0o755);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const exported = (...types: string[]) => JSON.stringify({ deployment: { pending_operations: types.map((type) => ({ type })) } });
const answer = (command: string, { out }: { out: string }) => writeFile(join(folder, `${command}.out`), out);
/** The nth call of a command is refused with these words. */
const refuse = (command: string, nth: number, words: string) => writeFile(join(folder, `${command}.${nth}.err`), words);

/** What the engine was asked, by first words; `run` stands for the run itself. */
async function asked(): Promise<string[]> {
  const lines = (await readFile(join(folder, "asked"), "utf8")).trim().split("\n");
  return lines.map((line) => line.split(" ")[0] ?? "");
}

const locked = (host: string, pid: number, at = "2026-11-24T11:59:00Z") =>
  `error: the stack is currently locked by 1 lock(s). Either wait …\n  file:///s/0a.json: created by runner@${host} (pid ${pid}) at ${at}\n`;
const dead = 2 ** 22 + 7;

interface Given {
  readonly force?: boolean;
  readonly user?: NodeJS.ProcessEnv;
  readonly env?: Record<string, string>;
}

/** Heals with a run whose outcomes are given, the last one for all that follow. */
function healed(outcomes: readonly string[], { force = false, user = {}, env = {} }: Given = {}) {
  const process = { env: user };
  const context = { process, root: folder, say: (text: string) => void said.push(text) } as unknown as Context;
  const engine = { pulumi: join(folder, "pulumi") };
  const whole = { stack: "prod", engine, env: { PATH: "/usr/bin:/bin", ...env } } as unknown as StackEnvironment;
  let runs = 0;
  const run = async () => {
    await writeFile(join(folder, "asked"), "run \n", { flag: "a" });
    return { stderr: outcomes[Math.min(runs++, outcomes.length - 1)] ?? "" };
  };
  return heal(context, whole, { force, began, clock: memoryClock(began) }, run);
}

test("a stack without anything left is only run", async () => {
  expect(await healed([""])).toEqual({ stderr: "" });
  expect(await asked()).toEqual(["stack", "run"]);
  expect(said).toEqual([]);
});

test("a failure that is no lock is handed on, and nothing is touched", async () => {
  expect(await healed(["error: update failed"])).toEqual({ stderr: "error: update failed" });
  expect(await asked()).toEqual(["stack", "run"]);
});

test("creates of which nobody knows are settled before the run, else it would make them again", async () => {
  await answer("stack", { out: exported("updating", "creating") });
  await healed([""]);
  expect(await asked()).toEqual(["stack", "refresh", "preview", "run"]);
  expect(await readFile(join(folder, "asked"), "utf8")).toContain("refresh --yes --skip-preview --clear-pending-creates");
});

test("updates that were under way need no settling", async () => {
  await answer("stack", { out: exported("updating") });
  await healed([""]);
  expect(await asked()).toEqual(["stack", "run"]);
});

test("the lock of a dead process of this machine is broken, what it left is settled, and the run is made", async () => {
  expect(await healed([locked(hostname(), dead), ""])).toEqual({ stderr: "" });
  expect(await asked()).toEqual(["stack", "run", "cancel", "refresh", "preview", "run"]);
  expect(said[0]).toContain(`runner@${hostname()} (pid ${dead}) of 2026-11-24T11:59:00.000Z`);
});

test.each<[string, string, NodeJS.ProcessEnv]>([
  ["a living process of this machine", locked(hostname(), process.pid), {}],
  ["a living process of this machine, in CI", locked(hostname(), process.pid), { CI: "true" }],
  ["another machine", locked("elsewhere", 1), {}],
  ["another machine, where CI is switched off", locked("elsewhere", 1), { CI: "false" }],
  ["another machine that began later, in CI", locked("elsewhere", 1, "2026-11-24T12:00:01Z"), { CI: "true" }],
  ["somebody whom Pulumi Cloud does not name", "error: [409] Conflict: Another update is currently in progress.", { CI: "true" }],
])("the lock of %s stays, and the refusal is the outcome", async (_, message, user) => {
  expect(await healed([message], { user })).toEqual({ stderr: message });
  expect(await asked()).toEqual(["stack", "run"]);
});

test("in CI, where one run at a time works on a stack, the older lock of another machine is broken, and named", async () => {
  await healed([locked("fv-az12", 2100), ""], { user: { CI: "true" } });
  expect(await asked()).toEqual(["stack", "run", "cancel", "refresh", "preview", "run"]);
  expect(said[0]).toBe("nobody works behind the lock of runner@fv-az12 (pid 2100) of 2026-11-24T11:59:00.000Z: breaking it");
});

test("a lock that is met while settling is judged by the same rule", async () => {
  await answer("stack", { out: exported("creating") });
  await refuse("refresh", 1, locked("fv-az12", 2100));
  await healed([""], { user: { CI: "true" } });
  expect(await asked()).toEqual(["stack", "refresh", "cancel", "refresh", "preview", "run"]);
});

test("one that may be somebody's ends the command there, with the way out, and without a run", async () => {
  await answer("stack", { out: exported("creating") });
  await refuse("refresh", 1, locked("elsewhere", 1));
  const error = await healed([""]).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(OperatorError);
  expect(String(error)).toContain("fleet up prod --recover");
  expect(await asked()).toEqual(["stack", "refresh"]);
});

test("a person's word breaks the lock and settles, whatever there is", async () => {
  await healed([""], { force: true });
  expect(await asked()).toEqual(["cancel", "refresh", "preview", "run"]);
});

test("a state that cannot be read ends the command with the engine's words, before a run", async () => {
  await refuse("stack", 1, "error: no stack named 'prod' found");
  await expect(healed([""])).rejects.toThrow("pulumi stack failed:\nerror: no stack named 'prod' found");
  expect(await asked()).toEqual(["stack"]);
});

test("of what the program still wants to make, exactly what Cloudflare has under its name is taken into the state", async () => {
  const server = createServer((request, response) => {
    const page = new URL(request.url ?? "", "http://x").searchParams.get("page");
    const result = page === "1" ? [{ id: "t1", name: names[0] }] : [];
    response.end(JSON.stringify({ success: true, result }));
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  onTestFinished(() => void server.close());
  const step = (op: string, type: string, logical: string, inputs: unknown) => ({
    op,
    urn: `urn:pulumi:prod::fleet::${type}::${logical}`,
    newState: { type, inputs },
  });
  const steps = [
    step("create", tunnel, "a-tunnel", { name: names[0], accountId: "acc" }),
    step("create", tunnel, "b-tunnel", { name: names[1], accountId: "acc" }),
    step("update", tunnel, "c-tunnel", { name: names[0], accountId: "acc" }),
    step("create", "railway:index:Service", "a-service", { name: "app" }),
  ];
  await answer("preview", { out: JSON.stringify({ steps }) });
  const wanted = [
    { type: "fleet:index:Tenant", name: "a", component: true },
    { type: tunnel, name: "atunnel", logicalName: "a-tunnel", parent: "a" },
    { type: tunnel, name: "b-tunnel" },
    { type: "railway:index:Service", name: "a-service" },
  ];
  await writeFile(join(folder, "wanted"), JSON.stringify({ nameTable: { a: "x" }, resources: wanted }));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await healed([""], { force: true, env: { CLOUDFLARE_BASE_URL: address, CLOUDFLARE_API_TOKEN: "token" } });
  expect(await asked()).toEqual(["cancel", "refresh", "preview", "import", "run"]);
  expect(JSON.parse(await readFile(join(folder, "imported"), "utf8"))).toEqual({
    nameTable: { a: "x" },
    resources: [wanted[0], { ...wanted[1], id: "acc/t1" }],
  });
  expect(await readFile(join(folder, "asked"), "utf8")).toContain("--protect=false");
});
