/** A transaction: begun, worked in by statements that travel together, and committed, or rolled back. */
import type pg from "pg";
import type { Database, inTransaction, Statement, Transaction, Travelling } from "./database-types.ts";
import { Journeys } from "./journey.ts";
import { FORGET_PLANS, PLAN_ONCE, PlanAges } from "./plans.ts";
import { transientReason } from "./sql-states.ts";

const BEGIN = { name: "begin", text: "BEGIN" };
const COMMIT = { name: "commit", text: "COMMIT" };

const planAges = new PlanAges();

/** Tells a connection whom what follows concerns; undefined where it knows. */
export type Enter = (client: pg.PoolClient) => Promise<unknown> | undefined;

/** @throws what the work threw, or what became of the connection; nothing is committed then */
export async function transact<Result>(
  pool: pg.Pool,
  enter: Enter,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  const journeys = new Journeys(client);
  // A client whose ROLLBACK failed is broken: handing it back would poison the next caller.
  let broken: Error | undefined;
  try {
    // Neither is waited for: the first statements of the work travel with them.
    const entered = enter(client);
    const begun = journeys.query(BEGIN);
    const tx = transactionOn(client, journeys);
    const [, , result] = await together([entered ?? NOTHING, begun, work(tx)]);
    await tx.commit();
    return result;
  } catch (error) {
    journeys.depart();
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

/** In the place of what need not be waited for. */
export const NOTHING = Promise.resolve();

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

function transactionOn(client: pg.PoolClient, journeys: Journeys): Transaction & { commit(): Promise<void> } {
  let isOver = false;
  const within = travelling(querier(client), journeys);
  const commit = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    // Of a transaction in which a statement failed Postgres makes a rollback, and says so by this word alone.
    const { command } = await journeys.query(COMMIT);
    if (command !== "COMMIT") throw new Error("Postgres rolled the transaction back");
  };
  const transaction: Omit<Transaction, typeof inTransaction> & { commit(): Promise<void> } = {
    query: (statement, values) =>
      isOver ? Promise.reject(new Error("a statement after the commit")) : within.query(statement, values),
    planOnce: async () => {
      const forgotten = planAges.haveGrownOld(client) ? within.query(FORGET_PLANS) : NOTHING;
      await together([forgotten, within.query(PLAN_ONCE)]);
    },
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

/**
 * Statements travel together, but for one that has a patience of its own, or no values: a text without them may be of several
 * commands. Such a one goes by itself, behind those that were called before.
 */
function travelling(alone: Database, journeys: Journeys): Database {
  return {
    async query<Row>(
      statement: Statement | string,
      values: readonly unknown[] = [],
    ): Promise<readonly Row[]> {
      const asked = asStatement(statement);
      const isOneCommand = asked.name !== undefined || values.length > 0;
      if (isOneCommand && asked.timeoutMs === undefined) {
        return (await journeys.query(asked, values)).rows as readonly Row[];
      }
      journeys.depart();
      return alone.query<Row>(statement, values);
    },
  };
}

/** Statements that go by themselves. */
export function querier(client: pg.Pool | pg.PoolClient): Database {
  return {
    async query<Row>(
      statement: Statement | string,
      values: readonly unknown[] = [],
    ): Promise<readonly Row[]> {
      const { name, text, timeoutMs } = asStatement(statement);
      const result = await client.query({
        text,
        values: [...values],
        ...(name !== undefined && { name }),
        ...(timeoutMs !== undefined && { query_timeout: timeoutMs }),
      });
      return result.rows as Row[];
    },
  };
}

function asStatement(statement: Statement | string): Statement {
  return typeof statement === "string" ? { text: statement } : statement;
}
