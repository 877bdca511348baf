import { expect, test } from "vitest";
import { reportOf } from "./assemble.ts";
import { commentMarker, longestComment, renderMarkdown } from "./markdown.ts";
import type { PrReport, StackReport, TenantReport } from "./report.ts";

const evil =
  "</details><script>alert(1)</script> @octocat [x](https://evil.example) ![i](https://evil.example/i.png) <!-- fleet-pr-report -->";
const tenant = (index: number, more: Partial<TenantReport> = {}): TenantReport => ({
  uid: `tn_${String(index).padStart(10, "0")}`,
  slug: `tenant-${index}`,
  name: `Tenant ${index}`,
  file: `tenants/prod/tenant-${index}.yaml`,
  change: "changed",
  changes: [{ field: "access.sessionDuration", text: "session 24h → 8h" }],
  people: { total: 1, sealed: 0, admitted: ["a…@acme.example"], added: [], removed: [], addedSealed: 0, removedSealed: 0 },
  resources: [{ op: "update", what: "log-in page", holdsData: false, properties: ["sessionDuration"] }],
  flatCents: { before: 500, after: 500 },
  revenueCents: { before: 2_500, after: 2_500 },
  costCents: { before: 190, after: 190 },
  ...more,
});
const stackOf = (more: Partial<StackReport> = {}): StackReport => ({
  stack: "prod",
  ...{ source: "preview", why: null, tenantsBefore: 1, tenantsAfter: 1, tenants: [], shared: [], sharedResources: [] },
  ...{ guards: [], policies: [], errors: [], flatCents: { before: 500, after: 500 } },
  revenueCents: { before: 2_500, after: 2_500 },
  costCents: { before: 190, after: 190 },
  seats: { before: 1, after: 1, free: 50, costCents: { before: 0, after: 0 } },
  ...more,
});
const reported = (stacks: readonly StackReport[], problems: PrReport["problems"] = []) =>
  reportOf({
    base: { ref: "origin/main", commit: "0123456789abcdef", common: true },
    assumptions: { activeHours: 20, prices: "list-2026-08" },
    problems: problems.map(({ message }) => ({ message })),
    stacks,
  });

test("the comment of a few changes, as people read it", () => {
  const stack = stackOf({
    tenants: [
      tenant(1),
      tenant(2, {
        change: "created",
        resources: null,
        flatCents: { before: 0, after: 500 },
        revenueCents: { before: 0, after: 2_500 },
      }),
      tenant(3, { change: "removed", resources: [{ op: "delete", what: "volume (DATA)", holdsData: true, properties: [] }] }),
    ],
    guards: [
      {
        guard: "removal",
        verdict: "refused",
        tenant: "tenant-3",
        message: "tenants/prod/tenant-3.yaml was removed while active",
      },
    ],
  });
  expect(renderMarkdown(reported([stack]), "prod")).toMatchSnapshot();
});

test("nothing that files say structures the comment, notifies anybody or loads anything", () => {
  const stack = stackOf({
    stack: evil,
    why: evil,
    source: "files",
    tenants: [
      tenant(1, {
        slug: evil,
        name: evil,
        changes: [{ field: evil, text: evil }],
        people: { total: 1, sealed: 1, admitted: [evil], added: [evil], removed: [evil], addedSealed: 0, removedSealed: 0 },
        resources: [{ op: "delete", what: evil, holdsData: true, properties: [evil] }],
      }),
    ],
    shared: [{ field: evil, text: evil }],
    guards: [{ guard: evil, verdict: "refused", tenant: evil, message: evil }],
    policies: [{ guard: evil, verdict: "warning", tenant: evil, message: evil }],
    errors: [evil],
  });
  const text = renderMarkdown(reported([stack], [{ file: null, line: null, column: null, message: evil }]));
  expect(text).not.toMatch(/<script|!\[|\]\(|@octocat|:\/\//);
  expect(text.match(/<!--/g)).toHaveLength(1);
  expect(text.match(/<details>/g)?.length ?? 0).toBe(text.match(/<\/details>/g)?.length ?? 0);
  expect(text.replaceAll(/<\/?(?:details|summary|sub)>|<!-- fleet-pr-report -->/g, "")).not.toMatch(/[<>]/);
});

test.each([300, 3_000])("with %i changed tenants the comment still fits, every one of them listed or counted", (count) => {
  const many = Array.from({ length: count }, (_, index) => tenant(index));
  const guards = many.map(
    ({ slug }) => ({ guard: "volume", verdict: "refused", tenant: slug, message: evil.repeat(5) }) as const,
  );
  const stack = stackOf({ tenants: many, guards, errors: Array.from({ length: 100 }, () => evil.repeat(9)) });
  const text = renderMarkdown(reported([stack]));
  expect(text.length).toBeLessThanOrEqual(longestComment);
  const listed = new Set(text.match(/^(?:\*\*|- )tenant-\d+/gm)).size;
  const counted = Number(/… and (\d+) more changed/.exec(text)?.[1] ?? 0);
  expect(listed).toBeGreaterThan(50);
  expect(listed + counted).toBe(count);
  expect(text).toContain(`Changed: ${count}`);
});

test("with a hundred stacks that say as much as they can it fits too", () => {
  const stacks = Array.from({ length: 100 }, (_, index) =>
    stackOf({
      stack: `shard-${index}`,
      tenants: Array.from({ length: 100 }, (_, each) => tenant(each, { name: evil })),
      errors: [evil.repeat(9)],
    }),
  );
  expect(renderMarkdown(reported(stacks)).length).toBeLessThanOrEqual(longestComment);
});

test("what must not be missed comes first: the refusals, then what is removed", () => {
  const stack = stackOf({
    tenants: [tenant(1), tenant(2, { change: "removed" })],
    guards: [
      { guard: "settings", verdict: "warning", tenant: null, message: "look here" },
      { guard: "removal", verdict: "refused", tenant: null, message: "not this" },
    ],
  });
  const text = renderMarkdown(reported([stack]));
  const places = ["Fleet: refused", "not this", "look here", "tenant-2", "tenant-1"].map((word) => text.indexOf(word));
  expect(places).toEqual(places.toSorted((left, right) => left - right));
  expect(places[0]).toBeGreaterThan(0);
});

test("that no policy objects is said only where the policies were asked", () => {
  const said = (more: Partial<StackReport>) =>
    /No policy objects|policies were not asked/.exec(renderMarkdown(reported([stackOf({ tenants: [tenant(1)], ...more })])))?.[0];
  expect(said({ policies: [] })).toBe("No policy objects");
  expect(said({ policies: null })).toBe("policies were not asked");
  expect(said({ policies: null, source: "files", why: "no secrets" })).toBeUndefined();
});

test("lines are short enough for a phone except the folded lists, and there is no table", () => {
  const text = renderMarkdown(reported([stackOf({ tenants: [tenant(1), tenant(2)] })]));
  expect(text).not.toContain("|");
  const open = text.replaceAll(/<details>[\s\S]*?<\/details>/g, "").replace(/<sub>.*<\/sub>/, "");
  for (const line of open.split("\n")) expect(line.length).toBeLessThan(120);
});

test("the first line is the marker by which CI finds its comment, one a stack where there is one", () => {
  expect(renderMarkdown(reported([]), "prod").startsWith(`${commentMarker("prod")}\n`)).toBe(true);
  expect([commentMarker(undefined), commentMarker("prod")]).toEqual([
    "<!-- fleet-pr-report -->",
    "<!-- fleet-pr-report prod -->",
  ]);
});

test("many people and many lines are folded away, sealed addresses counted", () => {
  const admitted = Array.from({ length: 30 }, (_, index) => `${String.fromCharCode(97 + (index % 26))}…@acme.example`);
  const people = { total: 32, sealed: 2, admitted, added: [], removed: [], addedSealed: 0, removedSealed: 0 };
  const changes = Array.from({ length: 20 }, (_, index) => ({ field: "access.members", text: `change ${index}` }));
  const text = renderMarkdown(reported([stackOf({ tenants: [tenant(1, { people, changes })] })]));
  expect(text).toContain("24 more, 2 sealed addresses");
  expect(text).toContain("<details><summary>8 more changes</summary>");
});

test("a clone without the commit at which the branch began says what that does to the report, before anything else", () => {
  const report = reported([stackOf()]);
  const shallow = renderMarkdown({ ...report, base: { ...report.base, common: false } });
  expect(shallow.split("\n\n")[2]).toMatch(/^⚠️ This clone does not hold the commit at which the branch left origin\/main/);
  expect(renderMarkdown(report)).not.toContain("This clone");
});
