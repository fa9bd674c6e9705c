/** How long a cycle's writes took, and when they ended: measured by the workers, added up here. */
import { type Buckets, quantile } from "../platform/sketch.ts";
import type { Database } from "./database.ts";

export interface CycleKey {
  readonly tenantId: string;
  readonly cycleId: string;
}

/** How many writes ended in five seconds. */
export interface CycleSpan {
  readonly startsAt: Date;
  readonly applied: number;
  readonly unchanged: number;
  readonly refused: number;
  readonly faulted: number;
}

/** What one worker measured since it last said so. */
export interface NewTimings extends CycleKey {
  readonly waits: Buckets;
  readonly commits: Buckets;
  readonly waitMaxMs: number;
  readonly commitMaxMs: number;
  readonly slowestMs: number;
  readonly slowestWrite: string | null;
  readonly slowestCorrelationId: string | null;
  readonly spans: readonly CycleSpan[];
}

export const SPAN_MS = 5_000;

// One statement for both tables. Where the cycle is gone there is nothing to add to.
const ADD = `
  WITH n AS (
    SELECT n."tenantId", n."cycleId", n.waits, n.commits, n."waitMaxMs", n."commitMaxMs", n."slowestMs",
           n."slowestWrite", n."slowestCorrelationId", n.spans
      FROM json_to_recordset($1::json)
        AS n ("tenantId" uuid, "cycleId" uuid, waits jsonb, commits jsonb, "waitMaxMs" double precision,
              "commitMaxMs" double precision, "slowestMs" double precision, "slowestWrite" uuid,
              "slowestCorrelationId" text, spans json)
      JOIN cycles c ON c.tenant_id = n."tenantId" AND c.id = n."cycleId"
  ), spans AS (
    INSERT INTO cycle_spans AS s (tenant_id, cycle_id, starts_at, applied, unchanged, refused, faulted)
    SELECT n."tenantId", n."cycleId", r."startsAt", r.applied, r.unchanged, r.refused, r.faulted
      FROM n, json_to_recordset(n.spans)
        AS r ("startsAt" timestamptz, applied bigint, unchanged bigint, refused bigint, faulted bigint)
     ORDER BY n."cycleId", r."startsAt"
        ON CONFLICT (tenant_id, cycle_id, starts_at) DO UPDATE
       SET applied = s.applied + excluded.applied, unchanged = s.unchanged + excluded.unchanged,
           refused = s.refused + excluded.refused, faulted = s.faulted + excluded.faulted
  )
  INSERT INTO cycle_timings AS t (tenant_id, cycle_id, waits, commits, wait_max_ms, commit_max_ms, slowest_ms,
                                  slowest_write, slowest_correlation_id)
  SELECT "tenantId", "cycleId", waits, commits, "waitMaxMs", "commitMaxMs", "slowestMs", "slowestWrite",
         "slowestCorrelationId"
    FROM n
   ORDER BY "cycleId"
      ON CONFLICT (tenant_id, cycle_id) DO UPDATE
     SET waits = sum_counts(t.waits, excluded.waits), commits = sum_counts(t.commits, excluded.commits),
         wait_max_ms = greatest(t.wait_max_ms, excluded.wait_max_ms),
         commit_max_ms = greatest(t.commit_max_ms, excluded.commit_max_ms),
         slowest_write = CASE WHEN excluded.slowest_ms > t.slowest_ms
                              THEN excluded.slowest_write ELSE t.slowest_write END,
         slowest_correlation_id = CASE WHEN excluded.slowest_ms > t.slowest_ms
                              THEN excluded.slowest_correlation_id ELSE t.slowest_correlation_id END,
         slowest_ms = greatest(t.slowest_ms, excluded.slowest_ms)`;

export async function addCycleTimings(db: Database, timings: readonly NewTimings[]): Promise<void> {
  if (timings.length === 0) return;
  await db.query({ name: "add-cycle-timings", text: ADD }, [JSON.stringify(timings)]);
}

/** Milliseconds; of the percentiles at most five per cent off. */
export interface Durations {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

export interface SlowestWrite {
  readonly writeId: string;
  readonly correlationId: string;
  readonly ms: number;
  /** What it wrote; null where the ledger does not hold it any more. */
  readonly resourceType: "User" | "Group" | null;
  readonly resourceId: string | null;
}

export interface CycleTimings {
  /** Undefined where no write was measured. */
  readonly waits: Durations | undefined;
  readonly commits: Durations | undefined;
  readonly slowest: SlowestWrite | undefined;
}

interface TimingsRow {
  readonly waits: Buckets;
  readonly commits: Buckets;
  readonly waitMaxMs: number;
  readonly commitMaxMs: number;
  readonly ms: number;
  readonly writeId: string | null;
  readonly correlationId: string | null;
  readonly resourceType: "User" | "Group" | null;
  readonly resourceId: string | null;
}

const READ = `
  SELECT t.waits, t.commits, t.wait_max_ms AS "waitMaxMs", t.commit_max_ms AS "commitMaxMs", t.slowest_ms AS ms,
         t.slowest_write AS "writeId", t.slowest_correlation_id AS "correlationId",
         w.resource_type AS "resourceType", w.resource_id AS "resourceId"
    FROM cycle_timings t
    LEFT JOIN writes w ON w.tenant_id = t.tenant_id AND w.write_id = t.slowest_write
   WHERE t.tenant_id = $1 AND t.cycle_id = $2`;

export async function readCycleTimings(db: Database, { tenantId, cycleId }: CycleKey): Promise<CycleTimings> {
  const [row] = await db.query<TimingsRow>(READ, [tenantId, cycleId]);
  if (!row) return { waits: undefined, commits: undefined, slowest: undefined };
  const { writeId, correlationId, ms, resourceType, resourceId } = row;
  return {
    waits: durationsOf(row.waits, row.waitMaxMs),
    commits: durationsOf(row.commits, row.commitMaxMs),
    slowest:
      writeId === null || correlationId === null
        ? undefined
        : { writeId, correlationId, ms, resourceType, resourceId },
  };
}

function durationsOf(buckets: Buckets, max: number): Durations | undefined {
  const [p50, p95] = [quantile(buckets, 0.5), quantile(buckets, 0.95)];
  if (p50 === undefined || p95 === undefined) return undefined;
  // The middle of the last bucket may lie beyond what was really the longest.
  return { p50: Math.min(p50, max), p95: Math.min(p95, max), max };
}

const SPANS = `
  SELECT starts_at AS "startsAt", applied::float8 AS applied, unchanged::float8 AS unchanged,
         refused::float8 AS refused, faulted::float8 AS faulted
    FROM cycle_spans
   WHERE tenant_id = $1 AND cycle_id = $2
   ORDER BY starts_at`;

/** The spans in which a write ended, in order. */
export async function readCycleSpans(
  db: Database,
  { tenantId, cycleId }: CycleKey,
): Promise<readonly CycleSpan[]> {
  return db.query<CycleSpan>(SPANS, [tenantId, cycleId]);
}
