/**
 * What the worker does besides writes, on a beat: ends quiet cycles, forgets old requests and events, and exposes state
 * that many processes share (queue depth, cycles, directory sizes). Only workers expose that, so that sums are right.
 */
import { Beat } from "../platform/beat.ts";
import type { Logger } from "../platform/logger.ts";
import type { Part } from "../platform/lifecycle.ts";
import type { Metrics } from "../platform/metrics.ts";
import { QUEUES, type WriteQueue } from "../queue/queues.ts";
import { readCycleGauges } from "../store/cycles.ts";
import type { DatabasePool } from "../store/database.ts";
import { forgetOldRequests } from "../store/ledger.ts";
import { countDirectories, readTokenExpiries } from "../store/directory-sizes.ts";
import { pruneEvents } from "../store/events.ts";
import { closeCycles } from "./close-cycles.ts";

export interface HousekeepingDeps {
  readonly db: DatabasePool;
  readonly queue: WriteQueue;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly cycleIdleSeconds: number;
  /** EVENT_RETENTION_DAYS. */
  readonly eventRetentionDays: number;
  readonly tenantsMax: number;
}

const BEAT_MS = 1_000;
// Counting a directory reads all of it, so it is done rarely.
const DIRECTORY_BEATS = 30;
const FORGET_BEATS = 60;
const PRUNED_PER_TENANT_MAX = 10_000;
const SECONDS_PER_DAY = 86_400;

export function housekeepingPart(deps: HousekeepingDeps): Part {
  let beats = 0;

  async function beat(): Promise<void> {
    const log = deps.logger.child({ component: "housekeeping" });
    try {
      await endCycles(deps, log);
      await exposeQueue(deps);
      await exposeCycles(deps);
      if (beats % DIRECTORY_BEATS === 0) await exposeDirectories(deps);
      if (beats % FORGET_BEATS === 0) await forget(deps);
    } catch (err) {
      log.warn({ err }, "housekeeping will be tried again");
    }
    beats += 1;
  }

  const beating = new Beat(beat, BEAT_MS);
  return {
    name: "housekeeping",
    start() {
      beating.start();
      return Promise.resolve();
    },
    stop: () => beating.stop(),
  };
}

async function endCycles(deps: HousekeepingDeps, log: Logger): Promise<void> {
  for (const { tenantSlug, tenantId, kind } of await closeCycles(deps.db, deps.cycleIdleSeconds)) {
    deps.metrics.cycles.inc({ tenant: deps.metrics.tenant(tenantSlug), kind });
    log.info({ tenantId, kind }, "cycle ended");
  }
}

async function forget({ db, eventRetentionDays }: HousekeepingDeps): Promise<void> {
  await db.transaction(forgetOldRequests);
  const seconds = eventRetentionDays * SECONDS_PER_DAY;
  await db.transaction((tx) => pruneEvents(tx, { seconds, perTenantMax: PRUNED_PER_TENANT_MAX }));
}

const STATES = ["waiting", "active", "delayed", "failed"] as const;

async function exposeQueue({ queue, metrics }: HousekeepingDeps): Promise<void> {
  const counts = await queue.getJobCounts(...STATES);
  for (const state of STATES) metrics.queueJobs.set({ queue: QUEUES.writes, state }, counts[state] ?? 0);
  const [oldest] = await queue.getJobs(["waiting"], 0, 0, true);
  const age = oldest ? Math.max(0, Date.now() - oldest.timestamp) / 1000 : 0;
  metrics.queueOldestWaiting.set({ queue: QUEUES.writes }, age);
}

async function exposeCycles({ db, metrics, tenantsMax }: HousekeepingDeps): Promise<void> {
  for (const cycle of await readCycleGauges(db, tenantsMax)) {
    const labels = { tenant: metrics.tenant(cycle.tenantSlug), connection: cycle.connectionId };
    metrics.cycleOpen.set(labels, cycle.isOpen ? 1 : 0);
    metrics.cycleLastRequest.set(labels, cycle.lastRequestAt.getTime() / 1000);
    if (!cycle.lastEndAt) continue;
    metrics.cycleLastEnd.set(labels, cycle.lastEndAt.getTime() / 1000);
    metrics.cycleLastDuration.set(labels, cycle.lastDurationSeconds ?? 0);
    metrics.cycleLastWrites.set({ ...labels, result: "applied" }, cycle.lastApplied ?? 0);
    metrics.cycleLastWrites.set({ ...labels, result: "unchanged" }, cycle.lastUnchanged ?? 0);
    metrics.cycleLastWrites.set({ ...labels, result: "refused" }, cycle.lastRefused ?? 0);
    metrics.cycleLastWrites.set({ ...labels, result: "fault" }, cycle.lastFaulted ?? 0);
  }
}

async function exposeDirectories({ db, metrics, tenantsMax }: HousekeepingDeps): Promise<void> {
  for (const size of await countDirectories(db, tenantsMax)) {
    const tenant = metrics.tenant(size.tenantSlug);
    metrics.directoryUsers.set({ tenant, active: "true" }, size.usersActive);
    metrics.directoryUsers.set({ tenant, active: "false" }, size.usersInactive);
    metrics.directoryGroups.set({ tenant }, size.groups);
  }
  for (const { tenantSlug, connectionId, expiresAt } of await readTokenExpiries(db, tenantsMax)) {
    const labels = { tenant: metrics.tenant(tenantSlug), connection: connectionId };
    metrics.tokenExpiry.set(labels, expiresAt.getTime() / 1000);
  }
}
