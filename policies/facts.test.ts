import { mkdtempSync, rmSync } from "node:fs";
import { copyFile, cp, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { factsOf, stackOf } from "./facts.ts";

const root = resolve(import.meta.dirname, "..");
const [acme, birch] = ["tn_7k2m9x4q1c", "tn_b4x8w2n6ty"];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "fleet-policies-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test("the stack's name comes from any of its URNs", () => {
  expect(stackOf("urn:pulumi:prod::fleet::railway:index:Volume::tn_7k2m9x4q1c-volume")).toBe("prod");
  expect(stackOf("nonsense")).toBe("");
});

test("data is protected unless the stack's file says otherwise", async () => {
  expect(factsOf("sandbox", root).protect).toBe(false);
  const own = folder();
  for (const [text, protect] of [
    ["config: {}", true],
    ["config:\n  fleet:protect: true", true],
    ["config:\n  fleet:protect: false", false],
    ['config:\n  fleet:protect: "false"', false],
    ["", true],
  ] as const) {
    await writeFile(join(own, "Pulumi.prod.yaml"), text);
    expect(factsOf("prod", own).protect, text).toBe(protect);
  }
  expect(factsOf("nowhere", own).protect).toBe(true);
});

test("open paths and offboarding are what the tenant's file says; an unknown tenant has neither", async () => {
  const facts = factsOf("sandbox", root);
  expect(await facts.openPaths(birch)).toEqual(["/yourapp"]);
  expect(await facts.openPaths(acme)).toEqual([]);
  expect(await facts.openPaths("tn_0000000000")).toEqual([]);

  const own = folder();
  await mkdir(join(own, "tenants/sandbox"), { recursive: true });
  await cp(join(root, "tenants/plans"), join(own, "tenants/plans"), { recursive: true });
  await copyFile(join(root, "tenants/sandbox/birch.yaml"), join(own, "tenants/sandbox/birch.yaml"));
  expect(await factsOf("sandbox", own).isOffboarding(birch)).toBe(false);
  const entry = `uid: ${birch}\nname: Birch\nplan: standard-2026-01\nstate: offboarding\naccess: { members: [{ emailDomain: birch.example }] }\n`;
  await writeFile(join(own, "tenants/sandbox/birch.yaml"), entry);
  expect(await factsOf("sandbox", own).isOffboarding(birch)).toBe(true);
  expect(await factsOf("sandbox", own).isOffboarding(acme)).toBe(false);
});
