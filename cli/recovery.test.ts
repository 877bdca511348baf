/** What `fleet up` does after a killed run. */
import { hostname } from "node:os";
import { expect, test } from "vitest";
import { OperatorError } from "../domain/error.ts";
import { answer, asked, beginAnew, exported, FakeEdge, healed, ran, readScene, refuse, said } from "./recovery-scene.ts";

beginAnew();

const locked = (host: string, pid: number, at = "2026-11-24T11:59:00Z") =>
  `error: the stack is currently locked by 1 lock(s). Either wait …\n  file:///s/0a.json: created by runner@${host} (pid ${pid}) at ${at}\n`;
const dead = 2 ** 22 + 7;

test("a stack without anything left is only run", async () => {
  expect(await healed([""])).toEqual(ran());
  expect(await asked()).toEqual(["stack", "run"]);
  expect(said).toEqual([]);
});

test("a failure that is no lock is handed on, and only looked at", async () => {
  const edge = new FakeEdge();
  expect(await healed(["error: update failed"], { edge })).toEqual(ran("error: update failed"));
  expect(await asked()).toEqual(["stack", "run", "stack"]);
  expect(edge.log).toEqual(["look", "look", "tidy"]);
});

test("creates of which nobody knows are settled before the run, else it would make them again", async () => {
  await answer("stack", { out: exported("updating", "creating") });
  await healed([""]);
  expect(await asked()).toEqual(["stack", "refresh", "stack", "run"]);
  expect(await readScene("asked")).toContain("refresh --yes --skip-preview --clear-pending-creates");
});

test("updates that were under way need no settling", async () => {
  await answer("stack", { out: exported("updating") });
  await healed([""]);
  expect(await asked()).toEqual(["stack", "run"]);
});

test("the lock of a dead process of this machine is broken, what it left is settled, and the run is made", async () => {
  expect(await healed([locked(hostname(), dead), ""])).toEqual(ran());
  expect(await asked()).toEqual(["stack", "run", "cancel", "refresh", "stack", "run"]);
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
  expect(await healed([message], { user })).toEqual(ran(message));
  expect(await asked()).toEqual(["stack", "run"]);
});

test("in CI, where one run at a time works on a stack, the older lock of another machine is broken, and named", async () => {
  await healed([locked("fv-az12", 2100), ""], { user: { CI: "true" } });
  expect(await asked()).toEqual(["stack", "run", "cancel", "refresh", "stack", "run"]);
  expect(said[0]).toBe("nobody works behind the lock of runner@fv-az12 (pid 2100) of 2026-11-24T11:59:00.000Z: breaking it");
});

test("a lock that is met while settling is judged by the same rule", async () => {
  await answer("stack", { out: exported("creating") });
  await refuse("refresh", 1, locked("fv-az12", 2100));
  await healed([""], { user: { CI: "true" } });
  expect(await asked()).toEqual(["stack", "refresh", "cancel", "refresh", "stack", "run"]);
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
  expect(await asked()).toEqual(["cancel", "refresh", "stack", "run"]);
});

test("a state that cannot be read ends the command with the engine's words, before a run", async () => {
  await refuse("stack", 1, "error: no stack named 'prod' found");
  await expect(healed([""])).rejects.toThrow("pulumi stack failed:\nerror: no stack named 'prod' found");
  expect(await asked()).toEqual(["stack"]);
});
