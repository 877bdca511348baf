import { createHmac } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { beforeAll, expect, test } from "vitest";
import { account } from "./account.ts";
import { FleetOutput } from "./outputs.ts";
import { planFleet } from "./plan.ts";
import { canonicalJson } from "./realize.ts";
import { sampleSettings, sampleTenant } from "./sample.ts";
import { tenant } from "./tenant.ts";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly protect: boolean;
  readonly retain: boolean;
  readonly raw: unknown;
}
const registered: Registered[] = [];
const inputs = new Map<string, Record<string, unknown>>();
let fleetOutput: unknown;
let basicAuth: unknown;
let basicAuthSecret = false;

/** Outputs that the vendors would give. */
const given: Record<string, Record<string, unknown>> = {
  "railway:index:Project": { projectId: "project-id", environmentId: "environment-id" },
  "railway:index:Service": { serviceId: "service-id" },
  "railway:index:Volume": { volumeId: "volume-id" },
  "openrouter:index:Key": { hash: "key-hash", key: "sk-or-v1-mock" },
  "random:index/randomPassword:RandomPassword": { result: "password" },
  "random:index/randomBytes:RandomBytes": { base64: "c2VjcmV0", hex: "00ff" },
  "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication": { aud: "audience" },
};

const text = <Value>(output: pulumi.Output<Value>) => new Promise<Value>((resolve) => output.apply((value) => resolve(value)));

beforeAll(async () => {
  const register = MockMonitor.prototype.registerResource;
  MockMonitor.prototype.registerResource = function (request, callback) {
    registered.push({
      type: request.getType(),
      name: request.getName(),
      protect: request.getProtect(),
      retain: request.getRetainondelete(),
      raw: request.getObject()?.toJavaScript(),
    });
    return register.call(this, request, callback);
  };
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        inputs.set(args.name, args.inputs);
        return { id: `${args.name}-id`, state: { ...args.inputs, ...given[args.type] } };
      },
      call: () => ({}),
    },
    "fleet",
    "prod",
    false,
  );
  const settings = sampleSettings();
  const plan = planFleet(settings, [sampleTenant(1), sampleTenant(2)]);
  const secretSetting = (name: string) => pulumi.secret(`secret of ${name}`);
  const providers = account(plan, settings, secretSetting);
  const made = plan.tenants.map((planned) => [planned.uid, tenant(planned, settings, providers, secretSetting)] as const);
  const first = made[0]?.[1];
  if (!first) throw new Error("no tenant was made");
  fleetOutput = await text(
    pulumi.output({
      schemaVersion: 1,
      stack: "prod",
      zone: settings.zone,
      tenants: Object.fromEntries(made.map(([uid, { fleet }]) => [uid, fleet])),
    }),
  );
  basicAuth = await text(first.basicAuth);
  basicAuthSecret = await pulumi.isSecret(first.basicAuth);
  await pulumi.runtime.disconnect();
});

const of = (name: string) => registered.find((candidate) => candidate.name === name);

test("the stack output is what billing reads, and holds no secret and no address", () => {
  const output = FleetOutput.parse(fleetOutput);
  expect(output.tenants.tn_0000000001).toMatchObject({
    url: "https://tenant-1.ai-diy.example",
    railway: { projectId: "project-id", volumeId: "volume-id" },
    cloudflare: { accessApplicationId: "tn_0000000001-app-id", audience: "audience", tunnelId: "tn_0000000001-tunnel-id" },
    openrouter: { keyHash: "key-hash" },
  });
  expect(JSON.stringify(output)).not.toMatch(/password|c2VjcmV0|sk-or|ada@/);
});

test("the basic-auth back-up is a secret output", () => {
  expect(basicAuth).toEqual({ url: "https://tenant-1.ai-diy.example", user: "fleet", password: "password" });
  expect(basicAuthSecret).toBe(true);
});

test("projects and volumes are protected and retained, and nothing else is", () => {
  const kept = registered.filter(({ protect, retain }) => protect || retain);
  const kinds = kept.map(({ type, protect, retain }) => `${type} ${protect} ${retain}`).sort();
  expect(kinds).toEqual([
    "railway:index:Project true true",
    "railway:index:Project true true",
    "railway:index:Volume true true",
    "railway:index:Volume true true",
  ]);
});

test("the tunnel's token is composed of account, tunnel and secret, and registered as a secret", () => {
  const token = { a: "a".repeat(32), t: "tn_0000000001-tunnel-id", s: "c2VjcmV0" };
  const secretMark = "4dabf18193072939515e22adb298388d";
  expect(inputs.get("tn_0000000001-tunnel-variables")?.variables).toMatchObject({
    [secretMark]: expect.anything(),
    value: { TUNNEL_TOKEN: Buffer.from(JSON.stringify(token)).toString("base64") },
  });
  expect(of("tn_0000000001-tunnel-variables")?.raw).toMatchObject({ variables: { [secretMark]: expect.anything() } });
  expect(of("tn_0000000001-app-variables")?.raw).toMatchObject({ variables: { [secretMark]: expect.anything() } });
});

test("who is let in is registered as keyed hashes that can be shown, never as addresses", () => {
  const hash = (way: unknown) => createHmac("sha256", "00ff").update(canonicalJson(way)).digest("hex");
  const { admitted } = inputs.get("tn_0000000001-sessions") ?? {};
  expect(admitted).toEqual([
    hash({ kind: "email", address: "ada@tenant-1.example", team: "" }),
    hash({ kind: "emailDomain", domain: "tenant-1.example", team: "" }),
    hash({ loginMethod: "github" }),
    hash({ loginMethod: "google" }),
  ]);
  expect(of("tn_0000000001-sessions")?.raw).toMatchObject({ admitted });
});

test("a preview shows masked who is let in; the addresses themselves are registered as secrets", () => {
  expect(of("tn_0000000001-edge")?.raw).toEqual({ admitted: ["a…@tenant-1.example", "everybody @tenant-1.example"] });
  const policy = JSON.stringify(of("tn_0000000001-policy")?.raw);
  expect(policy).toContain(
    '{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","value":"ada@tenant-1.example"}',
  );
  const everywhereElse = registered.filter(({ name }) => name !== "tn_0000000001-policy");
  expect(JSON.stringify(everywhereElse)).not.toContain("ada@tenant-1");
});

test("the edge refers to the account's identity providers, whose client secrets are secret", () => {
  expect(inputs.get("tn_0000000001-app")).toMatchObject({ allowedIdps: ["account-github-id", "account-google-id"] });
  expect(JSON.stringify(of("account-google")?.raw)).toContain("4dabf18193072939515e22adb298388d");
});

test("of a tenant without services the outputs keep the ids under which its past is found", async () => {
  const settings = sampleSettings();
  const plan = planFleet(settings, [{ ...sampleTenant(3), state: "retained" }]);
  const [retained] = plan.tenants;
  if (!retained) throw new Error("no tenant");
  const providers = account(plan, settings, (name) => pulumi.secret(`${name}-value`));
  const secretSetting = (name: string) => pulumi.secret(`${name}-value`);
  const former = { appServiceId: "old-app", tunnelServiceId: "old-tunnel" };
  expect(await text(tenant(retained, settings, providers, secretSetting, former).fleet)).toMatchObject({ railway: former });
});
