import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fillReferences, referencesIn } from "../shell/reference.ts";
import type { Properties } from "../shell/resource.ts";
import { packageSchema } from "../shell/schema.ts";
import { openRouterProvider } from "./provider.ts";

const schema = packageSchema(openRouterProvider);
const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
const tokens = [...openRouterProvider.resources, ...(openRouterProvider.functions ?? [])].map(({ token }) => token);

test("schema.json is what the provider answers", () => {
  const kept: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "schema.json"), "utf8"));
  const renew =
    "pulumi package get-schema infra/providers/openrouter/pulumi-resource-openrouter > infra/providers/openrouter/schema.json";
  expect(kept, `renew it: ${renew}, then biome format --write`).toEqual(JSON.parse(JSON.stringify(schema, withoutEmpty)));
});

test("the README's reference says what the schema says (renew with -u)", async () => {
  expect(referencesIn(readme).sort()).toEqual([...tokens].sort());
  await expect(fillReferences(readme, schema)).toMatchFileSnapshot("README.md");
});

test("every resource has a heading and an example", () => {
  const sections = new Map(readme.split(/\n## /).map((section) => [section.split("\n")[0], section]));
  for (const token of tokens) {
    const name = token.split(":").at(-1) ?? "";
    const section = sections.get(name) ?? "";
    expect(section, name).toMatch(new RegExp(`\`\`\`ts\n[\\s\\S]*openrouter\\.${name}`));
  }
});

test("everything in the schema is described", () => {
  const resources = Object.entries(schema.resources as Properties);
  const silent = resources.flatMap(([token, resource]) =>
    Object.entries((resource as { properties: Properties }).properties).flatMap(([name, spec]) =>
      (spec as Properties).description ? [] : [`${token}.${name}`],
    ),
  );
  expect(silent).toEqual([]);
});

/** The engine leaves empty objects out when it prints a schema. */
function withoutEmpty(_name: string, value: unknown): unknown {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0 ? undefined : value;
}
