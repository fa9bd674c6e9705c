/**
 * The deactivation guard as the worker's transaction keeps it: the limit of a connection, what was counted in a cycle,
 * and the users whose deactivation or deletion is held (docs/decisions/0029).
 */
import type { ConnectionKey } from "./cycles.ts";
import { type Database, together, type Transaction } from "./database.ts";
import type { ResourceKey } from "./directory-writes.ts";

export const GUARD_ANSWERS = ["retry", "accept"] as const;
/** retry: 503, and nothing is applied. accept: as though it were applied. */
export type GuardAnswer = (typeof GUARD_ANSWERS)[number];

/** At least one of the limits is set; where both are, the smaller counts. */
export interface GuardSettings {
  readonly usersMax: number | null;
  /** Of the tenant's active users before the cycle's first deactivation. */
  readonly percentMax: number | null;
  readonly answer: GuardAnswer;
}

const LIMITS = {
  users: { pattern: /^\d+$/, max: 1_000_000_000 },
  percent: { pattern: /^\d+(\.\d+)?$/, max: 100 },
} as const;

/** A limit as a person writes it. @returns null where there is none, undefined where it is no such number */
export function readLimit(kind: keyof typeof LIMITS, text: string): number | null | undefined {
  if (text === "") return null;
  const { pattern, max } = LIMITS[kind];
  return pattern.test(text) && Number(text) <= max ? Number(text) : undefined;
}

export interface Guard extends ConnectionKey, GuardSettings {}

export const GUARD_COLUMNS = `
         g.tenant_id AS "tenantId", g.connection_id AS "connectionId", g.users_max AS "usersMax",
         g.percent_max AS "percentMax", g.answer`;

/** How many users may be deactivated and deleted in a cycle. */
export function usersLimit({ usersMax, percentMax }: GuardSettings, activeUsers: number): number {
  const ofPercent = percentMax === null ? Infinity : Math.floor((activeUsers * percentMax) / 100);
  return Math.min(usersMax ?? Infinity, ofPercent);
}

/** In words, such as `at most 100 users or 10 % in a cycle; beyond that 503`. */
export function describeGuard({ usersMax, percentMax, answer }: GuardSettings): string {
  const limits = [
    ...(usersMax === null ? [] : [`${usersMax} ${usersMax === 1 ? "user" : "users"}`]),
    ...(percentMax === null ? [] : [`${percentMax} %`]),
  ];
  const beyond = answer === "retry" ? "answered 503" : "answered as applied, and held";
  return `at most ${limits.join(" or ")} in a cycle; beyond that ${beyond}`;
}

export type HeldKind = "deactivate" | "delete";
export type HeldState = "waiting" | "released" | "rejected";

export interface HeldDeactivation extends ConnectionKey {
  readonly userId: string;
  readonly cycleId: string;
  readonly kind: HeldKind;
  readonly state: HeldState;
  readonly repeatedIn: string | null;
}

export interface CycleCount extends ConnectionKey {
  readonly cycleId: string;
  readonly activeUsers: number;
  readonly counted: number;
  readonly held: number;
  readonly isLifted: boolean;
}

// One that counted nothing yet begins with the users who are active now.
const READ_COUNTS = `
  SELECT c.tenant_id AS "tenantId", c.cycle_id AS "cycleId", c.connection_id AS "connectionId",
         coalesce(g.active_users, d.users_active, 0)::float8 AS "activeUsers",
         coalesce(g.counted, 0)::float8 AS counted, coalesce(g.held, 0)::float8 AS held,
         g.lifted_at IS NOT NULL AS "isLifted"
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS c (tenant_id, cycle_id, connection_id)
    LEFT JOIN guard_cycles g ON g.tenant_id = c.tenant_id AND g.cycle_id = c.cycle_id
    LEFT JOIN directory_totals d ON d.tenant_id = c.tenant_id`;

// Whoever decides about them waits until the batch has ended, and then decides about what is there.
const LOCK_HELD = `
  SELECT h.tenant_id AS "tenantId", h.user_id AS "userId", h.connection_id AS "connectionId", h.cycle_id AS "cycleId",
         h.kind, h.state, h.repeated_in AS "repeatedIn"
    FROM held_deactivations h
    JOIN unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, user_id)
      ON h.tenant_id = wanted.tenant_id AND h.user_id = wanted.user_id
   ORDER BY h.tenant_id, h.user_id
     FOR UPDATE OF h`;

/**
 * @param cycles - of connections whose guard the transaction has locked
 * @param users - locked as well, and marked as held
 */
export async function readGuardState(
  tx: Transaction,
  cycles: readonly (ConnectionKey & { readonly cycleId: string })[],
  users: readonly ResourceKey[],
): Promise<readonly [readonly CycleCount[], readonly HeldDeactivation[]]> {
  return together([
    cycles.length === 0
      ? Promise.resolve([])
      : tx.query<CycleCount>({ name: "read-guard-counts", text: READ_COUNTS }, [
          cycles.map(({ tenantId }) => tenantId),
          cycles.map(({ cycleId }) => cycleId),
          cycles.map(({ connectionId }) => connectionId),
        ]),
    users.length === 0
      ? Promise.resolve([])
      : tx.query<HeldDeactivation>({ name: "lock-held-deactivations", text: LOCK_HELD }, [
          users.map(({ tenantId }) => tenantId),
          users.map(({ id }) => id),
        ]),
  ]);
}

export interface CycleCountChange extends ConnectionKey {
  readonly cycleId: string;
  readonly activeUsers: number;
  readonly counted: number;
  readonly held: number;
  readonly superseded: number;
  readonly usersLimit: number | null;
}

const ADD_COUNTS = `
  INSERT INTO guard_cycles AS g (tenant_id, cycle_id, connection_id, active_users, counted, held, superseded, users_limit)
  SELECT n."tenantId", n."cycleId", n."connectionId", n."activeUsers", n.counted, n.held, n.superseded, n."usersLimit"
    FROM json_to_recordset($1::json)
      AS n ("tenantId" uuid, "cycleId" uuid, "connectionId" uuid, "activeUsers" bigint, counted bigint, held bigint,
            superseded bigint, "usersLimit" bigint)
   ORDER BY n."tenantId", n."cycleId"
      ON CONFLICT (tenant_id, cycle_id) DO UPDATE
     SET counted = g.counted + excluded.counted, held = g.held + excluded.held,
         superseded = g.superseded + excluded.superseded, users_limit = coalesce(g.users_limit, excluded.users_limit)`;

/** Adds to what the cycles counted. */
export async function addGuardCounts(tx: Transaction, changes: readonly CycleCountChange[]): Promise<void> {
  if (changes.length === 0) return;
  await tx.query({ name: "add-guard-counts", text: ADD_COUNTS }, [JSON.stringify(changes)]);
}

export interface HeldAttempt extends HeldDeactivation {
  /** The last write that wanted it. */
  readonly writeId: string;
  /** Writes of the batch that wanted it. */
  readonly attempts: number;
}

// One that a decision is waited for anew forgets the last one.
const HOLD = `
  INSERT INTO held_deactivations AS h (tenant_id, user_id, connection_id, cycle_id, kind, state, attempts, write_id)
  SELECT n."tenantId", n."userId", n."connectionId", n."cycleId", n.kind, n.state, n.attempts, n."writeId"
    FROM json_to_recordset($1::json)
      AS n ("tenantId" uuid, "userId" uuid, "connectionId" uuid, "cycleId" uuid, kind text, state text,
            attempts integer, "writeId" uuid, "repeatedIn" uuid)
   ORDER BY n."tenantId", n."userId"
      ON CONFLICT (tenant_id, user_id) DO UPDATE
     SET connection_id = excluded.connection_id, cycle_id = excluded.cycle_id, kind = excluded.kind,
         write_id = excluded.write_id, attempts = h.attempts + excluded.attempts, last_attempt_at = now(),
         state = excluded.state,
         held_at = CASE WHEN h.state = excluded.state THEN h.held_at ELSE now() END,
         decided_at = CASE WHEN h.state = excluded.state THEN h.decided_at END,
         decided_by = CASE WHEN h.state = excluded.state THEN h.decided_by END,
         reason = CASE WHEN h.state = excluded.state THEN h.reason END`;

const NOTE_REPEATED = `
  UPDATE held_deactivations h
     SET repeated_in = n."repeatedIn"
    FROM json_to_recordset($1::json) AS n ("tenantId" uuid, "userId" uuid, "repeatedIn" uuid)
   WHERE h.tenant_id = n."tenantId" AND h.user_id = n."userId" AND h.repeated_in IS DISTINCT FROM n."repeatedIn"`;

const MARK = `
  UPDATE users u SET is_held = $3
    FROM unnest($1::uuid[], $2::uuid[]) AS marked (tenant_id, id)
   WHERE u.tenant_id = marked.tenant_id AND u.id = marked.id`;

const FORGET = `
  DELETE FROM held_deactivations h
   USING unnest($1::uuid[], $2::uuid[]) AS gone (tenant_id, user_id)
   WHERE h.tenant_id = gone.tenant_id AND h.user_id = gone.user_id`;

/** Holds users' deactivations and deletions; the users are there, and locked. */
export async function holdDeactivations(tx: Transaction, held: readonly HeldAttempt[]): Promise<void> {
  if (held.length === 0) return;
  const records = JSON.stringify(held);
  await together([
    tx.query({ name: "hold-deactivations", text: HOLD }, [records]),
    tx.query({ name: "note-repeated-deactivations", text: NOTE_REPEATED }, [records]),
    tx.query({ name: "mark-held-users", text: MARK }, markValues(held, true)),
  ]);
}

/** They were applied, or are wanted no more. */
export async function forgetHeld(
  tx: Transaction,
  users: readonly Pick<HeldDeactivation, "tenantId" | "userId">[],
): Promise<void> {
  if (users.length === 0) return;
  await together([
    tx.query({ name: "forget-held", text: FORGET }, keyArrays(users)),
    tx.query({ name: "mark-held-users", text: MARK }, markValues(users, false)),
  ]);
}

function keyArrays(users: readonly Pick<HeldDeactivation, "tenantId" | "userId">[]): unknown[] {
  return [users.map(({ tenantId }) => tenantId), users.map(({ userId }) => userId)];
}

function markValues(
  users: readonly Pick<HeldDeactivation, "tenantId" | "userId">[],
  isHeld: boolean,
): unknown[] {
  return [...keyArrays(users), isHeld];
}

export async function findGuard(
  db: Database,
  { tenantId, connectionId }: ConnectionKey,
): Promise<Guard | undefined> {
  const rows = await db.query<Guard>(
    `SELECT ${GUARD_COLUMNS} FROM deactivation_guards g WHERE g.tenant_id = $1 AND g.connection_id = $2`,
    [tenantId, connectionId],
  );
  return rows[0];
}

/** Turns the guard on or changes it; in force for every write that is applied after the commit. */
export async function setGuard(
  tx: Transaction,
  { tenantId, connectionId }: ConnectionKey,
  settings: GuardSettings,
): Promise<void> {
  await tx.query(
    `INSERT INTO deactivation_guards (tenant_id, connection_id, users_max, percent_max, answer)
     VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, connection_id) DO UPDATE
        SET users_max = excluded.users_max, percent_max = excluded.percent_max, answer = excluded.answer`,
    [tenantId, connectionId, settings.usersMax, settings.percentMax, settings.answer],
  );
}

/** @returns false when it was off; what is held stays held until somebody decides */
export async function removeGuard(
  tx: Transaction,
  { tenantId, connectionId }: ConnectionKey,
): Promise<boolean> {
  const rows = await tx.query(
    "DELETE FROM deactivation_guards WHERE tenant_id = $1 AND connection_id = $2 RETURNING connection_id",
    [tenantId, connectionId],
  );
  return rows.length > 0;
}
