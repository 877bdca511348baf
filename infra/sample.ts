/** Settings and tenants for this room's tests. */
import type { TenantSlug, TenantUid } from "../domain/ids.ts";
import type { OpenTenant } from "../tenants/open.ts";
import type { Plan } from "../tenants/plan.ts";
import { readSettings, type Settings } from "./settings.ts";

const image = (name: string) => `registry.example/${name}@sha256:${"a".repeat(64)}`;

export const sampleConfiguration: Readonly<Record<string, string>> = {
  zone: "ai-diy.example",
  zoneId: "b".repeat(32),
  accountId: "a".repeat(32),
  teamName: "ai-diy",
  releases: JSON.stringify({ stable: image("ai-diy") }),
  tunnelImage: image("cloudflared"),
  region: "us-west2",
  loginMethods: JSON.stringify({ google: { clientId: "g" }, github: { clientId: "h" }, oneTimePin: {} }),
  ownsAccount: "true",
};

export function sampleSettings(change: Readonly<Record<string, string>> = {}): Settings {
  const values = { ...sampleConfiguration, ...change };
  return readSettings(
    "prod",
    (name) => values[name],
    () => true,
  );
}

const plan: Plan = {
  id: "standard",
  name: "Standard",
  priceVersion: "1",
  currency: "usd",
  flatAmountCents: 500,
  hourAmountCents: 100,
  firstMonth: "prorated",
  collection: "charge_automatically",
  people: { max: 10, open: true },
  modelCredit: { monthlyLimitDollars: 20 },
  app: { memoryGB: 1, vCPUs: 1, volumeGB: 5, sleep: true },
  sessionDuration: "24h",
};

/** A tenant with two members; the index makes uid and slug. */
export function sampleTenant(index: number, change: Partial<OpenTenant> = {}): OpenTenant {
  return {
    uid: `tn_${String(index).padStart(10, "0")}` as TenantUid,
    slug: `tenant-${index}` as TenantSlug,
    name: `Tenant ${index}`,
    stack: "prod",
    file: `tenants/prod/tenant-${index}.yaml`,
    plan,
    state: "active",
    access: {
      members: [
        { kind: "email", address: `ada@tenant-${index}.example` },
        { kind: "emailDomain", domain: `tenant-${index}.example` },
      ],
      loginMethods: ["github", "google"],
      sessionDuration: "8h",
      publicPaths: [],
    },
    app: {
      release: "stable",
      image: image("ai-diy"),
      region: "us-west2",
      memoryGB: 1,
      vCPUs: 1,
      volumeGB: 5,
      sleep: true,
      variables: {},
    },
    billing: { customer: null, exempt: null, budgetHours: null, graceUntil: null },
    opened: true,
    ...change,
  };
}
