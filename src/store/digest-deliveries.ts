/**
 * Digests of failed cycles on their way: one per cycle and channel, made with the cycle's end. Postgres holds which are
 * due; the queue only hands a due one to some worker.
 */
import type { ConnectionKey } from "./cycles.ts";
import type { Database, Transaction } from "./database.ts";
import type { DigestChannel } from "./digests.ts";

const INSERT = `
  INSERT INTO digest_deliveries (tenant_id, cycle_id, channel, connection_id, id)
  SELECT c.tenant_id, c.id, wanted.channel, c.connection_id, gen_random_uuid()
    FROM unnest($1::uuid[], $2::uuid[]) AS ended (tenant_id, id)
    JOIN cycles c ON c.tenant_id = ended.tenant_id AND c.id = ended.id
    JOIN failure_digests d ON d.tenant_id = c.tenant_id AND d.connection_id = c.connection_id
   CROSS JOIN LATERAL (
           VALUES ('webhook', d.url IS NOT NULL), ('email', cardinality(d.emails) > 0)
         ) AS wanted (channel, is_wanted)
   WHERE c.refused + c.faulted > 0 AND wanted.is_wanted
      ON CONFLICT (tenant_id, cycle_id, channel) DO NOTHING`;

/** Of the cycles that have just ended, those that failed somewhere and whose connection has somebody to tell. */
export async function insertDigests(
  tx: Transaction,
  cycles: readonly { readonly tenantId: string; readonly id: string }[],
): Promise<void> {
  if (cycles.length === 0) return;
  await tx.query(INSERT, [cycles.map(({ tenantId }) => tenantId), cycles.map(({ id }) => id)]);
}

export interface DigestKey {
  readonly tenantId: string;
  readonly cycleId: string;
  readonly channel: DigestChannel;
}

/** A digest that some worker is to send now. */
export interface DueDigest extends DigestKey {
  /** From 1. */
  readonly attempt: number;
}

const TAKE = `
  WITH due AS (
         SELECT tenant_id, cycle_id, channel
           FROM digest_deliveries
          WHERE state = 'pending' AND next_attempt_at <= now() AND (queued_until IS NULL OR queued_until <= now())
          ORDER BY next_attempt_at
          LIMIT $1
            FOR UPDATE SKIP LOCKED
       )
  UPDATE digest_deliveries d
     SET queued_until = now() + make_interval(secs => $2)
    FROM due
   WHERE d.tenant_id = due.tenant_id AND d.cycle_id = due.cycle_id AND d.channel = due.channel
  RETURNING d.tenant_id AS "tenantId", d.cycle_id AS "cycleId", d.channel, d.attempts + 1 AS attempt`;

/** Of all tenants. @param leaseSeconds - after which a job that did not begin is taken for lost */
export async function takeDueDigests(
  db: Database,
  { max, leaseSeconds }: { readonly max: number; readonly leaseSeconds: number },
): Promise<readonly DueDigest[]> {
  return db.query<DueDigest>({ name: "take-due-digests", text: TAKE }, [max, leaseSeconds]);
}

export interface ClaimedDigest extends ConnectionKey {
  readonly id: string;
}

/** Takes a digest in hand, once per attempt. @returns undefined when there is nothing to do */
export async function claimDigest(
  db: Database,
  { tenantId, cycleId, channel, attempt }: DueDigest,
  leaseSeconds: number,
): Promise<ClaimedDigest | undefined> {
  const rows = await db.query<ClaimedDigest>(
    `UPDATE digest_deliveries
        SET attempts = attempts + 1, queued_until = now() + make_interval(secs => $5)
      WHERE tenant_id = $1 AND cycle_id = $2 AND channel = $3 AND state = 'pending' AND attempts = $4 - 1
     RETURNING id, tenant_id AS "tenantId", connection_id AS "connectionId"`,
    [tenantId, cycleId, channel, attempt, leaseSeconds],
  );
  return rows[0];
}

export interface DigestResult {
  readonly state: "pending" | "delivered" | "failed";
  /** While it is pending. */
  readonly retryAfterSeconds: number | null;
  readonly error: string | null;
}

/** Says how an attempt went, unless another was begun since. */
export async function recordDigest(
  db: Database,
  { tenantId, cycleId, channel, attempt }: DueDigest,
  { state, retryAfterSeconds, error }: DigestResult,
): Promise<void> {
  await db.query(
    `UPDATE digest_deliveries
        SET state = $5, error = $6, queued_until = NULL,
            next_attempt_at = coalesce(now() + make_interval(secs => $7), next_attempt_at),
            ended_at = CASE WHEN $5 <> 'pending' THEN now() END
      WHERE tenant_id = $1 AND cycle_id = $2 AND channel = $3 AND state = 'pending' AND attempts = $4`,
    [tenantId, cycleId, channel, attempt, state, error, retryAfterSeconds],
  );
}

export interface LoggedDigest extends DigestKey {
  readonly state: DigestResult["state"];
  readonly attempts: number;
  readonly error: string | null;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
}

/** What came of a connection's digests, newest first. */
export async function listDigests(
  db: Database,
  { tenantId, connectionId }: ConnectionKey,
  limit: number,
): Promise<readonly LoggedDigest[]> {
  return db.query<LoggedDigest>(
    `SELECT tenant_id AS "tenantId", cycle_id AS "cycleId", channel, state, attempts, error,
            created_at AS "createdAt", ended_at AS "endedAt"
       FROM digest_deliveries
      WHERE tenant_id = $1 AND connection_id = $2
      ORDER BY created_at DESC, cycle_id, channel
      LIMIT $3`,
    [tenantId, connectionId, limit],
  );
}
