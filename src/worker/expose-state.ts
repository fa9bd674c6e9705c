/**
 * State that many processes share, as metrics: queues, cycles, directory sizes, webhooks, token expiry. Only workers expose
 * it. Gauges are set anew each time, so that their number stays bounded however many tenants come and go.
 */
import type { Metrics } from "../platform/metrics.ts";
import { type DeliveryQueue, type QueueBackend, QUEUES, type WriteQueue } from "../queue/queues.ts";
import { readCycleGauges } from "../store/cycles.ts";
import type { Database } from "../store/database.ts";
import { readDirectorySizes, readTokenExpiries } from "../store/directory-sizes.ts";
import { countHeld } from "../store/held-deactivations.ts";
import { overdueOf } from "../store/overdue.ts";
import { readWebhookState } from "../store/webhook-log.ts";
import type { OldestWaiting } from "./oldest-waiting.ts";
import { countFromZero } from "./count-write.ts";

export interface ExposeDeps {
  readonly db: Database;
  readonly queue: WriteQueue;
  readonly metrics: Metrics;
  /** METRICS_TENANTS_MAX. */
  readonly tenantsMax: number;
}

const STATES = ["waiting", "active", "delayed", "failed"] as const;

/** A job that a worker has taken off the queue waits on, until its turn in a transaction comes. */
export async function exposeQueue({
  queue,
  metrics,
  waiting,
}: Pick<ExposeDeps, "queue" | "metrics"> & { readonly waiting: OldestWaiting }): Promise<void> {
  const counts = await queue.getJobCounts(...STATES);
  for (const state of STATES) metrics.queueJobs.set({ queue: QUEUES.writes, state }, counts[state] ?? 0);
  const [oldest] = await queue.getJobs(["waiting"], 0, 0, true);
  const now = Date.now();
  const since = Math.min(now, oldest?.timestamp ?? now, waiting.requestedAt() ?? now);
  metrics.queueOldestWaiting.set({ queue: QUEUES.writes }, (now - since) / 1000);
}

export async function exposeCycles({ db, metrics, tenantsMax }: ExposeDeps): Promise<void> {
  const cycles = await readCycleGauges(db, tenantsMax);
  // Whoever is not among the most active any more must not leave a series behind.
  const gauges = [
    metrics.cycleOpen,
    metrics.cycleLastRequest,
    metrics.cycleLastEnd,
    metrics.cycleLastDuration,
  ];
  for (const gauge of [...gauges, metrics.cycleLastWrites, metrics.connectionOverdue]) gauge.reset();
  const now = new Date();
  for (const cycle of cycles) {
    const labels = { tenant: metrics.tenant(cycle.tenantSlug), connection: cycle.connectionId };
    metrics.cycleOpen.set(labels, cycle.isOpen ? 1 : 0);
    metrics.cycleLastRequest.set(labels, cycle.lastRequestAt.getTime() / 1000);
    metrics.connectionOverdue.set(labels, OVERDUE[overdueOf(cycle, now) ?? "none"]);
    if (!cycle.lastEndAt) continue;
    metrics.cycleLastEnd.set(labels, cycle.lastEndAt.getTime() / 1000);
    metrics.cycleLastDuration.set(labels, cycle.lastDurationSeconds ?? 0);
    metrics.cycleLastWrites.set({ ...labels, result: "applied" }, cycle.lastApplied ?? 0);
    metrics.cycleLastWrites.set({ ...labels, result: "unchanged" }, cycle.lastUnchanged ?? 0);
    metrics.cycleLastWrites.set({ ...labels, result: "refused" }, cycle.lastRefused ?? 0);
    metrics.cycleLastWrites.set({ ...labels, result: "fault" }, cycle.lastFaulted ?? 0);
  }
}

export async function exposeHeld({ db, metrics }: ExposeDeps): Promise<void> {
  const held = await countHeld(db);
  metrics.guardHeld.reset();
  for (const { tenantSlug, waiting } of held)
    metrics.guardHeld.inc({ tenant: metrics.tenant(tenantSlug) }, waiting);
}

export async function exposeWebhooks({
  db,
  deliveries,
  metrics,
}: Pick<ExposeDeps, "db" | "metrics"> & { readonly deliveries: DeliveryQueue }): Promise<void> {
  const { lagSeconds, ...endpoints } = await readWebhookState(db);
  metrics.eventLag.set(lagSeconds);
  for (const [state, count] of Object.entries(endpoints)) metrics.webhookEndpoints.set({ state }, count);
  const counts = await deliveries.getJobCounts("waiting", "active", "failed");
  for (const [state, count] of Object.entries(counts))
    metrics.queueJobs.set({ queue: QUEUES.deliveries, state }, count);
}

/** Nothing where Postgres is the queue. */
export async function exposeEviction({
  backend,
  metrics,
}: Pick<ExposeDeps, "metrics"> & {
  readonly backend: Pick<QueueBackend, "readEvictionPolicies">;
}): Promise<void> {
  const policies = await backend.readEvictionPolicies();
  metrics.redisEvictionPolicy.reset();
  for (const policy of policies) metrics.redisEvictionPolicy.set({ policy }, 1);
}

const OVERDUE = { none: 0, late: 1, silent: 2 } as const;

export async function exposeDirectories({ db, metrics, tenantsMax }: ExposeDeps): Promise<void> {
  const sizes = await readDirectorySizes(db, tenantsMax);
  const expiries = await readTokenExpiries(db, tenantsMax);
  const { directoryUsers, directoryGroups, tokenExpiry, clientSecretExpiry } = metrics;
  for (const gauge of [directoryUsers, directoryGroups, tokenExpiry, clientSecretExpiry]) gauge.reset();
  for (const size of sizes) {
    const tenant = metrics.tenant(size.tenantSlug);
    countFromZero(metrics, size.tenantSlug);
    // Added, since tenants above the limit share a label.
    metrics.directoryUsers.inc({ tenant, active: "true" }, size.usersActive);
    metrics.directoryUsers.inc({ tenant, active: "false" }, size.usersInactive);
    metrics.directoryGroups.inc({ tenant }, size.groups);
  }
  for (const { tenantSlug, connectionId, kind, expiresAt } of expiries) {
    const labels = { tenant: metrics.tenant(tenantSlug), connection: connectionId };
    (kind === "bearer" ? tokenExpiry : clientSecretExpiry).set(labels, expiresAt.getTime() / 1000);
  }
}
