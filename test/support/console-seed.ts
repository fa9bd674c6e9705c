/** A console's worth of data: two tenants, tokens in several states, a day of cycles, and writes that failed. */
import { v7 as uuidv7 } from "uuid";
import { hashPassword } from "../../src/platform/passwords.ts";
import { createAccount, type Role } from "../../src/store/accounts.ts";
import type { DatabasePool } from "../../src/store/database.ts";
import { createConnection, createTenant, issueToken } from "../../src/store/tenants.ts";

export const PASSWORD = "correct horse battery staple";

export interface SeededTenant {
  readonly tenantId: string;
  readonly slug: string;
  readonly connectionId: string;
  readonly token: string;
}

export async function addAccount(database: DatabasePool, login: string, role: Role): Promise<void> {
  const passwordHash = await hashPassword(PASSWORD);
  await database.transaction((tx) => createAccount(tx, { login, role, passwordHash }));
}

export async function addTenant(
  database: DatabasePool,
  tenant: { readonly slug: string; readonly name: string },
  secret: string,
): Promise<SeededTenant> {
  return database.transaction(async (tx) => {
    const made = await createTenant(tx, tenant);
    const tenantId = made!.id;
    const connectionId = await createConnection(tx, tenantId, "Azure AD");
    const { token } = await issueToken(tx, { tenantId, connectionId, secret, ttlDays: 180 });
    return { tenantId, slug: tenant.slug, connectionId, token };
  });
}

export interface SeededCycle {
  readonly startedMinutesAgo: number;
  readonly kind?: "initial" | "incremental" | "on_demand" | "test";
  readonly isOpen?: boolean;
  readonly created?: number;
  readonly updated?: number;
  readonly deactivated?: number;
  readonly refused?: number;
  readonly faulted?: number;
}

/** @returns the cycle's id */
export async function addCycle(
  database: DatabasePool,
  tenant: SeededTenant,
  cycle: SeededCycle,
): Promise<string> {
  const id = uuidv7();
  const { created = 0, updated = 0, deactivated = 0, refused = 0, faulted = 0 } = cycle;
  const requests = 2 * (created + updated + deactivated + refused + faulted) + 1;
  const started = new Date(Date.now() - cycle.startedMinutesAgo * 60_000);
  const last = new Date(started.getTime() + 700 * requests);
  await database.query(
    `INSERT INTO cycles (tenant_id, id, connection_id, kind, started_at, last_request_at, ended_at, requests, reads,
                         users_created, users_updated, users_deactivated, groups_updated, members_added, refused, faulted)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      ...[
        tenant.tenantId,
        id,
        tenant.connectionId,
        cycle.isOpen === true ? null : (cycle.kind ?? "incremental"),
      ],
      ...[started, last, cycle.isOpen === true ? null : last, requests, Math.floor(requests / 2)],
      ...[created, updated, deactivated, 1, 2, refused, faulted],
    ],
  );
  return id;
}

export interface SeededFailure {
  readonly cycleId?: string;
  readonly result?: "refused" | "fault";
  readonly detail?: string;
  readonly masked?: string;
}

/** @returns the write's id */
export async function addFailedWrite(
  database: DatabasePool,
  tenant: SeededTenant,
  failure: SeededFailure = {},
): Promise<string> {
  const writeId = uuidv7();
  const isFault = failure.result === "fault";
  await database.query(
    `INSERT INTO writes (tenant_id, write_id, connection_id, cycle_id, correlation_id, operation, resource_type,
                         resource_id, result, status, scim_type, code, detail, requested_at)
     VALUES ($1, $2, $3, $4, $5, 'create', 'User', $6, $7, $8, $9, $10, $11, now())`,
    [
      ...[tenant.tenantId, writeId, tenant.connectionId, failure.cycleId ?? null, uuidv7(), uuidv7()],
      ...(isFault ? ["fault", 500, null, "internal"] : ["refused", 409, "uniqueness", "userName-taken"]),
      failure.detail ??
        "userName 'Ada.Lovelace@contoso.com' is taken by another user; rename or remove that user first",
    ],
  );
  await database.query(
    `INSERT INTO failures (tenant_id, write_id, connection_id, cycle_id, operation, resource_type, resource_id, result,
                           status, scim_type, code, masked, failed_at)
     SELECT tenant_id, write_id, connection_id, cycle_id, operation, resource_type, resource_id, result, status,
            scim_type, code, $3, ended_at
       FROM writes WHERE tenant_id = $1 AND write_id = $2`,
    [
      tenant.tenantId,
      writeId,
      failure.masked ?? "userName '…' is taken by another user; rename or remove that user first",
    ],
  );
  return writeId;
}

export async function addUsers(database: DatabasePool, tenantId: string, count: number): Promise<void> {
  await database.query(
    `INSERT INTO users (tenant_id, id, user_name_key, active, resource, search, version, created_at, updated_at)
     SELECT $1, gen_random_uuid(), 'user' || n, n % 20 <> 0,
            jsonb_build_object('userName', 'user' || n || '@contoso.com', 'displayName', 'User ' || n), '{}', 1, now(),
            now()
       FROM generate_series(1, $2::int) AS n`,
    [tenantId, count],
  );
  await database.query(
    `INSERT INTO directory_totals (tenant_id, users_active, users_inactive)
     SELECT $1, count(*) FILTER (WHERE active), count(*) FILTER (WHERE NOT active) FROM users WHERE tenant_id = $1`,
    [tenantId],
  );
}

/** A day of cycles that has its troubles. @param users - how many the first one made */
export async function addDay(database: DatabasePool, tenant: SeededTenant, users: number): Promise<void> {
  await addCycle(database, tenant, { startedMinutesAgo: 900, kind: "test" });
  await addCycle(database, tenant, { startedMinutesAgo: 890, kind: "initial", created: users, refused: 2 });
  for (let beat = 1; beat <= 18; beat += 1) {
    const troubles = beat === 7 ? { faulted: 1 } : beat === 12 ? { refused: 3 } : {};
    await addCycle(database, tenant, {
      startedMinutesAgo: 800 - beat * 40,
      created: beat % 3,
      updated: (beat * 7) % 13,
      deactivated: beat % 4 === 0 ? 1 : 0,
      ...troubles,
    });
  }
}

/** One tenant that runs for a day and had its troubles, one that waits for Azure's first request. */
export async function seedConsole(database: DatabasePool, secret: string) {
  const busy = await addTenant(database, { slug: "contoso", name: "Contoso Ltd" }, secret);
  const waiting = await addTenant(database, { slug: "fabrikam", name: "Fabrikam <GmbH>" }, secret);
  await addUsers(database, busy.tenantId, 1240);
  await addDay(database, busy, 1240);
  const cycleId = await addCycle(database, busy, {
    startedMinutesAgo: 2,
    isOpen: true,
    updated: 3,
    refused: 2,
  });
  await addFailedWrite(database, busy, { cycleId });
  await addFailedWrite(database, busy, {
    cycleId,
    detail: "userName 'grace.hopper@contoso.com' is taken by another user; rename or remove that user first",
  });
  const detail = "Postgres could not be reached in 8 attempts (connection)";
  await addFailedWrite(database, busy, { result: "fault", detail });
  await database.query(
    `UPDATE tokens SET last_used_at = now() - interval '90 seconds' WHERE tenant_id = $1`,
    [busy.tenantId],
  );
  return { busy, waiting, cycleId };
}
