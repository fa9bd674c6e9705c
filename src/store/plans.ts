/**
 * Plans of a batch's statements: made once a connection, and made anew now and then.
 *
 * A statement over arrays is planned anew each time while Postgres hopes that the arrays tell it something: of a write
 * that comes alone, a third of what it costs Postgres. So a batch asks for plans that are kept (docs/decisions/0038).
 *
 * A plan that is kept may have been made while the tables were empty, when one index looks as good as another: Postgres
 * 18 then reads an index past its leading columns ("skip scan"), the whole tenant's entries for each write. It
 * makes plans anew after an ANALYZE, which autovacuum begins a minute later, if it runs. We do not wait for it.
 */
import type { Statement } from "./database-types.ts";

// It looks each row up by an index, and never reads a table whole, so that it does for large tables as well.
export const PLAN_ONCE: Statement = {
  name: "plan-once",
  text: `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
                set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`,
};

export const FORGET_PLANS: Statement = { name: "forget-plans", text: "DISCARD PLANS" };

// Of a connection's batches: those after which its tables are some ten times what they were when plans were made last.
const FORGETTING_BATCHES: ReadonlySet<number> = new Set([4, 32, 256]);
// Planning all of a batch's statements takes a few milliseconds. Within ten seconds of load a table is a thousand rows.
const FORGET_EVERY_MS = 10_000;

/** When each connection's plans have grown old. */
export class PlanAges {
  readonly #ages = new WeakMap<object, { batches: number; plannedAt: number }>();
  readonly #now: () => number;

  constructor(now = Date.now) {
    this.#now = now;
  }

  /** To be asked at the beginning of each batch. @returns whether the connection's plans are to be made anew */
  haveGrownOld(connection: object): boolean {
    const now = this.#now();
    const age = this.#ages.get(connection) ?? { batches: 0, plannedAt: now };
    this.#ages.set(connection, age);
    age.batches += 1;
    if (!FORGETTING_BATCHES.has(age.batches) && now - age.plannedAt < FORGET_EVERY_MS) return false;
    age.plannedAt = now;
    return true;
  }
}
