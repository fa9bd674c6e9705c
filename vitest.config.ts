import { defineConfig } from "vitest/config";

const stores = { globalSetup: "test/support/global-setup.ts", hookTimeout: 60_000 };

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/plain-reporter.ts"],
    // Unit tests need no store; the other two run on real Postgres and, per backend, real Redis.
    projects: [
      { test: { name: "unit", include: ["test/*.test.ts", "test/unit/**/*.test.ts"] } },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 30_000,
          ...stores,
        },
      },
      { test: { name: "system", include: ["test/system/**/*.test.ts"], testTimeout: 120_000, ...stores } },
    ],
  },
});
