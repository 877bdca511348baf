import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root as checkout } from "./context.ts";
import { readStackFiles } from "./stack-files.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fleet-stack-files-"));
  cpSync(join(checkout, "tenants", "plans"), join(root, "tenants", "plans"), { recursive: true });
  for (const stack of ["sandbox", "shard"]) {
    mkdirSync(join(root, "tenants", stack));
    cpSync(join(checkout, "Pulumi.sandbox.yaml"), join(root, `Pulumi.${stack}.yaml`));
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (stack: string, slug: string, uid: string, customer = "") =>
  writeFileSync(
    join(root, "tenants", stack, `${slug}.yaml`),
    `uid: ${uid}\nname: ${slug}\nplan: standard-2026-01\naccess:\n  members: [{ emailDomain: acme.example }]\n${customer}`,
  );
const said = (stack: string) => {
  try {
    return readStackFiles(root, stack).entries.map(({ slug }) => slug);
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 2 });
    return error instanceof Error ? error.message : "";
  }
};

test("what a stack shares with another is wrong in both, told at the files of the one that is asked for", () => {
  write("sandbox", "acme", "tn_aaaaaaaaaa", "billing: { customer: cus_A1 }\n");
  write("shard", "acme", "tn_bbbbbbbbbb");
  write("shard", "birch", "tn_aaaaaaaaaa");
  write("shard", "cedar", "tn_cccccccccc", "billing: { customer: cus_A1 }\n");
  expect(said("sandbox")).toMatch(/^tenants\/sandbox\/acme\.yaml/);
  for (const words of ["acme.yaml", "birch.yaml:1:", "cedar.yaml:"]) expect(said("shard")).toContain(`tenants/shard/${words}`);
});

test("what is wrong in another stack alone is not this one's", () => {
  write("sandbox", "acme", "tn_aaaaaaaaaa");
  writeFileSync(join(root, "tenants", "shard", "birch.yaml"), "uid: [");
  rmSync(join(root, "Pulumi.shard.yaml"));
  expect(said("sandbox")).toEqual(["acme"]);
  expect(said("shard")).toContain("Pulumi.shard.yaml");
});
