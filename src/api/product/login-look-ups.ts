/**
 * Look-ups of one moment share a statement. While Postgres works on some, those that arrive gather and travel
 * together: the busier it is, the more share one. Nothing is kept: every check is read after it was asked.
 */
import type { Database } from "../../store/database.ts";
import {
  type LoginFacts,
  type LoginField,
  type LoginQuestion,
  readLoginFacts,
} from "../../store/login-checks.ts";

interface Waiting extends LoginQuestion {
  readonly settle: (facts: LoginFacts | undefined) => void;
  readonly fail: (error: unknown) => void;
}

// One more than Postgres works on, so that it never waits for us.
const STATEMENTS_MAX = 2;
// Enough that a statement's own cost no longer counts, few enough that no check waits long for its neighbours.
const BATCH_MAX = 100;

/** @returns a function that looks up one person; undefined where the key opens nothing */
export function createLoginLookUps(
  db: Database,
): (field: LoginField, question: LoginQuestion) => Promise<LoginFacts | undefined> {
  const lines = {
    userName: createLine(db, "userName"),
    email: createLine(db, "email"),
    externalId: createLine(db, "externalId"),
  };
  return (field, question) => lines[field](question);
}

function createLine(
  db: Database,
  field: LoginField,
): (question: LoginQuestion) => Promise<LoginFacts | undefined> {
  let waiting: Waiting[] = [];
  let running = 0;
  let isScheduled = false;

  function schedule(): void {
    if (isScheduled || waiting.length === 0 || running >= STATEMENTS_MAX) return;
    isScheduled = true;
    // After the requests that arrived in this tick.
    setImmediate(() => {
      isScheduled = false;
      void run();
      schedule();
    });
  }

  async function run(): Promise<void> {
    const batch = waiting.slice(0, BATCH_MAX);
    waiting = waiting.slice(BATCH_MAX);
    running += 1;
    try {
      const facts = await readLoginFacts(db, field, batch);
      batch.forEach(({ settle }, index) => settle(facts[index]));
    } catch (error) {
      for (const { fail } of batch) fail(error);
    } finally {
      running -= 1;
      schedule();
    }
  }

  return (question) =>
    new Promise((settle, fail) => {
      waiting.push({ ...question, settle, fail });
      schedule();
    });
}
