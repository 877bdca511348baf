import { expect, test } from "vitest";
import type { EngineEvent } from "../engine/events.ts";
import { Changes } from "./changes.ts";

const error = (message: string): EngineEvent => ({ kind: "diagnostic", severity: "error", message, urn: undefined });

test("a failure is told once, without the SDK's own trace of what needed it; another trace is shown", () => {
  const changes = new Changes();
  const trace = (why: string) =>
    error(`Running program 'main.ts' failed with an unhandled exception:\n<ref *1> Error: ${why}\n    at resource.ts:919`);
  changes.take(error("railway refused projectCreate"));
  changes.take(error("railway refused projectCreate"));
  changes.take(trace('error serializing property "projectId": resource tn_a-project [railway:index:Project] failed to register'));
  changes.take(trace("bug: no identity provider"));
  expect(changes.errors).toEqual(["railway refused projectCreate", expect.stringContaining("bug: no identity provider")]);
});
