/**
 * The way to Postgres: a pool, typed queries, transactions, and the SQLSTATEs we tell apart by name.
 * Reads take a `Database`; whatever changes something takes a `Transaction`, so a type says who may change what.
 */
import pg from "pg";
import { GatheringSocket } from "./gathering-socket.ts";
import { EVERY_TENANT, FENCE_OPTIONS, type TenantScope, TenantScopes } from "./tenant-scope.ts";
import { transientReason } from "./sql-states.ts";

export * from "./sql-states.ts";

export interface Statement {
  /** Given a name, Postgres plans the statement once per connection. */
  readonly name?: string;
  readonly text: string;
  /** For a statement over a whole directory, which may take longer than a request waits. */
  readonly timeoutMs?: number;
}

export interface Database {
  query<Row>(statement: Statement | string, values?: readonly unknown[]): Promise<readonly Row[]>;
}

declare const inTransaction: unique symbol;
export interface Transaction extends Database {
  readonly [inTransaction]: true;
  /**
   * Ends the transaction with these statements, the commit travelling with them: for those whose failure Postgres itself
   * sees, so that nobody need look at their answers first. All must have been called by now; none may follow.
   * @throws what the first of them threw; nothing is committed then
   */
  commitWith<Results extends readonly unknown[]>(statements: Travelling<Results>): Promise<Results>;
}

type Travelling<Results extends readonly unknown[]> = {
  readonly [Index in keyof Results]: Promise<Results[Index]>;
};

export interface DatabasePool extends Database {
  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result>;
  /** The same pool for what concerns these tenants alone: where row-level security is on, it sees no other's rows. */
  of(tenantIds: readonly string[]): DatabasePool;
  /** A connection of its own, for LISTEN and for locks that outlive a statement. */
  connect(): Promise<pg.Client>;
  close(): Promise<void>;
  /** For metrics: connections open, idle, and callers that wait for one. */
  stats(): { readonly total: number; readonly idle: number; readonly waiting: number };
}

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
const PIPELINED: object = { pipeline: true, stream: () => new GatheringSocket() };

// By name, so that it gathers with the statements behind it.
const BEGIN: Statement = { name: "begin", text: "BEGIN" };

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
      ...querier(pool),
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

/** Tells a connection whom what follows concerns; undefined where it knows. */
type Enter = (client: pg.PoolClient) => Promise<unknown> | undefined;

async function transact<Result>(
  pool: pg.Pool,
  enter: Enter,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  // A client whose ROLLBACK failed is broken: handing it back would poison the next caller.
  let broken: Error | undefined;
  try {
    // Neither is waited for: the first statements of the work travel with them.
    const entered = enter(client);
    const begun = client.query(BEGIN);
    const tx = transactionOn(client);
    const [, , result] = await together([entered ?? NOTHING, begun, work(tx)]);
    await tx.commit();
    return result;
  } catch (error) {
    // A connection that is lost or silent would not answer that either.
    if (transientReason(error) === "connection") broken = error as Error;
    else {
      await client.query("ROLLBACK").catch((cause: unknown) => {
        broken = cause instanceof Error ? cause : new Error(String(cause));
      });
    }
    throw error;
  } finally {
    client.release(broken);
  }
}

const NOTHING = Promise.resolve();

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

// A statement over arrays is planned anew each time while Postgres hopes that the arrays tell it something: of a write
// that comes alone, a third of what it costs Postgres. A plan that was made while the tables were small must do for
// large ones too: it looks each row up by an index, and never reads a table whole.
const PLAN_ONCE: Statement = {
  name: "plan-once",
  text: `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
                set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`,
};

/** From now on to its end, the transaction's named statements look rows up by plans that are made once a connection. */
export async function planOnce(tx: Transaction): Promise<void> {
  await tx.query(PLAN_ONCE);
}

/**
 * Waits for statements of one transaction that travel together: all are called before any is awaited. They are executed
 * in the order of their calls.
 * @throws what the first of them threw, once all have ended, so that none is left to run in somebody else's transaction
 */
export async function together<Results extends readonly unknown[]>(
  statements: Travelling<Results>,
): Promise<Results> {
  const ends = await Promise.allSettled(statements);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  return ends.map((end) => (end as PromiseFulfilledResult<unknown>).value) as unknown as Results;
}

function transactionOn(client: pg.PoolClient): Transaction & { commit(): Promise<void> } {
  let isOver = false;
  const within = querier(client);
  const commit = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    // Of a transaction in which a statement failed Postgres makes a rollback, and says so by this word alone.
    const { command } = await client.query("COMMIT");
    if (command !== "COMMIT") throw new Error("Postgres rolled the transaction back");
  };
  const transaction: Omit<Transaction, typeof inTransaction> & { commit(): Promise<void> } = {
    query: (statement, values) =>
      isOver ? Promise.reject(new Error("a statement after the commit")) : within.query(statement, values),
    commitWith: async (statements) => {
      const ended = together(statements);
      let hasFailed = false;
      for (const statement of statements) statement.catch(() => (hasFailed = true));
      // A statement that could not even be made shows by the next tick: the others must not be committed without it.
      const committed = new Promise<unknown>((resolve, reject) => {
        process.nextTick(() => {
          if (hasFailed) resolve(undefined);
          else commit().then(resolve, reject);
        });
      });
      await together([ended, committed]);
      return ended;
    },
    commit,
  };
  return transaction as Transaction & { commit(): Promise<void> };
}

function querier(client: pg.Pool | pg.PoolClient): Database {
  return {
    async query<Row>(
      statement: Statement | string,
      values: readonly unknown[] = [],
    ): Promise<readonly Row[]> {
      const { timeoutMs, ...config } = typeof statement === "string" ? { text: statement } : statement;
      const patience = timeoutMs === undefined ? {} : { query_timeout: timeoutMs };
      const result = await client.query({ ...config, ...patience, values: [...values] });
      return result.rows as Row[];
    },
  };
}
