import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exitCode } from "../domain/error.ts";
import { openBilling } from "./open.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleet-open-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("a live ledger on a CI machine's own disk is refused before anything is made", async () => {
  const outputs = join(folder, "outputs.json");
  await writeFile(outputs, JSON.stringify({ schemaVersion: 1, stack: "prod", zone: "example.test", tenants: {} }));
  const open = (env: Record<string, string>) => openBilling({ outputs, live: true }, env, () => undefined);
  // A secret that is not set arrives as an empty variable.
  const refused = open({ CI: "true", DATABASE_URL: "", FLEET_LEDGER_DIR: "" });
  await expect(refused).rejects.toThrow("set DATABASE_URL");
  await expect(refused).rejects.toMatchObject({ exitCode: exitCode.refused });
  const opened = await open({ CI: "true", FLEET_LEDGER_DIR: join(folder, "ledger") });
  await opened.close();
  expect(await readdir(folder)).toEqual(["ledger", "outputs.json"]);
});
