/**
 * Look-ups of different requests that are called in one turn of the event loop travel together: one packet to Postgres and
 * one back, instead of one each, and Postgres wakes once (docs/decisions/0063). Only what looks a few rows up by an index
 * may, since each waits for those before it.
 */
import type pg from "pg";
import type { Statement } from "./database-types.ts";
import { Journeys } from "./journey.ts";
import { transientReason } from "./sql-states.ts";

interface LookUp {
  readonly statement: Statement;
  readonly values: readonly unknown[];
  readonly resolve: (rows: readonly unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

// As many as Postgres answers within about a millisecond; what is above goes by another connection, beside them.
const TOGETHER_MAX = 8;

export class LookUps {
  readonly #pool: pg.Pool;
  #called: LookUp[] = [];

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  query(statement: Statement, values: readonly unknown[]): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => {
      this.#called.push({ statement, values, resolve, reject });
      // The requests that one read of the sockets brings come before it.
      if (this.#called.length === 1) setImmediate(() => this.#depart());
    });
  }

  #depart(): void {
    const called = this.#called;
    this.#called = [];
    for (let start = 0; start < called.length; start += TOGETHER_MAX) {
      void this.#ask(called.slice(start, start + TOGETHER_MAX));
    }
  }

  async #ask(lookUps: readonly LookUp[]): Promise<void> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      for (const { reject } of lookUps) reject(error);
      return;
    }
    const journeys = new Journeys(client);
    const asked = lookUps.map(({ statement, values }) => journeys.query(statement, values));
    journeys.depart();
    const answers = await Promise.allSettled(asked);
    const failed = answers.find((answer) => answer.status === "rejected");
    // As the pool does it with statements of its own.
    client.release(failed !== undefined);
    answers.forEach((answer, index) => {
      const lookUp = lookUps[index];
      if (answer.status === "fulfilled") lookUp?.resolve(answer.value.rows);
      // It may have failed of another one's fault. Where the connection was lost or silent, no time is left to ask again.
      else if (lookUp && lookUps.length > 1 && transientReason(answer.reason) === undefined)
        void this.#ask([lookUp]);
      else lookUp?.reject(answer.reason);
    });
  }
}
