import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "./open.ts";

const run = promisify(execFile);
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fleet-pg-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The port is what counts: a stopped server may stay a zombie where nobody reaps orphans. */
async function serverAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
const pidFile = async () => (await readFile(join(dir, "data", "postmaster.pid"), "utf8")).split("\n");

const open = () => openDatabase({ dir, schema: "public", say: () => undefined });

test("the embedded server keeps what was written over stop and start, and its last user stops it", async () => {
  const first = await open();
  const second = await open();
  await first.pool.query("create table kept (n int); insert into kept values (7)");
  const port = Number((await pidFile())[3]);
  await first.close();
  expect(await serverAnswers(port)).toBe(true);
  await second.close();
  expect(await serverAnswers(port)).toBe(false);
  const again = await open();
  expect((await again.pool.query("select n from kept")).rows).toEqual([{ n: 7 }]);
  await again.close();
});

test("the password is readable by its owner only and nobody connects without it", async () => {
  expect((await stat(join(dir, "password"))).mode & 0o077).toBe(0);
  const database = await open();
  const port = (await pidFile())[3];
  await expect(
    openDatabase({ url: `postgresql://postgres:wrong@127.0.0.1:${port}/postgres`, dir, schema: "public", say: () => undefined }),
  ).rejects.toThrow("DATABASE_URL does not answer");
  await database.close();
});

test("after the server was killed hard, the next use recovers by itself", async () => {
  const database = await open();
  const pid = Number((await pidFile())[0]);
  process.kill(pid, "SIGKILL");
  const after = await open();
  expect((await after.pool.query("select n from kept")).rows).toEqual([{ n: 7 }]);
  await after.close();
  await database.pool.end();
});

test("processes that start it at the same time end with one server that all of them use", async () => {
  const program = `import { openDatabase } from ${JSON.stringify(new URL("./open.ts", import.meta.url).href)};
const database = await openDatabase({ dir: process.argv[1], schema: "public", say: () => undefined });
const { rows } = await database.pool.query("select n from kept");
await database.close();
process.stdout.write(JSON.stringify(rows));`;
  const node = process.execPath;
  const answers = await Promise.all([1, 2, 3].map(() => run(node, ["--input-type=module-typescript", "-e", program, dir])));
  expect(answers.map((answer) => answer.stdout)).toEqual(Array(3).fill('[{"n":7}]'));
});

test("a user that gives up in a statement that waits stops the server when it is the last, and only then", async () => {
  const [first, second] = [await open(), await open()];
  const port = Number((await pidFile())[3]);
  const holder = await second.pool.connect();
  await holder.query("select pg_advisory_lock(7)");
  const waiting = Promise.allSettled([1, 2, 3, 4].map(() => first.pool.query("select pg_advisory_lock(7)")));
  await expect
    .poll(async () => (await holder.query("select from pg_locks where locktype = 'advisory' and not granted")).rowCount)
    .toBe(4);
  await first.abandon();
  expect(await serverAnswers(port)).toBe(true);
  await holder.query("begin; insert into kept values (8)");
  const ended = first.pool.end();
  holder.release();
  const idle = await second.pool.connect();
  expect((await idle.query("select n from kept")).rows).toContainEqual({ n: 7 });
  // As when the first user's process exits.
  await idle.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and application_name <> current_setting('application_name')",
  );
  await waiting;
  await ended;
  await second.abandon();
  expect(await serverAnswers(port)).toBe(false);
  idle.release(true);
  await second.pool.end();
  const after = await open();
  expect((await after.pool.query("select n from kept")).rows).toEqual([{ n: 7 }]);
  await after.close();
});

test("a user dying without closing leaves no server behind after the next use", async () => {
  const program = `import { openDatabase } from ${JSON.stringify(new URL("./open.ts", import.meta.url).href)};
await openDatabase({ dir: process.argv[1], schema: "public", say: () => undefined });
process.stdout.write("open");
setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program, dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  const port = Number((await pidFile())[3]);
  await (await open()).close();
  expect(await serverAnswers(port)).toBe(false);
});
