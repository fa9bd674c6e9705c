/** What a failure was, by Postgres's own code for it. Callers take these from database.ts. */
import pg from "pg";

const SQLSTATES = {
  uniqueViolation: "23505",
  foreignKeyViolation: "23503",
  checkViolation: "23514",
  lockNotAvailable: "55P03",
  divisionByZero: "22012",
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

/** True when others held what was waited for, longer than lock_timeout. */
export function isLockNotAvailable(error: unknown): boolean {
  return sqlState(error) === SQLSTATES.lockNotAvailable;
}

/** True when a division by zero failed, which a statement of ours makes on purpose where what it assumes does not hold. */
export function isDivisionByZero(error: unknown): boolean {
  return sqlState(error) === SQLSTATES.divisionByZero;
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
