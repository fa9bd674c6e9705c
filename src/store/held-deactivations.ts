/** Deactivations and deletions that the guard holds, as people look at them and decide about them. */
import { recordAudit } from "./audit.ts";
import type { ConnectionKey } from "./cycles.ts";
import type { Database, DatabasePool, Transaction } from "./database.ts";
import type { HeldDeactivation, HeldState } from "./deactivation-guards.ts";

export interface HeldUser extends HeldDeactivation {
  readonly userName: string;
  readonly displayName: string | null;
  readonly heldAt: Date;
  readonly attempts: number;
  readonly lastAttemptAt: Date;
  readonly decidedAt: Date | null;
  readonly decidedBy: string | null;
  readonly reason: string | null;
}

const LIST = `
  SELECT h.tenant_id AS "tenantId", h.user_id AS "userId", h.connection_id AS "connectionId", h.cycle_id AS "cycleId",
         h.kind, h.state, h.repeated_in AS "repeatedIn", h.held_at AS "heldAt", h.attempts,
         h.last_attempt_at AS "lastAttemptAt", h.decided_at AS "decidedAt", h.decided_by AS "decidedBy", h.reason,
         u.resource ->> 'userName' AS "userName", u.resource ->> 'displayName' AS "displayName"
    FROM held_deactivations h
    JOIN users u ON u.tenant_id = h.tenant_id AND u.id = h.user_id
   WHERE h.tenant_id = $1 AND h.connection_id = $2 AND h.state = $3 AND h.user_id > $4
   ORDER BY h.user_id
   LIMIT $5`;

const FIRST = "00000000-0000-0000-0000-000000000000";

/** Those of a connection in one state, in the order of the users' ids. */
export async function listHeld(
  db: Database,
  { tenantId, connectionId }: ConnectionKey,
  {
    state,
    after = FIRST,
    limit,
  }: { readonly state: HeldState; readonly after?: string; readonly limit: number },
): Promise<readonly HeldUser[]> {
  return db.query<HeldUser>(LIST, [tenantId, connectionId, state, after, limit]);
}

/** One user's, where something of it is held. */
export async function findHeld(
  db: Database,
  { tenantId, userId }: { readonly tenantId: string; readonly userId: string },
): Promise<
  (Pick<HeldDeactivation, "kind" | "state" | "connectionId"> & { readonly heldAt: Date }) | undefined
> {
  const rows = await db.query<Pick<HeldDeactivation, "kind" | "state" | "connectionId"> & { heldAt: Date }>(
    `SELECT kind, state, connection_id AS "connectionId", held_at AS "heldAt"
       FROM held_deactivations
      WHERE tenant_id = $1 AND user_id = $2`,
    [tenantId, userId],
  );
  return rows[0];
}

export interface HeldCount extends ConnectionKey {
  readonly tenantSlug: string;
  readonly waiting: number;
  readonly released: number;
  readonly rejected: number;
  readonly waitingSince: Date | null;
}

/** Of every connection that has some; of one tenant, or of all. */
export async function countHeld(db: Database, tenantId?: string): Promise<readonly HeldCount[]> {
  return db.query<HeldCount>(
    `SELECT h.tenant_id AS "tenantId", h.connection_id AS "connectionId", t.slug AS "tenantSlug",
            count(*) FILTER (WHERE h.state = 'waiting')::int AS waiting,
            count(*) FILTER (WHERE h.state = 'released')::int AS released,
            count(*) FILTER (WHERE h.state = 'rejected')::int AS rejected,
            min(h.held_at) FILTER (WHERE h.state = 'waiting') AS "waitingSince"
       FROM held_deactivations h
       JOIN tenants t ON t.id = h.tenant_id
      WHERE $1::uuid IS NULL OR h.tenant_id = $1
      GROUP BY h.tenant_id, h.connection_id, t.slug`,
    [tenantId ?? null],
  );
}

/** In one transaction; more are decided about in several. */
const DECIDED_MAX = 5_000;

export interface HeldDecision extends ConnectionKey {
  readonly decision: "release" | "reject";
  /** Whom it is about; all who wait, where it is absent. */
  readonly userIds?: readonly string[];
  readonly actor: string;
  readonly reason: string;
}

// Locked in the order in which a batch locks them.
const DECIDE = `
  WITH decided AS (
         SELECT tenant_id, user_id
           FROM held_deactivations
          WHERE tenant_id = $1 AND connection_id = $2 AND state = 'waiting'
            AND ($3::uuid[] IS NULL OR user_id = ANY($3))
          ORDER BY user_id
          LIMIT ${DECIDED_MAX}
            FOR UPDATE
       )
  UPDATE held_deactivations h
     SET state = $4, decided_at = now(), decided_by = $5, reason = $6, repeated_in = NULL
    FROM decided
   WHERE h.tenant_id = decided.tenant_id AND h.user_id = decided.user_id
  RETURNING h.tenant_id AS "tenantId", h.user_id AS "userId", h.connection_id AS "connectionId",
            h.cycle_id AS "cycleId", h.kind, h.state, h.repeated_in AS "repeatedIn"`;

const COUNT_DECIDED = `
  UPDATE guard_cycles g
     SET released = g.released + n.released, rejected = g.rejected + n.rejected
    FROM json_to_recordset($2::json) AS n ("cycleId" uuid, released bigint, rejected bigint)
   WHERE g.tenant_id = $1 AND g.cycle_id = n."cycleId"`;

// What is released is applied like any accepted write: kept here until it has ended, whatever becomes of the queue.
const ACCEPT = `
  INSERT INTO accepted_writes (tenant_id, write_id, resource_type, resource_id, command)
  SELECT $1::uuid, a."writeId", 'User', a."resourceId", a.command
    FROM json_to_recordset($2::json) AS a ("writeId" uuid, "resourceId" uuid, command json)`;

/** The part of a write's command that it is kept by; the rest is the queue's own. */
export interface ReleasedCommand {
  readonly writeId: string;
  readonly resourceId: string;
}

/**
 * Releases or rejects what waits, at most DECIDED_MAX at a time. What is released is applied by a worker, once this is
 * committed; what is rejected never is.
 * @param commandOf - makes the write that applies a released one
 * @returns whom it was about
 */
export async function decideHeld(
  tx: Transaction,
  { tenantId, connectionId, decision, userIds, actor, reason }: HeldDecision,
  commandOf: (held: HeldDeactivation) => ReleasedCommand,
): Promise<readonly HeldDeactivation[]> {
  const isRelease = decision === "release";
  const decided = await tx.query<HeldDeactivation>(DECIDE, [
    tenantId,
    connectionId,
    userIds ?? null,
    isRelease ? "released" : "rejected",
    actor,
    reason,
  ]);
  if (decided.length === 0) return [];
  const byCycle = new Map<string, number>();
  for (const { cycleId } of decided) byCycle.set(cycleId, (byCycle.get(cycleId) ?? 0) + 1);
  const counts = [...byCycle].sort().map(([cycleId, count]) => ({
    cycleId,
    released: isRelease ? count : 0,
    rejected: isRelease ? 0 : count,
  }));
  await tx.query(COUNT_DECIDED, [tenantId, JSON.stringify(counts)]);
  if (isRelease) {
    const commands = decided.map(commandOf).map((command) => ({
      writeId: command.writeId,
      resourceId: command.resourceId,
      command,
    }));
    await tx.query(ACCEPT, [tenantId, JSON.stringify(commands)]);
  }
  return decided;
}

/** Decides about all that wait, or about those named, however many they are. @returns how many they were */
export async function decideAllHeld(
  db: DatabasePool,
  decision: HeldDecision,
  commandOf: (held: HeldDeactivation) => ReleasedCommand,
): Promise<number> {
  const { tenantId, actor, reason } = decision;
  const isRelease = decision.decision === "release";
  for (let count = 0; ;) {
    const decided = await db.transaction(async (tx) => {
      const users = await decideHeld(tx, decision, commandOf);
      const subject = `${users.length} held: ${reason}`;
      const action = isRelease ? "guard.released" : "guard.rejected";
      if (users.length > 0) await recordAudit(tx, [{ tenantId, actor, action, subject }]);
      return users.length;
    });
    count += decided;
    if (decided < DECIDED_MAX) return count;
  }
}

// The users first, as a batch locks them.
const FORGET_REJECTED = `
  WITH old AS MATERIALIZED (
         SELECT u.tenant_id, u.id
           FROM held_deactivations h
           JOIN users u ON u.tenant_id = h.tenant_id AND u.id = h.user_id
          WHERE h.state = 'rejected'
            AND greatest(h.decided_at, h.last_attempt_at) < now() - make_interval(days => $1)
          ORDER BY u.tenant_id, u.id
          LIMIT ${DECIDED_MAX}
            FOR NO KEY UPDATE OF u
       ), gone AS (
         DELETE FROM held_deactivations h
          USING old
          WHERE h.tenant_id = old.tenant_id AND h.user_id = old.id AND h.state = 'rejected'
         RETURNING h.tenant_id, h.user_id
       )
  UPDATE users u SET is_held = false FROM gone WHERE u.tenant_id = gone.tenant_id AND u.id = gone.user_id`;

// What a rejection is remembered for; after that the same deactivation is a new one, counted like any other.
export const REJECTED_DAYS_KEPT = 30;

/** Forgets rejections that nobody asked against for long. */
export async function forgetOldRejections(tx: Transaction): Promise<void> {
  await tx.query(FORGET_REJECTED, [REJECTED_DAYS_KEPT]);
}
