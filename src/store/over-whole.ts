/** Statements over everything that a tenant has, which take longer than a request waits. */
import type { Database, Transaction } from "./database.ts";

/** A statement over everything that a tenant has: a million people take a minute, and nobody's request need wait for it. */
const WHOLE_TIMEOUT_MS = 600_000;

/** Statements of the transaction that go over a whole directory, with the time they need. */
export async function overWhole<Result>(
  tx: Transaction,
  work: (patient: Database) => Promise<Result>,
): Promise<Result> {
  await tx.query(`SET LOCAL statement_timeout = ${WHOLE_TIMEOUT_MS}`);
  const result = await work({
    query: (statement, values) =>
      tx.query(
        { ...(typeof statement === "string" ? { text: statement } : statement), timeoutMs: WHOLE_TIMEOUT_MS },
        values,
      ),
  });
  await tx.query("SET LOCAL statement_timeout TO DEFAULT");
  return result;
}
