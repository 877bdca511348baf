import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fillReferences, referencesIn } from "../shell/reference.ts";
import type { Properties } from "../shell/resource.ts";
import { packageSchema } from "../shell/schema.ts";
import { railwayProvider } from "./provider.ts";

const schema = packageSchema(railwayProvider);
const readme = readFileSync(join(import.meta.dirname, "README.md"), "utf8");
const tokens = [...railwayProvider.resources, ...(railwayProvider.functions ?? [])].map(({ token }) => token);

test("schema.json is what the provider answers", () => {
  const kept: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "schema.json"), "utf8"));
  const renew = "pulumi package get-schema infra/providers/railway/pulumi-resource-railway > infra/providers/railway/schema.json";
  expect(kept, `renew it: ${renew}, then biome format --write`).toEqual(schema);
});

test("the README's reference says what the schema says (renew with -u)", async () => {
  expect(referencesIn(readme).sort()).toEqual([...tokens].sort());
  await expect(fillReferences(readme, schema)).toMatchFileSnapshot("README.md");
});

test("every resource and function has a heading, an example and, if it can be imported, its import command", () => {
  const sections = new Map(readme.split(/\n## /).map((section) => [section.split("\n")[0], section]));
  for (const token of tokens) {
    const name = token.split(":").at(-1) ?? "";
    const section = sections.get(name) ?? "";
    expect(section, name).toMatch(new RegExp(`\`\`\`ts\n[\\s\\S]*railway\\.${name}`));
    const importId = railwayProvider.resources.find((resource) => resource.token === token)?.importId;
    if (importId) expect(section).toMatch(new RegExp(`\`pulumi import ${token} \\S+ ${importId}\``));
  }
});

test("everything in the schema is described, and every resource says what its id looks like", () => {
  const silent: string[] = [];
  const look = (properties: unknown, where: string) => {
    for (const [name, spec] of Object.entries(properties ?? {}))
      if (!(spec as Properties).description) silent.push(`${where}.${name}`);
  };
  const part = (of: unknown, name: string) => (of as Properties)[name] as Properties;
  look(part(schema.config, "variables"), "config");
  for (const [token, resource] of Object.entries(schema.resources as Properties)) look(part(resource, "properties"), token);
  for (const [token, fn] of Object.entries(schema.functions as Properties)) {
    look(part(part(fn, "inputs"), "properties"), token);
    look(part(part(fn, "outputs"), "properties"), token);
  }
  expect(silent).toEqual([]);
  expect(railwayProvider.resources.filter(({ importId }) => !importId)).toEqual([]);
});
