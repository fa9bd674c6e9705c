/** What the role may that api, worker and console run as: change rows of every table, and no table. */
import type { DatabasePool } from "./database.ts";

const NOT_FOR_ROWS = ["rollcall_migrations", "rollcall_migrations_lock"];

export interface AppRole {
  readonly role: string;
  /** Where the queue is, if it is in Postgres. */
  readonly queueSchema: string;
  /** What its queues are called. */
  readonly queues: readonly string[];
}

interface Asked {
  readonly exists: boolean;
  readonly isOwner: boolean;
  readonly hasQueue: boolean;
}

/**
 * Gives it what it needs, for tables to come as well. May be repeated.
 * @throws {Error} where the role is not there, or could change tables anyway
 */
export async function grantAppRole(db: DatabasePool, { role, queueSchema, queues }: AppRole): Promise<void> {
  const [asked] = await db.query<Asked>(
    `SELECT r.oid IS NOT NULL AS exists,
            coalesce(r.rolsuper OR pg_has_role(r.oid, c.relowner, 'MEMBER'), false) AS "isOwner",
            to_regnamespace($2) IS NOT NULL AS "hasQueue"
       FROM pg_class c
       LEFT JOIN pg_roles r ON r.rolname = $1
      WHERE c.oid = 'public.tenants'::regclass`,
    [role, queueSchema],
  );
  if (asked?.exists !== true)
    throw new Error(`there is no role "${role}"; make it first: CREATE ROLE ${role} LOGIN PASSWORD '…'`);
  if (asked.isOwner)
    throw new Error(
      `"${role}" owns the tables, or is a superuser: no grant takes that from it; make another role`,
    );
  const { hasQueue } = asked;
  if (hasQueue) await makeSequences(db, queueSchema, queues);
  const statements = await statementsFor(db, { role, queueSchema, hasQueue });
  await db.transaction(async (tx) => {
    for (const statement of statements) await tx.query(statement);
  });
}

/**
 * BullMQ makes a sequence for each queue when its first job comes, unless it is there: made by the owner, it is, and the
 * role need not be able to make anything.
 */
async function makeSequences(db: DatabasePool, schema: string, queues: readonly string[]): Promise<void> {
  const [named] = await db.query<{ schema: string }>("SELECT quote_ident($1) AS schema", [schema]);
  for (const queue of queues) await db.query(`SELECT ${named?.schema ?? ""}.next_job_id($1)`, [queue]);
}

async function statementsFor(
  db: DatabasePool,
  { role, queueSchema, hasQueue }: Omit<AppRole, "queues"> & { readonly hasQueue: boolean },
): Promise<readonly string[]> {
  const [names] = await db.query<{ role: string; database: string; queue: string }>(
    "SELECT quote_ident($1) AS role, quote_ident(current_database()) AS database, quote_ident($2) AS queue",
    [role, queueSchema],
  );
  const { role: who = "", database = "", queue = "" } = names ?? {};
  return [
    `GRANT CONNECT ON DATABASE ${database} TO ${who}`,
    // Postgres 14 lets everybody make tables there.
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    ...onSchema("public", who),
    `REVOKE INSERT, UPDATE, DELETE ON ${NOT_FOR_ROWS.join(", ")} FROM ${who}`,
    `GRANT EXECUTE ON FUNCTION make_week(text, text, uuid, uuid), drop_week(text, text) TO ${who}`,
    // Where it was given by an earlier version.
    ...(hasQueue ? [...onSchema(queue, who), `REVOKE CREATE ON SCHEMA ${queue} FROM ${who}`] : []),
  ];
}

function onSchema(schema: string, who: string): readonly string[] {
  const rows = "SELECT, INSERT, UPDATE, DELETE";
  return [
    `GRANT USAGE ON SCHEMA ${schema} TO ${who}`,
    `GRANT ${rows} ON ALL TABLES IN SCHEMA ${schema} TO ${who}`,
    `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${schema} TO ${who}`,
    // Of what the migrations to come make; this is about whoever runs the command, who runs those too.
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT ${rows} ON TABLES TO ${who}`,
    `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT USAGE, SELECT ON SEQUENCES TO ${who}`,
  ];
}
