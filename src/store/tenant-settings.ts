/** What each connection and its tenant are set to, in one look: for the settings page. */
import type { Database } from "./database.ts";
import type { GuardSettings } from "./deactivation-guards.ts";

export interface TenantSettings {
  readonly tenantSlug: string;
  readonly tenantName: string;
  readonly connectionId: string;
  readonly connectionName: string;
  /** Null where the guard is off. */
  readonly guard: GuardSettings | null;
  /** Of the schema in force; null where the tenant has no attributes of its own. */
  readonly schemaVersion: number | null;
  readonly webhooks: number;
  readonly webhooksPaused: number;
}

const LIST = `
  SELECT t.slug AS "tenantSlug", t.name AS "tenantName", n.id AS "connectionId", n.name AS "connectionName",
         CASE WHEN g.tenant_id IS NULL THEN NULL
              ELSE json_build_object('usersMax', g.users_max, 'percentMax', g.percent_max, 'answer', g.answer)
          END AS guard,
         (SELECT max(version) FROM tenant_schemas WHERE tenant_id = t.id) AS "schemaVersion",
         w.endpoints AS webhooks, w.paused AS "webhooksPaused"
    FROM tenants t
    JOIN connections n ON n.tenant_id = t.id AND n.disconnected_at IS NULL
    LEFT JOIN deactivation_guards g ON g.tenant_id = n.tenant_id AND g.connection_id = n.id
   CROSS JOIN LATERAL (
           SELECT count(*)::int AS endpoints, (count(*) FILTER (WHERE paused_at IS NOT NULL))::int AS paused
             FROM webhook_endpoints WHERE tenant_id = t.id
         ) w
   ORDER BY t.slug, n.created_at, n.id
   LIMIT $1`;

/** Those that are connected, in the order of their tenants' slugs. */
export async function listTenantSettings(db: Database, max: number): Promise<readonly TenantSettings[]> {
  return db.query<TenantSettings>(LIST, [max]);
}
