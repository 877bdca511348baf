import { expect, test } from "vitest";
import { exitCode } from "../domain/error.ts";
import type { EngineEvent } from "../engine/events.ts";
import { Changes } from "./changes.ts";
import { judge, type Outcome } from "./outcome.ts";

const created = (uid: string, state: "done" | "failed"): EngineEvent => ({
  ...{ kind: "resource", urn: `urn:pulumi:prod::fleet::railway:index:Project::${uid}-project`, planning: false },
  ...{ type: "railway:index:Project", op: "create", state },
});

/** One tenant came through, another one did not. */
function outcome(more: Partial<Outcome> = {}): Outcome {
  const changes = new Changes();
  changes.take(created("tn_aaaaaaaaaa", "done"));
  changes.take(created("tn_bbbbbbbbbb", "failed"));
  return { ...{ code: 255, changes, slugs: new Map(), stderr: "", seconds: 1, stopped: false, madeAtEdge: false }, ...more };
}

test("part of the tenants failed: 4", () => {
  expect(judge(outcome())).toBe(exitCode.partial);
});

test("a run that was stopped is no partial success, whatever was done before", () => {
  expect(judge(outcome({ stopped: true }))).toBe(exitCode.failed);
});

test("what a guard refused stays refused, even if somebody stopped it too", () => {
  expect(judge(outcome({ stopped: true, stderr: "refused by a guard: tenants/prod/acme.yaml is gone" }))).toBe(exitCode.refused);
});

test("the stop came when all was done: 0", () => {
  expect(judge(outcome({ code: 0, stopped: true }))).toBe(exitCode.done);
});

test("all came through, but Cloudflare could not be looked at: 1", () => {
  expect(judge(outcome({ code: 0, unhealed: ["no answer"] }))).toBe(exitCode.failed);
});
