import fc from "fast-check";
import { expect, test } from "vitest";
import { type FleetPlan, planFleet, type TenantPlan } from "./plan.ts";
import type { PlannedResource } from "./planned.ts";
import { sampleSettings, sampleTenant } from "./sample.ts";

const settings = sampleSettings();
const only = (plan: FleetPlan): TenantPlan => {
  const [tenant] = plan.tenants;
  if (!tenant) throw new Error("no tenant in the plan");
  return tenant;
};
const planOf = (change: Parameters<typeof sampleTenant>[1] = {}) => only(planFleet(settings, [sampleTenant(1, change)]));
const resource = (plan: TenantPlan, key: string): PlannedResource => {
  const found = plan.resources.find((candidate) => candidate.key === key);
  if (!found) throw new Error(`no ${key} in the plan`);
  return found;
};

/** All `{ref}` targets in a value. */
function refs(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refs);
  if (typeof value !== "object" || value === null) return [];
  if ("ref" in value && typeof value.ref === "string") return [value.ref];
  return Object.values(value).flatMap(refs);
}

test("a tenant's objects are made in the order that Railway and Cloudflare need", () => {
  const keys = planOf().resources.map(({ key }) => key);
  expect(keys).toEqual([
    ...["basicAuth", "hashKey", "modelKey", "project", "appService", "volume", "appVariables", "appInstance"],
    ...["policy", "app", "sessions", "tunnelSecret", "tunnel", "tunnelConfiguration"],
    ...["tunnelService", "tunnelVariables", "tunnelInstance", "dns"],
  ]);
});

test("the application gets exactly these variables, and no key that anybody else has", () => {
  expect(resource(planOf(), "appVariables").arguments).toMatchObject({
    variables: {
      USER_ID: "tn_0000000001",
      FLEET_TENANT: "tn_0000000001",
      PORT: "8000",
      PRODUCTION: "true",
      TZ: "UTC",
      LOG_LEVEL: "INFO",
      DATA_ROOT: "static/appdocs",
      API_BASE_URL: "http://127.0.0.1:8001",
      BASIC_AUTH_USERS: { join: ["fleet:", { ref: "basicAuth.result" }] },
      OPENROUTER_API_KEY: { ref: "modelKey.key" },
    },
  });
});

test("an entry's own variables never replace one of the fleet's", () => {
  const plan = planOf({ app: { ...sampleTenant(1).app, variables: { PRODUCTION: "false", GREETING: "hi" } } });
  expect(resource(plan, "appVariables").arguments).toMatchObject({ variables: { PRODUCTION: "true", GREETING: "hi" } });
});

test("an instance deploys again with each write of its variables and each mount of its volume", () => {
  const hashed = (key: string) => refs(resource(planOf(), key).arguments).filter((ref) => ref.endsWith(".revision"));
  expect(hashed("appInstance")).toEqual(["appVariables.revision", "volume.revision"]);
  expect(hashed("tunnelInstance")).toEqual(["tunnelVariables.revision"]);
});

test("policy and application have the same explicit session, and the application its own identity providers", () => {
  const plan = planOf();
  expect(resource(plan, "policy").arguments).toMatchObject({ decision: "allow", sessionDuration: "8h" });
  expect(resource(plan, "app").arguments).toMatchObject({
    domain: "tenant-1.ai-diy.example",
    sessionDuration: "8h",
    allowedIdps: [{ ref: "account/github.id" }, { ref: "account/google.id" }],
    httpOnlyCookieAttribute: true,
    sameSiteCookieAttribute: "lax",
  });
});

const access = { required: true, teamName: "ai-diy", audTags: [{ ref: "app.aud" }] };

test("cloudflared checks the token on every rule for the hostname, and answers 404 for the rest", () => {
  expect(resource(planOf(), "tunnelConfiguration").arguments).toMatchObject({
    config: {
      ingresses: [
        { hostname: "tenant-1.ai-diy.example", service: "http://app.railway.internal:8000", originRequest: { access } },
        { service: "http_status:404" },
      ],
    },
  });
});

test("a public path is an application of its own and an open rule before the guarded one, and nothing else is open", () => {
  const plan = planOf({ access: { ...sampleTenant(1).access, publicPaths: ["/yourapp"] } });
  expect(resource(plan, "publicPolicy").arguments).toMatchObject({ decision: "bypass", includes: [{ everyone: {} }] });
  expect(resource(plan, "public/yourapp").arguments).toMatchObject({ domain: "tenant-1.ai-diy.example/yourapp" });
  const { arguments: given } = resource(plan, "tunnelConfiguration");
  expect(given).toMatchObject({
    config: { ingresses: [{ path: "^/yourapp(/|$)" }, { originRequest: { access } }, { service: "http_status:404" }] },
  });
  expect(JSON.stringify(planOf())).not.toMatch(/bypass|everyone/);
});

test("the hostname comes after everything that guards it", () => {
  const plan = planOf({ access: { ...sampleTenant(1).access, publicPaths: ["/a"] } });
  expect(resource(plan, "dns").dependsOn).toEqual(["app", "sessions", "public/a", "tunnelConfiguration", "tunnelInstance"]);
  expect(plan.resources.at(-1)?.key).toBe("dns");
});

test("only projects and volumes are kept when they leave the program", () => {
  const kept = planOf().resources.filter(({ keep }) => keep);
  expect(kept.map(({ kind }) => kind)).toEqual(["railway:Project", "railway:Volume"]);
});

test("no address stands in what reaches the session resource but as a keyed hash", () => {
  const given = JSON.stringify(resource(planOf(), "sessions").arguments);
  const hashed = JSON.parse(given, (key, value: unknown) => (key === "keyedHash" ? "hashed" : value));
  expect(JSON.stringify(hashed)).not.toContain("example");
  expect(given).toContain("ada@tenant-1.example");
});

test("the stack that does not own the account makes nothing of the account's", () => {
  const shard = sampleSettings({ ownsAccount: "false", accountStack: "o/fleet/prod" });
  expect(planFleet(shard, []).account).toEqual([]);
  expect(planFleet(settings, []).account.map(({ key }) => key)).toEqual([
    ...["github", "google", "oneTimePin"],
    ...["ssl", "always_use_https", "min_tls_version"],
  ]);
});

const someTenants = fc
  .uniqueArray(fc.nat(10_000), { minLength: 1, maxLength: 12 })
  .chain((indexes) =>
    fc.tuple(
      ...indexes.map((index) =>
        fc
          .subarray(["/yourapp", "/a", "/b/c"])
          .map((publicPaths) => sampleTenant(index, { access: { ...sampleTenant(index).access, publicPaths } })),
      ),
    ),
  );

test("property: logical names are unique and made from the uid alone", () => {
  fc.assert(
    fc.property(someTenants, (tenants) => {
      const plan = planFleet(settings, tenants);
      const names = [...plan.account, ...plan.tenants.flatMap(({ resources }) => resources)].map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      for (const { uid, resources } of plan.tenants)
        for (const { name } of resources) expect(name.startsWith(`${uid}-`)).toBe(true);
    }),
  );
});

test("property: the order of tenants and of members changes nothing", () => {
  const shuffled = someTenants.chain((tenants) =>
    fc.tuple(fc.constant(tenants), fc.shuffledSubarray(tenants, { minLength: tenants.length })),
  );
  fc.assert(
    fc.property(shuffled, ([tenants, others]) => {
      const reversed = others.map((tenant) => ({
        ...tenant,
        access: { ...tenant.access, members: tenant.access.members.toReversed() },
      }));
      expect(planFleet(settings, reversed)).toEqual(planFleet(settings, tenants));
    }),
  );
});

test("property: a new display name changes nothing but what the stack output says", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const [before, after] = [planOf(), planOf({ name })];
      expect(after.resources).toEqual(before.resources);
      expect(after.facts).toEqual({ ...before.facts, name });
    }),
  );
});

test("property: a new slug keeps every logical name, so nothing is replaced", () => {
  const names = (slug: string) =>
    planOf({ slug: slug as ReturnType<typeof sampleTenant>["slug"] }).resources.map(({ name }) => name);
  expect(names("other")).toEqual(names("tenant-1"));
});

test("property: no tenant refers to another's resources, only to earlier ones of its own and to the account's", () => {
  fc.assert(
    fc.property(someTenants, (tenants) => {
      const plan = planFleet(settings, tenants);
      for (const { uid, facts, resources } of plan.tenants) {
        const known = new Set<string>();
        for (const { key, dependsOn, arguments: given } of resources) {
          const targets = [...refs(given).map((ref) => ref.slice(0, ref.lastIndexOf("."))), ...(dependsOn ?? [])];
          for (const target of targets)
            expect(target.startsWith("account/") ? plan.identityProviders : [...known]).toContain(target.replace("account/", ""));
          known.add(key);
        }
        const said = JSON.stringify(resources);
        for (const other of plan.tenants) {
          if (other.uid === uid) continue;
          expect(said).not.toContain(other.uid);
          expect(said).not.toContain(`${other.facts.slug}.`);
        }
        expect(said).toContain(facts.slug);
      }
    }),
    { numRuns: 50 },
  );
});
