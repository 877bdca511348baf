import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import type { BillingReport } from "./report.ts";
import { reportText } from "./text.ts";

const report: BillingReport = {
  schemaVersion: 1,
  command: "run",
  stack: "prod",
  run: "mx2q",
  at: "2026-12-01T00:23:00.000Z",
  rule: "fleet-2026-11",
  comparedRule: "seed-literal",
  posts: 0,
  activeHours: 0,
  comparedHours: 0,
  tenants: [],
  invoicesFinalized: [],
  open: [],
  problems: [],
};

test("a report with a problem names the page that says what to do, one without does not", () => {
  const text = reportText({ ...report, problems: ["acme: invoice in_1 of 2026-11 does not match"] });
  expect(text).toContain("! acme: invoice in_1");
  const page = /docs\/runbooks\/[a-z-]+\.md/.exec(text)?.[0] ?? "none";
  expect(existsSync(join(resolve(import.meta.dirname, "../.."), page))).toBe(true);
  expect(reportText(report)).not.toContain("runbooks");
});
