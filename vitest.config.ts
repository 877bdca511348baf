import { defineConfig } from "vitest/config";

const exclude = ["**/node_modules/**", ".fleet/**"];
// Two cores: workers beyond that only take memory (each one that loads @pulumi/pulumi is 135 MB).
export default defineConfig({
  test: {
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One second, the default, ends a poll that a busy machine has not let look twice: nearly as long as a test may take. A test with a longer limit gives its polls theirs.
    expect: { poll: { timeout: 50_000 } },
    projects: [
      {
        extends: true,
        test: { name: "unit", include: ["**/*.test.ts"], exclude: [...exclude, "**/*.contract.test.ts", "**/*.system.test.ts"] },
      },
      { extends: true, test: { name: "contract", include: ["**/*.contract.test.ts"], exclude } },
      {
        extends: true,
        test: { name: "system", include: ["**/*.system.test.ts"], exclude, testTimeout: 300_000, hookTimeout: 300_000 },
      },
    ],
  },
});
