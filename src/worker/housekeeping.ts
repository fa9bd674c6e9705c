/**
 * What the worker does besides writes, on a beat: ends quiet cycles, forgets what is old, puts accepted writes back that
 * the queue has lost, and exposes state that many processes share. Only workers expose that, so that sums are right.
 */
import { Beat } from "../platform/beat.ts";
import type { Logger } from "../platform/logger.ts";
import type { Part } from "../platform/lifecycle.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { DeliveryQueue, QueueBackend, WriteQueue } from "../queue/queues.ts";
import { forgetAsyncRequests } from "../store/accepted-writes.ts";
import { forgetAssertions } from "../store/client-keys.ts";
import type { DatabasePool } from "../store/database.ts";
import { forgetOldRequests } from "../store/repeated-requests.ts";
import { pruneEvents } from "../store/events.ts";
import { forgetOldRejections } from "../store/held-deactivations.ts";
import { pruneReconciliations } from "../store/reconciliations.ts";
import { pruneDeliveries } from "../store/webhook-log.ts";
import { putBackAccepted } from "./accepted.ts";
import { closeCycles } from "./close-cycles.ts";
import {
  exposeCycles,
  exposeDirectories,
  exposeEviction,
  exposeHeld,
  exposeQueue,
  exposeWebhooks,
} from "./expose-state.ts";
import { matchAfterCycles } from "./match-after-cycles.ts";
import type { OldestWaiting } from "./oldest-waiting.ts";
import { type Retention, retain } from "./retain.ts";

export interface HousekeepingDeps {
  readonly db: DatabasePool;
  readonly queue: WriteQueue;
  readonly deliveries: DeliveryQueue;
  readonly backend: QueueBackend;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly cycleIdleSeconds: number;
  /** EVENT_RETENTION_DAYS. */
  readonly eventRetentionDays: number;
  readonly retention: Retention;
  readonly tenantsMax: number;
  /** Of the writes that this process applies. */
  readonly waiting: OldestWaiting;
}

const BEAT_MS = 1_000;
const WEBHOOK_BEATS = 5;
const DIRECTORY_BEATS = 10;
const FORGET_BEATS = 60;
// Changes to tables wait until a process has long started; what they are for is days ahead.
const RETAIN_BEAT = 30;
// Early, since an alert waits for it.
const EVICTION_BEAT = 1;
const PRUNED_PER_TENANT_MAX = 10_000;
const DELIVERIES_PRUNED_MAX = 10_000;
const SECONDS_PER_DAY = 86_400;

export function housekeepingPart(deps: HousekeepingDeps): Part {
  let beats = 0;

  async function beat(): Promise<void> {
    const log = deps.logger.child({ component: "housekeeping" });
    const failed: { duty: string; err: unknown }[] = [];
    const isUp = await deps.db.query("SELECT 1").then(
      () => true,
      () => false,
    );
    deps.metrics.databaseUp.set(isUp ? 1 : 0);
    // Without Postgres each would wait for its time-out.
    const duties = isUp
      ? dutiesOf(deps, beats, log)
      : { all: () => Promise.reject(new Error("Postgres is away")) };
    for (const [duty, work] of Object.entries(duties))
      await work().catch((err: unknown) => failed.push({ duty, err }));
    // One line: where a store is away, much of it fails for that one reason.
    if (failed[0])
      log.warn(
        { err: failed[0].err, duties: failed.map(({ duty }) => duty) },
        "housekeeping will be tried again",
      );
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

/** What is due on this beat, in its order. Each stands for itself: while Redis is away, cycles end and are shown. */
function dutiesOf(
  deps: HousekeepingDeps,
  beat: number,
  logger: Logger,
): Readonly<Record<string, () => Promise<unknown>>> {
  const { db, queue, retention } = deps;
  const isDue = (every: number, at = 0): boolean => beat % every === at;
  return {
    endCycles: () => endCycles(deps, logger),
    putBackAccepted: () => putBackAccepted(db, queue),
    exposeQueue: () => exposeQueue(deps),
    exposeCycles: () => exposeCycles(deps),
    exposeHeld: () => exposeHeld(deps),
    ...(isDue(WEBHOOK_BEATS) && { exposeWebhooks: () => exposeWebhooks(deps) }),
    ...(isDue(DIRECTORY_BEATS) && { exposeDirectories: () => exposeDirectories(deps) }),
    ...(isDue(FORGET_BEATS) && { forget: () => forget(deps) }),
    ...(isDue(FORGET_BEATS, EVICTION_BEAT) && { exposeEviction: () => exposeEviction(deps) }),
    ...(isDue(FORGET_BEATS, RETAIN_BEAT) && {
      retain: () => retain(db, retention, { now: new Date(), logger }),
    }),
  };
}

async function endCycles(deps: HousekeepingDeps, log: Logger): Promise<void> {
  const closed = await closeCycles(deps.db, deps.cycleIdleSeconds);
  for (const { tenantSlug, tenantId, kind } of closed) {
    deps.metrics.cycles.inc({ tenant: deps.metrics.tenant(tenantSlug), kind });
    log.info({ tenantId, kind }, "cycle ended");
  }
  await matchAfterCycles(deps.db, closed);
}

async function forget({ db, eventRetentionDays }: HousekeepingDeps): Promise<void> {
  await db.transaction(forgetOldRequests);
  await db.transaction(forgetAsyncRequests);
  await db.transaction(forgetOldRejections);
  await db.transaction(forgetAssertions);
  const seconds = eventRetentionDays * SECONDS_PER_DAY;
  // Ended deliveries go with their events.
  await db.transaction((tx) => pruneDeliveries(tx, { seconds, max: DELIVERIES_PRUNED_MAX }));
  // A report is kept for as long as the event that tells of it.
  await db.transaction((tx) => pruneReconciliations(tx, seconds));
  await db.transaction((tx) => pruneEvents(tx, { seconds, perTenantMax: PRUNED_PER_TENANT_MAX }));
}
