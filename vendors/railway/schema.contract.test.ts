/** The pin (pinned.graphql), held to the documents and to the published schema. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSchema } from "graphql";
import { describe, expect, test } from "vitest";
import { schemaChanges } from "./drift.ts";
import { isDocument, operations } from "./operations.ts";
import { pinOf, pinText } from "./pin.ts";
import { readPin } from "./pinned.ts";

const publishedFile = join(import.meta.dirname, "../../../shared/specs/railway/schema.graphql");
const there = existsSync(publishedFile);
if (!there) process.stderr.write(`SKIPPED: ${publishedFile} is absent, the pin of Railway's schema is not held to it\n`);

test("the pin has everything that a document touches, and nothing else", async () => {
  const pinned = await readPin();
  expect(pinText(pinOf(pinned, operations))).toBe(pinText(pinned));
});

test("the list of operations has every document of this folder", async () => {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const names: string[] = [];
  for (const file of files) {
    const exported: Record<string, unknown> = await import(join(import.meta.dirname, file));
    for (const value of Object.values(exported)) if (isDocument(value)) names.push(value.name);
  }
  expect(operations.map(({ name }) => name)).toEqual(names.sort());
});

describe.skipIf(!there)("Railway's published schema", () => {
  const published = () => buildSchema(readFileSync(publishedFile, "utf8"), { assumeValid: true });

  test("is what the pin was made from (renew it with vitest -u)", async () => {
    await expect(pinText(pinOf(published(), operations))).toMatchFileSnapshot("pinned.graphql");
  });

  test("shows no change, and shows those of the month after it was published, each with its severity and the operations it is about", () => {
    const pinned = pinOf(published(), operations);
    expect(schemaChanges(pinned, published(), operations)).toEqual([]);
    const later = readFileSync(publishedFile, "utf8")
      .replace(/environmentPatchCommit\((.*)\): String!/, "environmentPatchCommit($1, skipDeploys: Boolean): String!")
      .replace("enum EnvironmentPatchStatus {", "enum EnvironmentPatchStatus {\n  FAILED")
      .replace("input ServiceInstanceUpdateInput {", "input ServiceInstanceUpdateInput {\n  preDeployTimeoutSeconds: Int");
    expect(schemaChanges(pinned, buildSchema(later, { assumeValid: true }), operations)).toEqual([
      { severity: "risky", what: "Enum value EnvironmentPatchStatus.FAILED was added.", operations: ["environmentPatch"] },
      {
        severity: "harmless",
        what: "An optional argument Mutation.environmentPatchCommit(skipDeploys:) was added.",
        operations: ["environmentPatchCommit"],
      },
      {
        severity: "harmless",
        what: "An optional field ServiceInstanceUpdateInput.preDeployTimeoutSeconds was added.",
        operations: ["serviceInstanceUpdate"],
      },
    ]);
  });
});
