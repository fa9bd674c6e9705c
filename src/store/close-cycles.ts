/** The end of cycles: which have been quiet for long enough, and which kind each was. */
import { type CycleFacts, type CycleKind, kindOfCycle } from "./cycle-kind.ts";
import type { ConnectionKey } from "./cycles.ts";
import type { Transaction } from "./database.ts";

export interface ClosedCycle extends ConnectionKey {
  readonly id: string;
  readonly tenantSlug: string;
  readonly kind: CycleKind;
  readonly startedAt: Date;
  readonly lastRequestAt: Date;
}

type IdleRow = Omit<ClosedCycle, "kind"> &
  Omit<CycleFacts, "lastBeat"> & { readonly beatStartedAt: Date | null; readonly beatEndedAt: Date | null };

// Another worker may close at this moment: each takes what the other has not.
const IDLE = `
  SELECT c.tenant_id AS "tenantId", c.id, c.connection_id AS "connectionId", t.slug AS "tenantSlug",
         c.started_at AS "startedAt", c.last_request_at AS "lastRequestAt", c.requests::float8 AS requests,
         c.request_kinds AS "requestKinds",
         (SELECT coalesce(sum(value::bigint), 0) FROM jsonb_each_text(c.writes))::float8 AS writes,
         (c.users_created + c.groups_created)::float8 AS created,
         coalesce(d.users_active + d.users_inactive + d.groups, 0)::float8 AS resources,
         EXISTS (SELECT FROM cycles p
                  WHERE p.tenant_id = c.tenant_id AND p.connection_id = c.connection_id
                    AND p.started_at < c.started_at AND p.users_created + p.groups_created > 0) AS "hasCreatedBefore",
         beat.started_at AS "beatStartedAt", beat.ended_at AS "beatEndedAt"
    FROM cycles c
    JOIN tenants t ON t.id = c.tenant_id
    LEFT JOIN directory_totals d ON d.tenant_id = c.tenant_id
    LEFT JOIN LATERAL (
           SELECT started_at, ended_at FROM cycles
            WHERE tenant_id = c.tenant_id AND connection_id = c.connection_id
              AND started_at < c.started_at AND kind IN ('initial', 'incremental')
            ORDER BY started_at DESC, id LIMIT 1
         ) beat ON true
   WHERE c.ended_at IS NULL AND c.last_request_at < now() - make_interval(secs => $1)
     FOR UPDATE OF c SKIP LOCKED`;

const CLOSE = `
  UPDATE cycles c
     SET ended_at = c.last_request_at, kind = r.kind
    FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS r (tenant_id, id, kind)
   WHERE c.tenant_id = r.tenant_id AND c.id = r.id`;

/** Ends every cycle that has been quiet for so long. @param idleSeconds - CYCLE_IDLE_SECONDS */
export async function closeIdleCycles(tx: Transaction, idleSeconds: number): Promise<readonly ClosedCycle[]> {
  const idle = await tx.query<IdleRow>(IDLE, [idleSeconds]);
  if (idle.length === 0) return [];
  const closed = idle.map((row) => ({ ...row, kind: kindOfCycle(factsOf(row)) }));
  await tx.query(CLOSE, [
    closed.map(({ tenantId }) => tenantId),
    closed.map(({ id }) => id),
    closed.map(({ kind }) => kind),
  ]);
  return closed;
}

function factsOf({ beatStartedAt, beatEndedAt, ...row }: IdleRow): CycleFacts {
  const lastBeat =
    beatStartedAt && beatEndedAt ? { startedAt: beatStartedAt, endedAt: beatEndedAt } : undefined;
  return { ...row, lastBeat };
}
