/**
 * Row-level security by tenant: a second fence behind the condition that each query carries (docs/decisions/0051). Every
 * table that has a tenant gets the same policy, found by the catalog, so that no table can be forgotten. It binds the role
 * that `bin/rollcall grant` was given; who owns the tables passes by it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Database, type DatabasePool, isLockNotAvailable } from "./database.ts";

const POLICY = "tenant_fence";

// Read once a statement, as a sub-select is. "*" leaves no array, and what is compared with none is not false.
const TENANTS = "(SELECT nullif(current_setting('rollcall.tenants'), '*'))::uuid[]";
// A session that was told nothing fails by current_setting: an empty directory would be believed, and provisioned anew.
const IS_EVERY = "(SELECT current_setting('rollcall.tenants') = '*')";

interface Table {
  readonly name: string;
  readonly column: "tenant_id" | "id";
  readonly mayBeNull: boolean;
  readonly hasPolicy: boolean;
  readonly isOn: boolean;
}

const TABLES = `
  SELECT c.oid::regclass::text AS name, a.attname AS "column", NOT a.attnotnull AS "mayBeNull", c.relrowsecurity AS "isOn",
         EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = '${POLICY}') AS "hasPolicy"
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid
     AND a.attname = CASE WHEN c.oid = 'public.tenants'::regclass THEN 'id' ELSE 'tenant_id' END
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
   ORDER BY c.relname`;

// Everybody waits behind whoever waits for a table, so nobody waits long: it lets the others pass and comes again.
const LOCK_TIMEOUT = "SET LOCAL lock_timeout = 2000";
const LOCK_ATTEMPTS = 60;
const LOCK_PAUSE_MS = 2_000;

/** Raises the fence on every table that lacks it, one after the other. May be repeated. @returns how many there are */
export async function raiseFence(db: DatabasePool): Promise<number> {
  const tables = await db.query<Table>(TABLES);
  for (const table of tables.filter(({ hasPolicy, isOn }) => !hasPolicy || !isOn))
    await alter(db, [
      `DROP POLICY IF EXISTS ${POLICY} ON ${table.name}`,
      `CREATE POLICY ${POLICY} ON ${table.name} USING (${conditionOf(table)})`,
      `ALTER TABLE ${table.name} ENABLE ROW LEVEL SECURITY`,
    ]);
  return tables.length;
}

/** Takes it down. @returns of how many tables */
export async function lowerFence(db: DatabasePool): Promise<number> {
  const fenced = (await db.query<Table>(TABLES)).filter(({ isOn }) => isOn);
  for (const { name } of fenced) await alter(db, [`ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`]);
  return fenced.length;
}

/** After migrations: tables that they made come within the fence, where there is one. */
export async function keepFence(db: DatabasePool): Promise<void> {
  if ((await readFence(db)).isRaised) await raiseFence(db);
}

export interface Fence {
  readonly isRaised: boolean;
  /** Whoever asks passes by it: it owns the tables, is a superuser, or was made with BYPASSRLS. */
  readonly isPassedBy: boolean;
  /** Attributes that are compared within documents are found by their index behind the fence as well. */
  readonly findsByIndex: boolean;
}

export async function readFence(db: Database): Promise<Fence> {
  const [fence] = await db.query<Fence>(
    `SELECT c.relrowsecurity AS "isRaised",
            r.rolsuper OR r.rolbypassrls OR pg_has_role(r.oid, c.relowner, 'MEMBER') AS "isPassedBy",
            (SELECT bool_and(proleakproof) FROM pg_proc WHERE oid = 'jsonb_contains(jsonb, jsonb)'::regprocedure) AS "findsByIndex"
       FROM pg_class c
       JOIN pg_roles r ON r.rolname = current_user
      WHERE c.oid = 'public.users'::regclass`,
  );
  return fence ?? { isRaised: false, isPassedBy: false, findsByIndex: false };
}

/** What a superuser says once in each database, so that policies do not keep the indexes of documents from being used. */
export const LEAKPROOF = "ALTER FUNCTION pg_catalog.jsonb_contains(jsonb, jsonb) LEAKPROOF";

/** @returns false where whoever asks is no superuser */
export async function letIndexesThrough(db: DatabasePool): Promise<boolean> {
  if ((await readFence(db)).findsByIndex) return true;
  const [me] = await db.query<{ rolsuper: boolean }>(
    "SELECT rolsuper FROM pg_roles WHERE rolname = current_user",
  );
  if (me?.rolsuper !== true) return false;
  await db.query(LEAKPROOF);
  return true;
}

function conditionOf({ column, mayBeNull }: Table): string {
  const isOne = `${column} = ANY (${TENANTS})`;
  // What belongs to nobody is for those alone who may see everybody.
  return mayBeNull ? `${IS_EVERY} OR coalesce(${isOne}, false)` : `(${isOne}) IS NOT FALSE`;
}

async function alter(db: DatabasePool, statements: readonly string[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await db.transaction(async (tx) => {
        for (const statement of [LOCK_TIMEOUT, ...statements]) await tx.query(statement);
      });
      return;
    } catch (error) {
      if (!isLockNotAvailable(error) || attempt === LOCK_ATTEMPTS) throw error;
      await sleep(LOCK_PAUSE_MS);
    }
  }
}
