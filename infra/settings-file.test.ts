import { join } from "node:path";
import { expect, test } from "vitest";
import { readSettings } from "./settings.ts";
import { settingsFile } from "./settings-file.ts";

const root = join(import.meta.dirname, "..");

test("the sandbox's committed stack file holds every setting, and nothing is protected there", () => {
  const file = settingsFile(root, "sandbox");
  expect(readSettings("sandbox", file.get, file.hasSecret)).toMatchObject({
    zone: "ai-diy.example",
    ownsAccount: true,
    protect: false,
  });
  expect(file.get("googleClientSecret")).toBeUndefined();
});

test.each(["prod", "test"])("%s invents nothing that only the operator can know", (stack) => {
  const { get } = settingsFile(root, stack);
  for (const name of ["zone", "zoneId", "accountId", "teamName", "releases", "tunnelImage", "loginMethods"])
    expect(get(name), name).toBeUndefined();
});

test("a stack without a file has no settings", () => {
  expect(settingsFile(root, "nowhere").get("zone")).toBeUndefined();
});
