import { defineConfig } from "vitest/config";

// Limits end what hangs, and are never what decides: they are for a machine several times slower than ours.
const stores = { globalSetup: "test/support/global-setup.ts", hookTimeout: 180_000 };

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/plain-reporter.ts"],
    // Unit tests need no store; the other two run on real Postgres and, per backend, real Redis.
    projects: [
      {
        test: { name: "unit", include: ["test/*.test.ts", "test/unit/**/*.test.ts"], testTimeout: 30_000 },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 90_000,
          ...stores,
        },
      },
      { test: { name: "system", include: ["test/system/**/*.test.ts"], testTimeout: 300_000, ...stores } },
    ],
  },
});
