import { expect, test } from "vitest";
import { type WhyReport, whyText } from "./why.ts";

const minute = (at: number) => `2026-11-30T09:${String(at).padStart(2, "0")}:00.000Z`;
const report: WhyReport = {
  schemaVersion: 1,
  uid: "tn_7k2m9x4q1c",
  slug: "acme",
  hour: "2026-11-30T09Z",
  rule: "fleet-2026-11",
  verdict: "active",
  because: ["railwayUptime", "sprintActivity"],
  uptimeOnly: false,
  contradiction: false,
  sources: { railwayUptime: "active", cloudflareSessions: "idle", sprintActivity: "active" },
  minutes: "A".repeat(60),
  memory: { samples: 60, highestGB: 0.3361581431, tunnelSamples: 60 },
  logins: [],
  modelMinutes: [0, 1, 2, 10].map(minute),
  causes: [
    { kind: "model", from: minute(0), to: minute(0) },
    { kind: "deploy", from: minute(0), to: minute(2) },
    { kind: "model", from: minute(1), to: minute(1) },
  ],
  ledger: null,
  posts: [],
  stripeHolds: null,
  invoice: null,
};

test("a sprint's minutes in a row are told as one span, lasting causes with their own", () => {
  const text = whyText(report);
  expect(text).toContain(`  model     4 minutes: ${minute(0)} to ${minute(2)}, ${minute(10)}\n`);
  expect(text).toContain(`  cause     deploy ${minute(0)} to ${minute(2)}\n  cause     model ${minute(0)} to ${minute(1)}\n`);
  expect(text).toContain("highest 0.336 GB");
});
