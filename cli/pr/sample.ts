/** Sides of a pull request for tests, out of YAML as people write it. Used by tests only. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { listPricesOf } from "../../billing/costs/prices.ts";
import { reportStack } from "./assemble.ts";
import { opener, personsOf } from "./people.ts";
import type { Preview } from "./preview.ts";
import type { StackReport } from "./report.ts";
import { fillIn, readSideFiles, type Side } from "./side.ts";

const digest = "0".repeat(64);

/** Settings of a stack named prod; `more` overrides lines. */
export function settingsYaml(more: Readonly<Record<string, string>> = {}): string {
  const lines: Record<string, string> = {
    zone: "fleet.example",
    zoneId: "'0123456789abcdef0123456789abcdef'",
    accountId: "'0123456789abcdef0123456789abcdef'",
    teamName: "fleet",
    releases: `{ stable: registry.example/ai-diy@sha256:${digest} }`,
    tunnelImage: `docker.io/cloudflare/cloudflared@sha256:${digest}`,
    region: "us-west2",
    loginMethods: "{ oneTimePin: {} }",
    ownsAccount: '"true"',
    ...more,
  };
  return `config:\n${Object.entries(lines)
    .map(([name, value]) => `  fleet:${name}: ${value}\n`)
    .join("")}`;
}

export const planYaml = `name: Standard
priceVersion: 2026-01
currency: usd
flatAmountCents: 500
hourAmountCents: 100
firstMonth: prorated
collection: charge_automatically
people: { max: 10, open: true }
modelCredit: { monthlyLimitDollars: 20 }
app: { memoryGB: 1, vCPUs: 1, volumeGB: 5, sleep: true }
sessionDuration: 24h
`;

/** An entry with a whole domain as its member; `rest` is more YAML at the top. */
export function entryYaml(uid: string, name: string, rest = "", access = ""): string {
  return `uid: ${uid}\nname: ${name}\nplan: standard\naccess:\n  members:\n    - emailDomain: ${uid.slice(3)}.example\n${access}${rest}`;
}

/** Reads files (paths from the root) as one side of the stack prod. */
export function sideOf(files: Readonly<Record<string, string>>): Side {
  const root = mkdtempSync(join(tmpdir(), "fleet-side-"));
  try {
    const all = { "Pulumi.prod.yaml": settingsYaml(), "tenants/plans/standard.yaml": planYaml, ...files };
    for (const [path, text] of Object.entries(all)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const read = readSideFiles(root, "prod");
    return fillIn(read, read.settings);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The stack's part of the report; addresses are opened with `identity`. */
export async function compareSides(base: Side, head: Side, preview?: Preview, identity?: string): Promise<StackReport> {
  const open = opener(identity);
  const people = async ({ tenants }: Side) =>
    new Map(
      await Promise.all(
        tenants.map(async ({ tenant }) => [tenant.uid as string, await personsOf(tenant.access.members, open)] as const),
      ),
    );
  return reportStack({
    ...{ base, head, preview, allowed: [], why: preview ? null : "no secrets", activeHours: 20, prices: listPricesOf("2026-11") },
    people: { base: await people(base), head: await people(head) },
  });
}
