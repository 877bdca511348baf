import { expect, test } from "vitest";
import { fileGuards, isRefusal, policyFindings, previewGuards } from "./guards.ts";
import type { Preview, PreviewedResource } from "./preview.ts";
import { entryYaml, planYaml, settingsYaml, sideOf } from "./sample.ts";

const [acme, birch] = ["tn_acmeacme00", "tn_birchbirch"].map((uid) => uid.slice(0, 13));
if (acme === undefined || birch === undefined) throw new Error("no uids");
const both = { "tenants/prod/acme.yaml": entryYaml(acme, "Acme"), "tenants/prod/birch.yaml": entryYaml(birch, "Birch") };
const base = sideOf(both);
const only = (files: Readonly<Record<string, string>>) => fileGuards(base, sideOf(files));

test("nothing is refused where nothing is lost: no change, a new tenant, other people, a bigger volume", () => {
  expect(fileGuards(base, base)).toEqual([]);
  const head = sideOf({
    ...both,
    "tenants/prod/acme.yaml": entryYaml(acme, "Acme", "app: { volumeGB: 9 }\n", "    - emailDomain: acme.example\n"),
    "tenants/prod/cedar.yaml": entryYaml("tn_cedarcedar", "Cedar"),
  });
  expect(fileGuards(base, head)).toEqual([]);
});

test("a removed file whose tenant was not offboarding is refused, and says how to put it right", () => {
  const { "tenants/prod/birch.yaml": birchFile, ...rest } = both;
  expect(birchFile).toContain("Birch");
  expect(only(rest)).toEqual([
    {
      guard: "removal",
      verdict: "refused",
      tenant: "birch",
      message: expect.stringMatching(/^tenants\/prod\/birch\.yaml was removed while active.*state: offboarding first/),
    },
  ]);
});

test("a removed file whose tenant was offboarding before is what was announced", () => {
  const before = sideOf({ ...both, "tenants/prod/birch.yaml": entryYaml(birch, "Birch", "state: offboarding\n") });
  expect(fileGuards(before, sideOf({ "tenants/prod/acme.yaml": both["tenants/prod/acme.yaml"] }))).toEqual([]);
});

test("another uid under the same name is another tenant: the old one would be lost", () => {
  const [finding, ...more] = only({ ...both, "tenants/prod/birch.yaml": entryYaml("tn_otherother", "Birch") });
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ guard: "removal", tenant: "birch", message: expect.stringContaining("the uid changed") });
});

test("a renamed file with the same uid loses nothing", () => {
  expect(
    only({
      "tenants/prod/acme.yaml": both["tenants/prod/acme.yaml"],
      "tenants/prod/beech.yaml": both["tenants/prod/birch.yaml"],
    }),
  ).toEqual([]);
});

test("two uids that were swapped are refused at both files: each one's people would get the other's data", () => {
  const swapped = only({
    "tenants/prod/acme.yaml": entryYaml(birch, "Acme"),
    "tenants/prod/birch.yaml": entryYaml(acme, "Birch"),
  });
  expect(swapped.map(({ guard, verdict, tenant }) => [guard, verdict, tenant])).toEqual([
    ["name", "refused", "acme"],
    ["name", "refused", "birch"],
  ]);
  expect(swapped[0]?.message).toContain(`Write ${acme}`);
});

test("an emptied folder is one refusal, not one a tenant", () => {
  expect(only({ "tenants/prod/README.md": "" })).toEqual([
    expect.objectContaining({ guard: "removal", tenant: null, message: expect.stringContaining("the base has 2") }),
  ]);
  expect(only({})).toHaveLength(1);
});

test("a removed file that could not be read at the base is refused: nobody can tell whether it was offboarding", () => {
  const before = sideOf({ ...both, "tenants/prod/birch.yaml": "state: offboarding\nuid: [\n" });
  const findings = fileGuards(before, sideOf({ "tenants/prod/acme.yaml": both["tenants/prod/acme.yaml"] }));
  expect(findings).toEqual([
    expect.objectContaining({ guard: "removal", message: expect.stringContaining("birch.yaml was removed") }),
  ]);
});

test("a file that was wrong at the base and is right here is said to be compared as a new one", () => {
  const before = sideOf({ ...both, "tenants/prod/birch.yaml": "uid: [\n" });
  expect(fileGuards(before, base).map(({ verdict, message }) => [verdict, message.split(" ")[0]])).toEqual([
    ["warning", "tenants/prod/birch.yaml"],
  ]);
});

test("what is not built is refused with its place", () => {
  const adopt = "adopt: { step: imported, until: 2026-12-31 }\n";
  const findings = only({ ...both, "tenants/prod/acme.yaml": entryYaml(acme, "Acme", adopt) });
  expect(findings).toEqual([
    expect.objectContaining({
      guard: "unbuilt",
      tenant: "acme",
      message: expect.stringMatching(/^tenants\/prod\/acme\.yaml:7:\d+ adopt/),
    }),
  ]);
});

test("a volume neither shrinks nor moves", () => {
  const head = { ...both, "tenants/prod/acme.yaml": entryYaml(acme, "Acme", "app: { volumeGB: 4, region: eu-west4 }\n") };
  expect(only(head).map(({ guard, tenant, message }) => [guard, tenant, /shrink|move/.exec(message)?.[0]])).toEqual([
    ["volume", "acme", "shrink"],
    ["volume", "acme", "move"],
  ]);
});

test("a customer, once written, stays", () => {
  const paying = (customer: string) => entryYaml(acme, "Acme", `billing: { customer: ${customer} }\n`);
  const before = sideOf({ ...both, "tenants/prod/acme.yaml": paying("cus_A1") });
  const found = (text: string) =>
    fileGuards(before, sideOf({ ...both, "tenants/prod/acme.yaml": text })).map(({ guard }) => guard);
  expect(found(paying("cus_B2"))).toEqual(["customer"]);
  expect(found(both["tenants/prod/acme.yaml"])).toEqual(["customer"]);
  expect(found(paying("cus_A1"))).toEqual([]);
  expect(only({ ...both, "tenants/prod/acme.yaml": paying("cus_A1") })).toEqual([]);
});

test("the price of a plan that tenants have does not change; its other fields may", () => {
  const cheaper = { ...both, "tenants/plans/standard.yaml": planYaml.replace("hourAmountCents: 100", "hourAmountCents: 90") };
  expect(only(cheaper)).toEqual([
    expect.objectContaining({ guard: "price", message: expect.stringContaining("hourAmountCents") }),
  ]);
  expect(only({ ...both, "tenants/plans/standard.yaml": planYaml.replace("max: 10", "max: 12") })).toEqual([]);
});

test("weaker settings are shown, not refused", () => {
  const head = { ...both, "Pulumi.prod.yaml": settingsYaml({ protect: '"false"', personalData: "plain" }) };
  expect(only(head).map(({ verdict, message }) => [verdict, message.split(" ")[0]])).toEqual([
    ["warning", "fleet:protect"],
    ["warning", "fleet:personalData"],
  ]);
});

const resource = (
  uid: string | null,
  op: PreviewedResource["op"],
  what = "volume (DATA)",
  holdsData = true,
): PreviewedResource => ({
  ...{ uid, op, what, holdsData, properties: [] },
});
const previewOf = (resources: readonly PreviewedResource[], errors: readonly string[] = []): Preview => ({
  resources,
  errors,
  policies: [],
});

test("a preview that would delete or replace data is refused, whosever it is", () => {
  const some = [
    resource(acme, "replace"),
    resource(acme, "delete", "hostname", false),
    resource("tn_strangerxx", "delete"),
    resource(null, "delete"),
  ];
  expect(previewGuards(base, base, previewOf(some)).map(({ tenant, message }) => [tenant, message])).toEqual([
    ["acme", "would lose data: volume (DATA) replaced"],
    [null, expect.stringContaining("tn_strangerxx; neither the base nor this branch knows it")],
    [null, expect.stringContaining("of the account")],
  ]);
});

test("data of a tenant that was offboarding and whose file this branch removes may go", () => {
  const before = sideOf({ ...both, "tenants/prod/birch.yaml": entryYaml(birch, "Birch", "state: offboarding\n") });
  const after = sideOf({ "tenants/prod/acme.yaml": both["tenants/prod/acme.yaml"] });
  expect(previewGuards(before, after, previewOf([resource(birch, "delete")]))).toEqual([]);
  // Not while its file is still there.
  expect(previewGuards(before, before, previewOf([resource(birch, "delete")]))).toHaveLength(1);
});

test("the engine's own refusals are guards, its faults are not", () => {
  const errors = [
    "refused by a guard: tenants/prod has no tenants",
    'Preview failed: resource "urn:x" cannot be deleted\nbecause it is protected. To unprotect …',
    "connect ECONNREFUSED",
  ];
  expect(errors.map(isRefusal)).toEqual([true, true, false]);
  expect(previewGuards(base, base, previewOf([], errors)).map(({ message }) => message.slice(0, 30))).toEqual([
    "tenants/prod has no tenants",
    'Preview failed: resource "urn:',
  ]);
});

test("a mandatory policy refuses, an advisory one is shown", () => {
  const policies = [
    { policy: "no-public-address", level: "mandatory", message: "m", uid: acme },
    { policy: "naming", level: "advisory", message: "a", uid: null },
  ];
  const findings = policyFindings({ ...previewOf([]), policies }, () => "acme");
  expect(findings?.map(({ guard, verdict, tenant }) => [guard, verdict, tenant])).toEqual([
    ["no-public-address", "refused", "acme"],
    ["naming", "warning", null],
  ]);
});

test("what FLEET_ALLOW_DELETE names may go, is shown all the same, and only where data is not protected", () => {
  const files = { "Pulumi.prod.yaml": settingsYaml({ protect: '"false"' }) };
  const { "tenants/prod/acme.yaml": kept } = both;
  const [before, after] = [sideOf({ ...both, ...files }), sideOf({ "tenants/prod/acme.yaml": kept, ...files })];
  const preview = previewOf([resource(birch, "delete")]);
  expect(fileGuards(before, after, ["birch"]).map(({ verdict, tenant }) => [verdict, tenant])).toEqual([["warning", "birch"]]);
  expect(previewGuards(before, after, preview, ["birch"])).toEqual([]);
  expect(fileGuards(before, after, ["acme"]).map(({ verdict }) => verdict)).toEqual(["refused"]);
  const guarded = sideOf({ "tenants/prod/acme.yaml": kept });
  expect(fileGuards(base, guarded, ["birch"]).map(({ verdict }) => verdict)).toEqual(["refused"]);
  expect(previewGuards(base, guarded, preview, ["birch"])).toHaveLength(1);
});

test("a refusal that comes with the diagnostics and with the events is told once, a line a tenant", () => {
  const said = "refused by a guard: tenants/prod/a.yaml is gone\ntenants/prod/b.yaml is gone";
  const preview = previewOf([], [`error: ${said}`, said]);
  expect(previewGuards(base, base, preview).map(({ message }) => message)).toEqual([
    "tenants/prod/a.yaml is gone",
    "tenants/prod/b.yaml is gone",
  ]);
});
