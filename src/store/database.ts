/**
 * The way to Postgres: a pool, typed queries, transactions, and the SQLSTATEs we tell apart by name.
 * Reads take a `Database`; whatever changes something takes a `Transaction`, so a type says who may change what.
 */
import pg from "pg";
import { GatheringSocket } from "./gathering-socket.ts";

export interface Statement {
  /** Given a name, Postgres plans the statement once per connection. */
  readonly name?: string;
  readonly text: string;
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
  };
  const pool = new pg.Pool({
    ...settings,
    ...PIPELINED,
    max: options.poolMax,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  });
  pool.on("error", options.onConnectionError);
  // A connection may die between two statements of a transaction, when the pool does not listen: the next statement
  // says so, and unheard the event would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));

  async function transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const client = await pool.connect();
    // A client whose ROLLBACK failed is broken: handing it back would poison the next caller.
    let broken: Error | undefined;
    try {
      // Not waited for: the first statements of the work travel with it.
      const begun = client.query(BEGIN);
      const tx = transactionOn(client);
      const [, result] = await together([begun, work(tx)]);
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

  return {
    ...querier(pool),
    transaction,
    connect: async () => {
      const client = new pg.Client(settings);
      client.on("error", options.onConnectionError);
      await client.connect();
      return client;
    },
    close: () => pool.end(),
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  };
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
      const config = typeof statement === "string" ? { text: statement } : statement;
      const result = await client.query({ ...config, values: [...values] });
      return result.rows as Row[];
    },
  };
}

const SQLSTATES = {
  uniqueViolation: "23505",
  foreignKeyViolation: "23503",
  checkViolation: "23514",
} as const;

/** True when the statement failed because the row's key is taken. */
export function isUniqueViolation(error: unknown): boolean {
  return sqlState(error) === SQLSTATES.uniqueViolation;
}

/** True when the row refers to one that is gone. */
export function isForeignKeyViolation(error: unknown): boolean {
  return sqlState(error) === SQLSTATES.foreignKeyViolation;
}

/** True when a row does not meet a check, or stands in the way of a partition. */
export function isCheckViolation(error: unknown): boolean {
  return sqlState(error) === SQLSTATES.checkViolation;
}

// Classes of PostgreSQL appendix A that a later attempt may well survive: connection, rollback, resources,
// operator intervention, system. 57014 is our own statement timeout, 25P03 that of a transaction left idle.
const TRANSIENT_CLASSES = new Set(["08", "40", "53", "55", "57", "58"]);
const IDLE_IN_TRANSACTION = "25P03";

/**
 * Why a later attempt may succeed, as a label for metrics.
 * @returns undefined when trying again would give the same error
 */
export function transientReason(error: unknown): string | undefined {
  const state = sqlState(error);
  if (state === IDLE_IN_TRANSACTION) return "connection";
  if (state !== undefined) return TRANSIENT_CLASSES.has(state.slice(0, 2)) ? state.slice(0, 2) : undefined;
  if (!(error instanceof Error)) return undefined;
  // pg reports a lost or refused connection by a plain Error or a system error, never by a SQLSTATE.
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (/^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST|ENOENT)/.test(code)) return "connection";
  if (
    /connection|timeout exceeded when trying to connect|query read timeout|not queryable/i.test(error.message)
  )
    return "connection";
  return undefined;
}

function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}
