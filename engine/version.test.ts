import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judgeVersion, leastMinor, parseVersion, pinnedVersion } from "./version.ts";

test("the pinned version is the one that go.mod builds", async () => {
  const goMod = await readFile(join(import.meta.dirname, "go.mod"), "utf8");
  expect(goMod).toContain(`github.com/pulumi/pulumi/pkg/v3 v${pinnedVersion}\n`);
  expect(goMod).toMatch(new RegExp(`github\\.com/pulumi/pulumi/sdk/v3 v${pinnedVersion.replaceAll(".", "\\.")}`));
});

test.each([
  ["v3.259.0", true],
  ["v3.259.7", true],
  ["3.300.1", true],
  ["v3.260.0-alpha.1761", true],
  ["v3.259.0-alpha.1", false],
  ["v3.258.9", false],
  ["v2.999.0", false],
  ["v4.0.0", false],
  ["", false],
  ["(devel)", false],
])("an engine on PATH that says %j is accepted: %s", (said, accepted) => {
  expect(judgeVersion(said).accepted).toBe(accepted);
});

test("a refusal says which version was found and which is needed", () => {
  expect(judgeVersion("v3.100.2").reason).toBe(`is v3.100.2, older than v${leastMinor}`);
});

test("build metadata does not hide a version", () => {
  expect(parseVersion("v3.259.0+dirty")).toEqual({ major: 3, minor: 259, patch: 0, prerelease: "" });
});
