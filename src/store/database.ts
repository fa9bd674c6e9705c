/**
 * The way to Postgres: a pool, typed queries, transactions, and the SQLSTATEs we tell apart by name.
 * Reads take a `Database`; whatever changes something takes a `Transaction`, so a type says who may change what.
 */
import pg from "pg";
import type { Database, DatabasePool, Statement } from "./database-types.ts";
import { LookUps } from "./look-ups.ts";
import { EVERY_TENANT, FENCE_OPTIONS, type TenantScope, TenantScopes } from "./tenant-scope.ts";
import { type Enter, NOTHING, querier, together, transact } from "./transact.ts";

export * from "./database-types.ts";
export * from "./sql-states.ts";
export { together };

export interface DatabaseOptions {
  readonly url: string;
  readonly poolMax: number;
  readonly applicationName: string;
  /** ROW_LEVEL_SECURITY: whether each statement tells Postgres whom it concerns. */
  readonly isFenced?: boolean;
  /** How long a statement that says nothing else may take to answer; what a request can wait for, if absent. */
  readonly queryTimeoutMs?: number;
  /** Told of connections that died while idle; the pool replaces them by itself. */
  readonly onConnectionError: (error: Error) => void;
}

const CONNECT_TIMEOUT_MS = 5_000;
// A statement that runs longer is a bug or a lost cause; the client has had its 503 by then.
const STATEMENT_TIMEOUT_MS = 60_000;
// The server's own timeouts say nothing where the server is frozen or the network gone: we wait for less than a
// request does, so that it can still be answered.
const QUERY_TIMEOUT_MS = 15_000;
// A process that freezes in a transaction holds its rows, and with the cycle's row its whole tenant.
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000;

// Statements that do not wait for each other's results travel together, and are executed in the order of their calls.
// The types of pg do not know the setting yet.
const PIPELINED: object = { pipeline: true };

export function openDatabase(options: DatabaseOptions): DatabasePool {
  const settings: pg.ClientConfig = {
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    ...(options.isFenced === true && { options: FENCE_OPTIONS }),
  };
  const pool = new pg.Pool({
    ...settings,
    ...PIPELINED,
    max: options.poolMax,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: options.queryTimeoutMs ?? QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  });
  pool.on("error", options.onConnectionError);
  // A connection may die between two statements of a transaction, when the pool does not listen: the next statement
  // says so, and unheard the event would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  const base = {
    connect: async () => {
      const client = new pg.Client(settings);
      client.on("error", options.onConnectionError);
      await client.connect();
      return client;
    },
    close: () => pool.end(),
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  };
  if (options.isFenced !== true) {
    const open: DatabasePool = {
      ...base,
      ...sharing(querier(pool), new LookUps(pool)),
      transaction: (work) => transact(pool, () => undefined, work),
      of: () => open,
    };
    return open;
  }
  const scopes = new TenantScopes();
  const within = (scope: TenantScope): DatabasePool => ({
    ...base,
    query: (statement, values) =>
      queryWithin(pool, (client) => scopes.enter(client, scope), {
        statement,
        values,
      }),
    transaction: (work) => transact(pool, (client) => scopes.enter(client, scope), work),
    of: (tenantIds) => within(scopes.of(tenantIds)),
  });
  return within(EVERY_TENANT);
}

async function queryWithin<Row>(
  pool: pg.Pool,
  enter: Enter,
  {
    statement,
    values,
  }: { readonly statement: Statement | string; readonly values?: readonly unknown[] | undefined },
): Promise<readonly Row[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const entered = enter(client);
    const [, rows] = await together([entered ?? NOTHING, querier(client).query<Row>(statement, values)]);
    return rows;
  } catch (error) {
    // As the pool does it with statements of its own.
    broken = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Look-ups share their journeys. */
function sharing(alone: Database, lookUps: LookUps): Database {
  return {
    async query<Row>(
      statement: Statement | string,
      values: readonly unknown[] = [],
    ): Promise<readonly Row[]> {
      if (typeof statement === "string" || statement.isLookUp !== true || statement.name === undefined)
        return alone.query<Row>(statement, values);
      return (await lookUps.query(statement, values)) as readonly Row[];
    },
  };
}
