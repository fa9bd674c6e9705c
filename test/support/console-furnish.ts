/**
 * What a tenant that has been at work for a while has beside its cycles: keys, webhooks and their deliveries, people
 * from before, a reconciliation, roles, exemptions, a guard that holds somebody, digests, a client secret.
 */
import { v7 as uuidv7 } from "uuid";
import { findAccountByLogin } from "../../src/store/account-changes.ts";
import type { DatabasePool } from "../../src/store/database.ts";
import { setGuard } from "../../src/store/deactivation-guards.ts";
import { setDigest } from "../../src/store/digests.ts";
import { importExistingUsers } from "../../src/store/import-existing-users.ts";
import { addExemption } from "../../src/store/login-gates.ts";
import { setFederation } from "../../src/store/oauth-clients.ts";
import { issueProductKey } from "../../src/store/product-keys.ts";
import { reconcile } from "../../src/store/reconcile.ts";
import { addRoleMapping } from "../../src/store/role-mappings.ts";
import { issueToken } from "../../src/store/tenants.ts";
import { createEndpoint } from "../../src/store/webhook-endpoints.ts";
import type { SeededTenant } from "./console-seed.ts";
import type { TourIds } from "./console-tour.ts";

interface Person {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
}

/** @returns of what the pages of the tour are to be; the tenant must have users, cycles and a failure already */
export async function furnishTenant(
  database: DatabasePool,
  tenant: SeededTenant,
  secret: string,
): Promise<TourIds> {
  const { tenantId, slug, connectionId } = tenant;
  const made = await database.transaction(async (tx) => {
    await issueToken(tx, { tenantId, connectionId, secret, ttlDays: 365, kind: "client_secret" });
    await setFederation(tx, tenant, {
      issuer: "https://login.microsoftonline.com/1b7c7d0e-2f2a-4f0e-9c1d-6a1f3f0f7a10/v2.0",
      subject: "5f3a9a54-7a0f-4b0b-8b6e-3f6f5f4f2c11",
      audience: "api://4f5a4a52-8a2a-4fd0-8b5e-7d7f9f1f2b12",
    });
    await addRoleMapping(tx, tenantId, { role: "approver", matchBy: "displayName", value: "Sales" });
    await addRoleMapping(tx, tenantId, { role: "reader", matchBy: "displayName", value: "All staff" });
    await addExemption(tx, tenantId, {
      login: "break-glass@example.com",
      note: "For the day the directory is away",
    });
    await setDigest(tx, tenant, {
      settings: { url: "https://hooks.example.com/rollcall/failed-cycles", emails: ["sre@example.com"] },
      renewsSecret: false,
      secret,
    });
    await issueProductKey(tx, { tenantId, name: "Nightly job", secret, ttlDays: 30 });
    return {
      key: await issueProductKey(tx, { tenantId, name: "Web servers", secret, ttlDays: undefined }),
      webhook: await createEndpoint(tx, {
        tenantId,
        url: "https://hooks.example.com/rollcall",
        types: null,
        secret,
      }),
    };
  });
  const people = await readPeople(database, tenantId);
  await addDeliveries(database, tenant, made.webhook.id);
  await addPeopleFromBefore(database, tenantId, people);
  const report = await addReport(database, tenantId, people);
  await addHeld(database, tenant, people);
  await addDigests(database, tenant);
  const first = async (query: string): Promise<string> =>
    (await database.query<{ id: string }>(query, [tenantId]))[0]?.id ?? "";
  return {
    tenants: slug,
    connections: connectionId,
    keys: made.key.id,
    webhooks: made.webhook.id,
    reconciliations: report,
    accounts: (await findAccountByLogin(database, "owner"))?.id ?? "",
    tokens: await first("SELECT id FROM tokens WHERE tenant_id = $1 ORDER BY id LIMIT 1"),
    cycles: await first(
      "SELECT id FROM cycles WHERE tenant_id = $1 ORDER BY refused DESC, started_at DESC LIMIT 1",
    ),
    users: await first(
      "SELECT id FROM users WHERE tenant_id = $1 AND NOT active ORDER BY updated_at DESC LIMIT 1",
    ),
    groups: await first("SELECT id FROM groups WHERE tenant_id = $1 ORDER BY id LIMIT 1"),
    failed: await first(
      "SELECT write_id AS id FROM failures WHERE tenant_id = $1 AND code = 'userName-taken' LIMIT 1",
    ),
  };
}

function readPeople(database: DatabasePool, tenantId: string): Promise<readonly Person[]> {
  return database.query<Person>(
    `SELECT id, user_name_key AS name, active FROM users WHERE tenant_id = $1 ORDER BY id LIMIT 300`,
    [tenantId],
  );
}

/** Most match, and of each trouble there is somebody. */
async function addPeopleFromBefore(
  database: DatabasePool,
  tenantId: string,
  people: readonly Person[],
): Promise<void> {
  const known = people.map(({ name }, index) => ({ id: String(1000 + index), userName: name }));
  await importExistingUsers(database, {
    ...{ tenantId, actor: "owner", onProgress: () => undefined },
    users: [
      ...known,
      { id: "2001", userName: "freelancer@example.com", displayName: "Fay Lancer" },
      { id: "2002", email: "intern@example.com", displayName: "Ines Tern" },
      { id: "2003", userName: people[0]?.name },
      { id: "2004", displayName: "Only A. Name" },
    ],
  });
}

/** @returns the id of a report in which product and directory differ */
async function addReport(
  database: DatabasePool,
  tenantId: string,
  people: readonly Person[],
): Promise<string> {
  const listed = people.slice(3).map(({ name, active }, index) => ({
    id: String(index),
    userName: name,
    active: index < 4 ? !active : active,
  }));
  const left = { id: "left-7", userName: "left@example.com", displayName: "Lee Left", active: true };
  const report = await reconcile(database, {
    ...{ tenantId, people: [...listed, left], actor: "owner", onProgress: () => undefined },
  });
  return report?.id ?? "";
}

async function addDeliveries(
  database: DatabasePool,
  { tenantId }: SeededTenant,
  endpointId: string,
): Promise<void> {
  const deliveries = [
    ...["user.created", "user.updated", "group.members_changed", "user.deactivated"].map((type) => ({
      ...{ type, state: "delivered", attempts: 1, status: 204, error: null, response: null },
    })),
    {
      ...{ type: "user.updated", state: "failed", attempts: 12, status: 500 },
      ...{ error: null, response: "upstream connect error or disconnect/reset before headers" },
    },
  ];
  for (const [index, { type, state, attempts, status, error, response }] of deliveries.entries())
    await database.query(
      `INSERT INTO webhook_deliveries (tenant_id, endpoint_id, position, id, event_id, type, resource_id, state, attempts,
                                       created_at, ended_at, status, error, duration_ms, response)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() - interval '1 hour', now() - interval '55 minutes', $10, $11,
               $12, $13)`,
      [
        ...[
          tenantId,
          endpointId,
          index + 1,
          uuidv7(),
          uuidv7(),
          type,
          uuidv7(),
          state,
          attempts,
          status,
          error,
        ],
        ...[40 + 13 * index, response],
      ],
    );
}

/** A guard that let two go and holds four more; one of an earlier cycle was rejected. */
async function addHeld(
  database: DatabasePool,
  tenant: SeededTenant,
  people: readonly Person[],
): Promise<void> {
  const { tenantId, connectionId } = tenant;
  await database.transaction((tx) => setGuard(tx, tenant, { usersMax: 2, percentMax: 10, answer: "accept" }));
  const [cycle] = await database.query<{ id: string }>(
    "SELECT id FROM cycles WHERE tenant_id = $1 ORDER BY started_at DESC LIMIT 1",
    [tenantId],
  );
  await database.query(
    `INSERT INTO guard_cycles (tenant_id, cycle_id, connection_id, active_users, counted, held, users_limit)
     VALUES ($1, $2, $3, 190, 2, 4, 2)
         ON CONFLICT (tenant_id, cycle_id) DO UPDATE SET counted = 2, held = 4, users_limit = 2`,
    [tenantId, cycle?.id, connectionId],
  );
  const held = people.filter(({ active }) => active).slice(10, 15);
  for (const [index, { id }] of held.entries()) {
    await database.query(
      `INSERT INTO held_deactivations (tenant_id, user_id, connection_id, cycle_id, kind, state, held_at, write_id,
                                       decided_at, decided_by, reason)
       VALUES ($1, $2, $3, $4, $5, $6, now() - interval '9 minutes', $7, $8, $9, $10)`,
      [
        ...[tenantId, id, connectionId, cycle?.id, index === 1 ? "delete" : "deactivate"],
        ...(index < 4
          ? ["waiting", uuidv7(), null, null, null]
          : ["rejected", uuidv7(), new Date(), "owner", "A scoping filter was changed by mistake"]),
      ],
    );
    await database.query("UPDATE users SET is_held = true WHERE tenant_id = $1 AND id = $2", [tenantId, id]);
  }
}

async function addDigests(database: DatabasePool, { tenantId, connectionId }: SeededTenant): Promise<void> {
  await database.query(
    `INSERT INTO digest_deliveries (tenant_id, cycle_id, channel, connection_id, id, state, attempts, created_at, ended_at,
                                    error)
     SELECT c.tenant_id, c.id, d.channel, c.connection_id, gen_random_uuid(), d.state, d.attempts, c.ended_at,
            c.ended_at, d.error
       FROM cycles c,
            (VALUES ('email', 'delivered', 1, NULL),
                    ('webhook', 'failed', 12, 'answered 503 after 12 attempts')) AS d (channel, state, attempts, error)
      WHERE c.tenant_id = $1 AND c.connection_id = $2 AND c.ended_at IS NOT NULL AND c.refused + c.faulted > 0
         ON CONFLICT DO NOTHING`,
    [tenantId, connectionId],
  );
}
