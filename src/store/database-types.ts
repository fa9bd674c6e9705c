/** What callers see of Postgres. Reads take a `Database`; whatever changes something takes a `Transaction`. */
import type pg from "pg";

export interface Statement {
  /** Given a name, Postgres plans the statement once per connection. */
  readonly name?: string;
  readonly text: string;
  /** For a statement over a whole directory, which may take longer than a request waits. */
  readonly timeoutMs?: number;
  /** It looks a few rows up by an index, so that those of other requests may wait for it; it has a name. */
  readonly isLookUp?: boolean;
}

export interface Database {
  query<Row>(statement: Statement | string, values?: readonly unknown[]): Promise<readonly Row[]>;
}

export declare const inTransaction: unique symbol;
export interface Transaction extends Database {
  readonly [inTransaction]: true;
  /** From now on to its end, named statements look rows up by plans that are kept by the connection; see plans.ts. */
  planOnce(): Promise<void>;
  /**
   * Ends the transaction with these statements, the commit travelling with them: for those whose failure Postgres itself
   * sees, so that nobody need look at their answers first. All must have been called by now; none may follow.
   * @throws what the first of them threw; nothing is committed then
   */
  commitWith<Results extends readonly unknown[]>(statements: Travelling<Results>): Promise<Results>;
}

export type Travelling<Results extends readonly unknown[]> = {
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
