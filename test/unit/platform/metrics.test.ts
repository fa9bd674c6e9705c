/** What a process tells Prometheus before it has anything to tell. */
import { expect, test } from "vitest";
import { createMetrics } from "../../../src/platform/metrics.ts";

test("only who looks whether Postgres is there says so: an alert asks for the least of all processes", async () => {
  const metrics = createMetrics({ tenantsMax: 1, version: "0.0.0" });
  const told = async (): Promise<string[]> =>
    (await metrics.registry.metrics()).split("\n").filter((line) => line.startsWith("rollcall_database_up"));

  expect(await told()).toEqual([]);
  metrics.databaseUp.set(0);
  expect(await told()).toEqual(["rollcall_database_up 0"]);
});
