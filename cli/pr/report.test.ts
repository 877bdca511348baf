import { expect, test } from "vitest";
import { keygen, seal } from "../../tenants/seal.ts";
import { reportOf } from "./assemble.ts";
import type { Preview } from "./preview.ts";
import { compareSides, entryYaml, planYaml, settingsYaml, sideOf } from "./sample.ts";

const acme = "tn_acmeacme00";
const file = "tenants/prod/acme.yaml";
const facts = {
  base: { ref: "origin/main", commit: "0123456789abcdef0123456789abcdef01234567", common: true },
  assumptions: { activeHours: 20, prices: "list-2026-08" },
};
const words = async (before: string, after: string) => {
  const { tenants } = await compareSides(sideOf({ [file]: before }), sideOf({ [file]: after }));
  return tenants.flatMap(({ changes }) => changes.map(({ text }) => text));
};

test("each field is told in words, with both ends; values of variables never", async () => {
  const before = entryYaml(acme, "Acme", "app: { variables: { OLD: planted-1, KEPT: planted-2, OTHER: planted-3 } }\n");
  const after = entryYaml(
    acme,
    "Acme Robotics",
    `app: { memoryGB: 2, vCPUs: 2, volumeGB: 9, sleep: false, variables: { NEW: planted-4, KEPT: planted-2, OTHER: planted-5 } }
billing: { exempt: internal demo, customer: cus_1, budgetHours: 10, graceUntil: 2026-12-31 }
`,
    "  sessionDuration: 8h\n  publicPaths: [/yourapp]\n",
  );
  expect(await words(before, after)).toEqual([
    'name "Acme" → "Acme Robotics"',
    "session 24h → 8h",
    "open to everybody without log-in: + /yourapp",
    "memory 1 GB → 2 GB",
    "processors 1 → 2",
    "volume 5 GB → 9 GB",
    "when idle sleeps → stays awake",
    "variables: + NEW, − OLD, OTHER changed",
    "Stripe customer none → cus_1",
    "billing billed → never billed (internal demo)",
    "budget none → 10 h a month",
    "no suspension before none → 2026-12-31",
  ]);
});

test("what is written otherwise but means the same is no change: order, comments, a default written out", async () => {
  const before = entryYaml(acme, "Acme");
  expect(await words(before, `# hello\n${entryYaml(acme, "Acme", "state: active\n", "  sessionDuration: 24h\n")}`)).toEqual([]);
});

test("a new image, plan or setting is told once for the stack, and at the tenants that it deploys again", async () => {
  const image = `{ stable: registry.example/ai-diy@sha256:${"1".repeat(64)} }`;
  const plan = planYaml.replace("max: 10", "max: 12");
  const base = sideOf({ [file]: entryYaml(acme, "Acme") });
  const head = sideOf({
    [file]: entryYaml(acme, "Acme"),
    "Pulumi.prod.yaml": settingsYaml({ releases: image }),
    "tenants/plans/standard.yaml": plan,
  });
  const report = await compareSides(base, head);
  expect(report.shared.map(({ text }) => text)).toEqual([
    "plan standard: people.max 10 → 12",
    "setting releases: image of stable changed",
  ]);
  expect(report.tenants.map(({ slug, changes }) => [slug, changes.map(({ text }) => text)])).toEqual([
    ["acme", ["another image of release stable: the application is deployed again"]],
  ]);
});

test("without settings on both sides the files are still compared, and nothing is made up of what the settings decide", async () => {
  const none = { "Pulumi.prod.yaml": "config: {}\n" };
  const report = await compareSides(sideOf(none), sideOf({ ...none, [file]: entryYaml(acme, "Acme") }));
  expect(report.tenants.map(({ change, changes }) => [change, changes.map(({ field }) => field)])).toEqual([
    ["created", ["plan", "access.sessionDuration", "app"]],
  ]);
});

test("the flat fee is that of active tenants that are billed; the cost of one that never sleeps is a whole month's", async () => {
  const base = sideOf({ [file]: entryYaml(acme, "Acme") });
  const head = sideOf({
    [file]: entryYaml(acme, "Acme", "app: { sleep: false }\nbilling: { exempt: internal demo }\n"),
    "tenants/prod/birch.yaml": entryYaml("tn_birchbirch", "Birch"),
  });
  const { flatCents, tenants } = await compareSides(base, head);
  expect(flatCents).toEqual({ before: 500, after: 500 });
  const [changed, created] = tenants;
  // 20 hours: 1,200 GB-minutes and 24 vCPU-minutes (0.29), tunnel 0.40, volume 0.01, Stripe of $25: 1.03 and 0.18.
  expect(created).toMatchObject({
    slug: "birch",
    change: "created",
    flatCents: { before: 0, after: 500 },
    // And 20 hours at $1.
    revenueCents: { before: 0, after: 2_500 },
    costCents: { before: 0, after: 190 },
  });
  // 43,200 GB-minutes (9.98) and 864 vCPU-minutes (0.40), tunnel 0.40, volume 0.01; no Stripe.
  expect(changed).toMatchObject({
    slug: "acme",
    flatCents: { before: 500, after: 0 },
    revenueCents: { before: 2_500, after: 0 },
    costCents: { before: 190, after: 1_079 },
  });
});

test("named people beyond the free seats cost", async () => {
  const members = (count: number) =>
    Array.from({ length: count }, (_, index) => `    - githubOrganization: org-${index}\n`).join("");
  const settings = {
    "Pulumi.prod.yaml": settingsYaml({ loginMethods: "{ github: { clientId: x } }", githubClientSecret: "{ secure: v1 }" }),
  };
  const side = (count: number) => sideOf({ ...settings, [file]: entryYaml(acme, "Acme", "", members(count)) });
  const { seats } = await compareSides(side(48), side(51));
  expect(seats).toEqual({ before: 49, after: 52, free: 50, costCents: { before: 0, after: 1_400 } });
});

test("a tenant whose file is as before is in the report when its resources change, and not otherwise", async () => {
  const side = sideOf({ [file]: entryYaml(acme, "Acme"), "tenants/prod/birch.yaml": entryYaml("tn_birchbirch", "Birch") });
  const resource = { uid: acme, op: "update", what: "application", holdsData: false, properties: ["image"] } as const;
  const report = await compareSides(side, side, { resources: [resource], errors: [], policies: [] });
  expect(report.tenants.map(({ slug, change }) => [slug, change])).toEqual([["acme", "resources"]]);
  expect(reportOf({ ...facts, problems: [], stacks: [report] }).outcome).toBe("changes");
});

test("the outcome is the worst: wrong files, then a refusal, then a failed preview, then changes", async () => {
  const [empty, one] = [sideOf({ "tenants/prod/README.md": "" }), sideOf({ [file]: entryYaml(acme, "Acme") })];
  const failing: Preview = { resources: [], errors: ["connect ECONNREFUSED"], policies: [] };
  const outcome = async (base = one, head = one, preview?: Preview, problems: readonly { message: string }[] = []) =>
    reportOf({ ...facts, problems, stacks: [await compareSides(base, head, preview)] }).outcome;
  expect(await outcome()).toBe("unchanged");
  expect(await outcome(empty, one)).toBe("changes");
  expect(await outcome(empty, one, failing)).toBe("failed");
  expect(await outcome(one, empty, failing)).toBe("refused");
  expect(await outcome(one, empty, failing, [{ message: "wrong" }])).toBe("invalid");
});

test("the JSON of a pull request that adds, changes and removes", async () => {
  const { identity, recipient } = await keygen();
  const sealed = await seal("ada@acme.example", recipient);
  const person = `    - email: ${sealed}\n`;
  const base = sideOf({ [file]: entryYaml(acme, "Acme"), "tenants/prod/birch.yaml": entryYaml("tn_birchbirch", "Birch") });
  const head = sideOf({
    [file]: entryYaml(acme, "Acme", "", person),
    "tenants/prod/cedar.yaml": entryYaml("tn_cedarcedar", "Cedar"),
  });
  const resources = [
    { uid: "tn_birchbirch", op: "delete", what: "volume (DATA)", holdsData: true, properties: [] },
    { uid: acme, op: "update", what: "who may log in", holdsData: false, properties: ["includes"] },
  ] as const;
  const stack = await compareSides(base, head, { resources, errors: [], policies: [] }, identity);
  const report = reportOf({ ...facts, problems: [], stacks: [stack] });
  expect(report).toMatchSnapshot();
  expect(JSON.stringify(report)).not.toMatch(/ada@|age:/);
});
