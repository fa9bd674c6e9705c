/** Alerts fire when they should, and every panel of every dashboard shows something of a service that runs. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createUser, patch, createGroup, USER } from "../support/provision.ts";
import { hasPrometheus, type Sample, startPrometheus } from "../support/prometheus.ts";
import { createConnection, issueToken } from "../../src/store/tenants.ts";
import { createScimClient, type ScimClient } from "../support/scim-client.ts";
import {
  startTestService,
  TEST_SECRET,
  type TestService,
  type TestTenant,
  waitFor,
} from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const OPS = join(import.meta.dirname, "../../ops");
const DASHBOARDS = join(OPS, "grafana/dashboards");

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: Readonly<Record<"h" | "w" | "x" | "y", number>>;
  readonly fieldConfig: {
    readonly defaults: {
      readonly min?: number;
      readonly thresholds?: { readonly steps: readonly unknown[] };
    };
  };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Dashboard {
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
}

function dashboards(): readonly Dashboard[] {
  return readdirSync(DASHBOARDS).map(
    (name) => JSON.parse(readFileSync(join(DASHBOARDS, name), "utf8")) as Dashboard,
  );
}

/** Each as Grafana would send it, for a short range. */
function queries(): readonly { readonly panel: string; readonly expr: string; readonly legend: string }[] {
  return dashboards().flatMap(({ title: dashboard, panels }) =>
    panels.flatMap(({ title, targets }) =>
      targets.map(({ expr, legendFormat }) => ({
        panel: `${dashboard}: ${title}`,
        expr: expr.replaceAll("$tenant", ".*").replaceAll(/\$__(rate_interval|range)/g, "1m"),
        legend: legendFormat,
      })),
    ),
  );
}

function nameOf(legend: string, { metric }: Sample): string {
  return legend.replaceAll(/{{(\w+)}}/g, (_, label: string) => metric[label] ?? "");
}

test("what Grafana would choose by itself is said: no colour that warns where there is nothing to warn of", () => {
  for (const { title, panels } of dashboards()) {
    expect(new Set(panels.map(({ id }) => id)).size, title).toBe(panels.length);
    for (const { title, type, fieldConfig } of panels) {
      const { min, thresholds } = fieldConfig.defaults;
      // Left out, the scale begins near the least value, and whatever is above 80 is red.
      if (type === "timeseries") expect(min, title).toBe(0);
      else expect(thresholds?.steps.length, title).toBeGreaterThan(0);
    }
  }
});

/** A tenant may have several connections, which a panel must tell apart. */
async function connectAgain(
  { database, apiUrl }: TestService,
  { tenantId }: TestTenant,
): Promise<ScimClient> {
  const { token } = await database.transaction(async (tx) => {
    const connectionId = await createConnection(tx, tenantId, "Okta");
    return issueToken(tx, { tenantId, connectionId, secret: TEST_SECRET, ttlDays: 1 });
  });
  return createScimClient(`${apiUrl}/scim/v2`, token);
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

  test("every panel shows something of a running service, no two of its lines by one name, and the tenant can be chosen", async () => {
    const [kind = "postgres"] = queueBackends();
    const service = await startTestService(openTestQueue(kind), { CYCLE_IDLE_SECONDS: "3" });
    const prometheus = await startPrometheus(new URL(service.metricsUrl).host);
    try {
      const tenant = await service.addTenant();
      const { scim } = tenant;
      const second = await connectAgain(service, tenant);
      const traffic = async (): Promise<void> => {
        await createUser(second, `${randomUUID()}@fabrikam.com`);
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
          queries().map(async ({ panel, expr }) => ({ panel, found: await prometheus.query(expr) })),
        );
        return results.filter(({ found }) => found.length === 0).map(({ panel }) => panel);
      };
      await traffic();
      await waitFor(async () => (await prometheus.query("rollcall_cycles_total")).length > 0, 180_000);
      await traffic();

      let missing = queries().map(({ panel }) => panel);
      // Directory sizes are read every half minute.
      await waitFor(async () => (missing = await empty()).length === 0, 180_000).catch(() => undefined);

      expect(missing).toEqual([]);
      expect(queries().length).toBeGreaterThan(25);
      const lines = await Promise.all(
        queries().map(async ({ panel, expr, legend }) =>
          (await prometheus.query(expr)).map((sample) => `${panel}: ${nameOf(legend, sample)}`),
        ),
      );
      expect(lines.flat().filter((line, at, all) => all.indexOf(line) !== at)).toEqual([]);
      const offered = dashboards().flatMap(({ templating }) =>
        templating.list.map(async ({ name, query }) => {
          const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
          return [name, (await prometheus.query(`group by (${label}) (${metric})`)).length];
        }),
      );
      expect(await Promise.all(offered)).toEqual([["tenant", 1]]);
    } finally {
      await prometheus.stop();
      await service.stop();
    }
  });
});
