/** A short soak on each queue backend: faults one after the other under random clients, and every answer explained. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { soak } from "../../../tools/soak/soak.ts";
import { queueBackends } from "../../support/stores.ts";

const MINUTES = 0.3;
// One of each kind, short ones: what is left out is soaked by bin/soak; an api is killed in faults.test.ts.
const FAULTS = {
  redis: ["worker-kill", "redis-flush", "redis-cut", "postgres-cut", "client-cut-answers", "poison"],
  postgres: ["worker-kill", "postgres-cut", "client-cut", "client-cut-answers", "poison"],
} as const;

describe.each(queueBackends())("with the queue on %s", (queue) => {
  test("nothing acknowledged is lost and nothing is applied twice while things die", async () => {
    const seed = Date.now() % 2 ** 31;
    const report = await soak({
      seed,
      queue,
      minutes: MINUTES,
      clients: 6,
      workers: 2,
      holdSeconds: 1,
      faults: FAULTS[queue],
      root: join(import.meta.dirname, "../../.."),
      keep: false,
      onLine: () => undefined,
    });

    // How soon all is well again depends on the machine; what is said in the end does not.
    expect(report.audit.violations, `seed ${seed}`).toEqual([]);
    expect(report.answers.get("500"), `seed ${seed}`).toBeUndefined();
    expect(report.audit.acknowledged).toBeGreaterThan(50);
    expect(report.faults.size).toBeGreaterThan(0);
  });
});
