import { expect, test } from "vitest";
import { sampleConfiguration, sampleSettings } from "./sample.ts";
import { readSettings } from "./settings.ts";

function failure(
  values: Readonly<Record<string, string>>,
  secrets: readonly string[] = ["googleClientSecret", "githubClientSecret"],
): string[] {
  try {
    readSettings(
      "prod",
      (name) => values[name],
      (name) => secrets.includes(name),
    );
  } catch (error) {
    return error instanceof Error ? error.message.split("\n") : [];
  }
  return [];
}

test("all missing settings are named at once, each with what it is", () => {
  expect(failure({})).toEqual([
    "Pulumi.prod.yaml fleet:zone is missing: the domain that tenants' hostnames lie in",
    "Pulumi.prod.yaml fleet:zoneId is missing: that domain's id at Cloudflare",
    "Pulumi.prod.yaml fleet:accountId is missing: the Cloudflare account's id",
    "Pulumi.prod.yaml fleet:teamName is missing: the Zero Trust team, <team> of <team>.cloudflareaccess.com",
    "Pulumi.prod.yaml fleet:releases is missing: release channel → the application's image by digest",
    "Pulumi.prod.yaml fleet:tunnelImage is missing: cloudflared's image by digest",
    "Pulumi.prod.yaml fleet:region is missing: the Railway region of tenants that name none",
    "Pulumi.prod.yaml fleet:loginMethods is missing: how people log in: google, googleWorkspace, github, oneTimePin",
    expect.stringContaining("fleet:accountStack is missing"),
  ]);
});

test.each([
  [
    "an image by tag",
    { tunnelImage: "docker.io/cloudflare/cloudflared:latest" },
    "fleet:tunnelImage is not an image by digest; write docker.io/cloudflare/cloudflared@sha256:…",
  ],
  [
    "a release by tag",
    { releases: '{"stable":"ai-diy:1"}' },
    "fleet:releases.stable is not an image by digest; write registry/ai-diy@sha256:…",
  ],
  ["the team's whole domain", { teamName: "ai-diy.cloudflareaccess.com" }, "fleet:teamName is not a team name"],
  ["a release that is not there", { defaultRelease: "beta" }, 'fleet:defaultRelease "beta" is not among fleet:releases (stable)'],
  ["neither true nor false", { ownsAccount: "yes" }, "fleet:ownsAccount is neither true nor false"],
  ["a text where a map must be", { loginMethods: "google" }, "fleet:loginMethods is not a map"],
])("%s is refused by its name", (_, change, message) => {
  expect(failure({ ...sampleConfiguration, ...change }).join("\n")).toContain(message);
});

test("the stack that owns the account needs the secret of each identity provider that has one", () => {
  expect(failure(sampleConfiguration, ["googleClientSecret"])).toEqual([
    "Pulumi.prod.yaml fleet:githubClientSecret is missing: set it with: pulumi config set --secret fleet:githubClientSecret --stack prod",
  ]);
});

test("addresses are sealed and data is protected unless a stack says otherwise", () => {
  expect(sampleSettings()).toMatchObject({ personalData: "sealed", protect: true, defaultRelease: "stable" });
  expect(sampleSettings({ personalData: "plain", protect: "false" })).toMatchObject({ personalData: "plain", protect: false });
});
