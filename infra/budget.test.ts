import { expect, test } from "vitest";
import { accountName, overBudget, type StateResource, type Wanted } from "./budget.ts";
import { planFleet } from "./plan.ts";
import { sampleSettings, sampleTenant } from "./sample.ts";

const settings = sampleSettings();
const uid = "tn_0000000001";
const [acme, birch] = [sampleTenant(1), sampleTenant(2)];

/** What the state has after an up for these tenants. */
function made(tenants = [acme, birch]): StateResource[] {
  const plan = planFleet(settings, tenants);
  return [...plan.account, ...plan.tenants.flatMap(({ resources }) => resources)].map(
    ({ kind, name, keep, arguments: given }) => ({
      type: kind.replace(":", ":index:"),
      name,
      protect: keep === true,
      inputs: { ...given },
    }),
  );
}
const former = (state: string) => new Map([[uid, { slug: "tenant-1", state }]]);
const judge = (change: Partial<Wanted>, state: { resources?: readonly StateResource[]; former?: string } = {}) =>
  overBudget(
    { resources: state.resources ?? made(), former: former(state.former ?? "active") },
    { settings, tenants: [acme, birch], allowed: [], ...change },
  ).map(({ file, message }) => `${file} ${message}`);

test("what stays, what comes and what another state takes away are within the budget", () => {
  expect(judge({})).toEqual([]);
  expect(judge({ tenants: [acme, birch, sampleTenant(3)] })).toEqual([]);
  for (const state of ["suspended", "retained", "offboarding"] as const)
    expect(judge({ tenants: [{ ...acme, state }, birch] }, { resources: made() })).toEqual([]);
  const offboarding = made([{ ...acme, state: "offboarding" }, birch]);
  expect(judge({}, { resources: offboarding, former: "offboarding" })).toEqual([]);
});

test("a public path that goes takes its application with it", () => {
  const open = { ...acme, access: { ...acme.access, publicPaths: ["/yourapp"] } };
  expect(judge({}, { resources: made([open, birch]) })).toEqual([]);
});

test("a tenant whose file is gone goes only after it was offboarding and its protection was lifted", () => {
  const gone = { tenants: [birch] };
  for (const state of ["active", "suspended", "retained"])
    expect(judge(gone, { former: state })).toEqual([
      expect.stringMatching(/^tenants\/prod\/tenant-1\.yaml is gone.*project, volume/),
    ]);
  const lifted = made([{ ...acme, state: "offboarding" }, birch]);
  expect(judge(gone, { resources: lifted, former: "offboarding" })).toEqual([]);
  expect(judge(gone, { former: "offboarding" })).toEqual([
    expect.stringContaining("project, volume of tenant-1 is still protected"),
  ]);
});

test("a tenant of a run that never came to its end is known by its project's name", () => {
  const found = overBudget({ resources: made(), former: new Map() }, { settings, tenants: [birch], allowed: [] });
  expect(found).toEqual([expect.objectContaining({ file: "tenants/prod/tenant-1.yaml" })]);
});

test("a removal that failed half-way goes on, although the outputs name the tenant no more", () => {
  const lifted = made([{ ...acme, state: "offboarding" }, birch]);
  const judged = (resources: readonly StateResource[], given = settings) =>
    overBudget({ resources, former: new Map() }, { settings: given, tenants: [birch], allowed: [] });
  expect(judged(lifted)).toEqual([]);
  expect(judged(lifted.filter(({ type }) => !/Project|Volume/.test(type)))).toEqual([]);
  // Where nothing is protected, nothing says that it was offboarding.
  expect(judged(lifted, sampleSettings({ protect: "false" }))).toHaveLength(1);
  expect(judged(lifted.map((one) => ({ ...one, inputs: { ...one.inputs, allowDelete: undefined } })))).toHaveLength(1);
  expect(judged(made())).toHaveLength(1);
});

test("what is named may go where data is not protected, and data of a protected stack never", () => {
  const loose = sampleSettings({ protect: "false" });
  expect(judge({ tenants: [birch], settings: loose, allowed: ["tenant-1"] })).toEqual([]);
  expect(judge({ tenants: [birch], settings: loose, allowed: ["tenant-2"] })).toEqual([
    expect.stringContaining("--allow-delete tenant-1"),
  ]);
  expect(judge({ tenants: [birch], allowed: ["tenant-1"] })).toHaveLength(1);
});

test("a volume neither shrinks nor moves; a larger one is no loss", () => {
  const sized = (app: Partial<typeof acme.app>) => judge({ tenants: [{ ...acme, app: { ...acme.app, ...app } }, birch] });
  expect(sized({ volumeGB: 4 })).toEqual([expect.stringContaining("it has 5 GB; write 5 or more, not 4")]);
  expect(sized({ region: "eu-west4" })).toEqual([expect.stringContaining("cannot move from us-west2 to eu-west4")]);
  expect(sized({ volumeGB: 50 })).toEqual([]);
});

test("what no file explains is another version's: it goes only when it is named, and data not even then", () => {
  const gateway: StateResource = { type: "railway:index:Service", name: `${uid}-gateway`, protect: false, inputs: {} };
  const resources = [...made(), gateway];
  expect(judge({}, { resources })).toEqual([expect.stringContaining("why gateway would be deleted")]);
  expect(judge({ allowed: ["tenant-1"] }, { resources })).toEqual([]);
  const second: StateResource = { type: "railway:index:Volume", name: `${uid}-second-volume`, protect: false, inputs: {} };
  expect(judge({ allowed: ["tenant-1"] }, { resources: [...made(), second] })).toHaveLength(1);
});

test("log-in methods come and go with the settings; the whole account goes only when it is named", () => {
  const fewer = sampleSettings({ loginMethods: JSON.stringify({ oneTimePin: {} }) });
  expect(judge({ settings: fewer })).toEqual([]);
  const shard = sampleSettings({ ownsAccount: "false", accountStack: "o/fleet/prod" });
  expect(judge({ settings: shard })).toEqual([expect.stringMatching(/^Pulumi\.prod\.yaml .*--allow-delete account/)]);
  expect(judge({ settings: shard, allowed: [accountName] })).toEqual([]);
});

test("a volume that is gone is not made anew as an empty one, unless that is named", () => {
  const said = new Map([[uid, { slug: "tenant-1", state: "active", railway: { volumeId: "vol-1" } }]]);
  const ask = (resources: StateResource[], change: Partial<Wanted> = {}) =>
    overBudget({ resources, former: said }, { settings, tenants: [acme, birch], allowed: [], ...change }).map(
      ({ message }) => message,
    );
  const without = made().filter(({ name }) => name !== `${uid}-volume`);
  expect(ask(made())).toEqual([]);
  expect(ask(without)).toEqual([expect.stringMatching(/vol-1 is gone.*--allow-empty tenant-1/)]);
  expect(ask([])).toEqual([expect.stringContaining("vol-1 is gone")]);
  expect(ask(without, { allowed: ["tenant-1"], allowedEmpty: ["tenant-2"] })).toHaveLength(1);
  expect(ask(without, { allowedEmpty: ["tenant-1"] })).toEqual([]);
  expect(overBudget({ resources: without, former: new Map() }, { settings, tenants: [acme, birch], allowed: [] })).toEqual([]);
});

test.each([
  ["marked to be replaced", false, "pulumi state untaint 'urn-1'"],
  ["replaced by half", true, "pulumi state delete 'urn-1'"],
])("data that is %s is refused, whatever the state of its tenant", (_, half, wayOut) => {
  const marked = (one: StateResource) => ({ ...one, replacing: { half, urn: "urn-1" } });
  const all = made([{ ...acme, state: "offboarding" }, birch]);
  const resources = half
    ? [...all, ...all.filter(({ name }) => name === `${uid}-volume`).map(marked)]
    : all.map((one) => (one.name === `${uid}-volume` || one.name === `${uid}-dns` ? marked(one) : one));
  const tenants = [{ ...acme, state: "offboarding" as const }, birch];
  expect(judge({ tenants }, { resources, former: "offboarding" })).toEqual([expect.stringContaining(wayOut)]);
  expect(judge({ tenants, allowed: ["tenant-1"] }, { resources, former: "offboarding" })).toHaveLength(1);
  const loose = sampleSettings({ protect: "false" });
  expect(judge({ tenants, settings: loose, allowed: ["tenant-1"] }, { resources, former: "offboarding" })).toEqual([]);
});
