/** Alerts fire when they should, and every panel of every dashboard shows something of a service that runs. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createUser, patch, createGroup, USER } from "../support/provision.ts";
import { hasPrometheus, startPrometheus } from "../support/prometheus.ts";
import { startTestService, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const OPS = join(import.meta.dirname, "../../ops");
const DASHBOARDS = join(OPS, "grafana/dashboards");

interface Dashboard {
  readonly title: string;
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

/** As Grafana would send it, for a short range. */
function panels(): readonly { readonly panel: string; readonly expr: string }[] {
  return readdirSync(DASHBOARDS).flatMap((name) => {
    const dashboard = JSON.parse(readFileSync(join(DASHBOARDS, name), "utf8")) as Dashboard;
    return dashboard.panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({
        panel: `${dashboard.title}: ${title}`,
        expr: expr.replaceAll("$tenant", ".*").replaceAll(/\$__(rate_interval|range)/g, "1m"),
      })),
    );
  });
}

describe.skipIf(!hasPrometheus())("with Prometheus", () => {
  test("the rules are sound, and each alert fires and stays quiet as its test says", () => {
    const cwd = join(OPS, "prometheus");

    expect(execFileSync("promtool", ["check", "rules", "rules.yml"], { cwd, encoding: "utf8" })).toContain(
      "SUCCESS",
    );
    expect(
      execFileSync("promtool", ["test", "rules", "rules.test.yml"], { cwd, encoding: "utf8" }),
    ).toContain("SUCCESS");
  });

  test("every panel's query returns data of a running service", async () => {
    const [kind = "postgres"] = queueBackends();
    const service = await startTestService(openTestQueue(kind), { CYCLE_IDLE_SECONDS: "3" });
    const prometheus = await startPrometheus(new URL(service.metricsUrl).host);
    try {
      const { scim } = await service.addTenant();
      const traffic = async (): Promise<void> => {
        const id = await createUser(scim, `${randomUUID()}@contoso.com`);
        const group = await createGroup(scim, "Staff");
        await scim(
          "PATCH",
          `/Groups/${group}`,
          patch({ op: "Add", path: "members", value: [{ value: id }] }),
        );
        await scim("POST", "/Users", { schemas: [USER], userName: "" });
        for (const value of ["False", "True"])
          await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "active", value }));
        await scim("GET", "/Users", undefined, { headers: { Authorization: "Bearer rc_wrong" } });
      };
      const empty = async (): Promise<string[]> => {
        const results = await Promise.all(
          panels().map(async ({ panel, expr }) => ({ panel, found: await prometheus.query(expr) })),
        );
        return results.filter(({ found }) => found.length === 0).map(({ panel }) => panel);
      };
      await traffic();
      await waitFor(async () => (await prometheus.query("rollcall_cycles_total")).length > 0, 180_000);
      await traffic();

      let missing = panels().map(({ panel }) => panel);
      // Directory sizes are read every half minute.
      await waitFor(async () => (missing = await empty()).length === 0, 180_000).catch(() => undefined);

      expect(missing).toEqual([]);
      expect(panels().length).toBeGreaterThan(25);
    } finally {
      await prometheus.stop();
      await service.stop();
    }
  });
});
