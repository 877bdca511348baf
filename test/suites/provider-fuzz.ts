import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { accessProvider } from "../../infra/providers/access/provider.ts";
import { openRouterProvider } from "../../infra/providers/openrouter/provider.ts";
import { railwayProvider } from "../../infra/providers/railway/provider.ts";
import { parsePath } from "../../infra/providers/shell/path.ts";
import type { Properties, Resource } from "../../infra/providers/shell/resource.ts";
import { inputNames } from "../../infra/providers/shell/schema.ts";
import { type RunningProvider, startProvider } from "../../infra/providers/shell/serve.ts";
import { hasUnknown } from "../../infra/providers/shell/unknown.ts";
import { connectProvider } from "../../infra/providers/shell/wire.ts";
import { type Fuzzed, fuzzed } from "./provider-fuzz-inputs.ts";
import type { Suite, SuiteCase, SuiteOptions } from "./suite.ts";

const inputs = { everyday: 2_000, full: 20_000 };

type Wire = ReturnType<typeof connectProvider>;

/** Anything at all through Check and Diff of every resource, over real gRPC. */
export const suite = {
  name: "provider-fuzz",
  about:
    "whatever a program writes, Check and Diff answer: never a crash, always a message that names the property; unknown values pass",
  async *cases({ full, seed }: SuiteOptions): AsyncGenerator<SuiteCase> {
    yield* fuzzCases(full ? inputs.full : inputs.everyday, seed);
  },
} satisfies Suite;

/** So many inputs, spread over all resources. Each has a seed of its own, so that one of them can be brought back and made smaller by fast-check. */
export async function* fuzzCases(count: number, seed: number): AsyncGenerator<SuiteCase> {
  const started: { running: RunningProvider; wire: Wire }[] = [];
  const targets: { resource: Resource<Properties, Properties, never>; wire: Wire; arbitrary: fc.Arbitrary<Fuzzed> }[] = [];
  for (const running of [
    await startProvider(railwayProvider, { env: {} }),
    await startProvider(openRouterProvider, { env: {} }),
    await startProvider(accessProvider, { env: {} }),
  ])
    started.push({ running, wire: connectProvider(running.port) });
  for (const [index, { resources }] of [railwayProvider, openRouterProvider, accessProvider].entries()) {
    const wire = started[index]?.wire;
    if (wire) for (const resource of resources) targets.push({ resource, wire, arbitrary: fuzzed(resource) });
  }
  try {
    for (let index = 0; index < count; index++) {
      const target = targets[index % targets.length];
      if (!target) throw new Error("no resource");
      const { resource, wire, arbitrary } = target;
      const own = seed * 1_000_003 + index;
      yield {
        name: `input ${index} of seed ${seed} (fast-check seed ${own}): ${resource.token}`,
        run: () =>
          fc.assert(
            fc.asyncProperty(arbitrary, async (input) => {
              await checkAnswers(resource, wire, input);
              await diffAnswers(resource, wire, input);
            }),
            { seed: own, numRuns: 1 },
          ),
      };
    }
  } finally {
    for (const { running, wire } of started) {
      wire.close();
      await running.close("the suite is over");
    }
  }
}

async function checkAnswers(resource: Resource<Properties, Properties, never>, wire: Wire, input: Fuzzed): Promise<void> {
  const { kind, news, olds } = input;
  const { failures } = await wire.check(resource.token, news, olds);
  for (const { property, reason } of failures) namesProperty(resource, news, property, reason);
  const wrong = !resource.inputs.safeParse(news).success;
  const first = await wire.check(resource.token, news);
  if (kind === "unknowns") deepStrictEqual(first.failures, [], "unknown values pass");
  // Rules over several properties may still refuse what the definition lets pass.
  if (!hasUnknown(news) && wrong) ok(first.failures.length > 0, "what the definition refuses is refused");
  if (kind === "right" && !resource.check) deepStrictEqual(first.failures, [], "what the definition lets pass is not refused");
}

/** A failure names an input of the resource, or what the program wrote, and says in a line what is wrong. */
export function namesProperty(
  resource: Resource<Properties, Properties, never>,
  news: Properties,
  property: string,
  reason: string,
): void {
  ok(property !== "", `a failure names no property: ${reason}`);
  const known = new Set([...Object.keys(news), ...inputNames(resource)]);
  const [top] = property === '[""]' ? [""] : parsePath(property);
  ok(known.has(String(top)), `"${property}" is neither an input nor was it written`);
  ok(reason.trim() !== "" && reason.length < 1_000 && !/\n\s+at /.test(reason), `a poor reason for ${property}: ${reason}`);
}

async function diffAnswers(resource: Resource<Properties, Properties, never>, wire: Wire, input: Fuzzed): Promise<void> {
  const { news, olds, state, ignoreChanges } = input;
  const diff = await wire.diff(resource.token, olds, news, [...ignoreChanges], state);
  const none = diff.detaileddiffMap.length === 0;
  deepStrictEqual(diff.changes, none ? 1 : 2, "changed exactly when a property is");
  deepStrictEqual(none, diff.diffsList.length === 0, "each change is under a property");
  const due = resource.due?.(state);
  for (const name of diff.diffsList)
    ok(Object.hasOwn(news, name) || Object.hasOwn(olds, name) || name === due, `"${name}" was never written`);
  for (const name of diff.replacesList) ok(resource.replaceOnChange?.includes(name), `"${name}" must not replace`);
  if (hasUnknown(news)) return;
  const same = await wire.diff(resource.token, news, news, [], state);
  deepStrictEqual(same.diffsList, due === undefined ? [] : [due], "the same inputs are no change");
}
