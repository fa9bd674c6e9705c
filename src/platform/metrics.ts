/**
 * Every metric, named and described once (docs/metrics.md says the same, and a test compares). Labels are bounded:
 * `tenant` is a slug, and above the limit tenants share `other`; never a user's name, id or address.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

// From a cached read to a write that waits for its whole budget.
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20];
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export type Metrics = ReturnType<typeof createMetrics>;

/** @param options - `tenantsMax`: tenants with a label of their own; METRICS_TENANTS_MAX */
export function createMetrics(options: { readonly tenantsMax: number; readonly version: string }) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const make = makers(registry);
  make
    .gauge("build_info", "Always 1; labels tell what runs", ["version", "node"])
    .set({ version: options.version, node: process.version }, 1);
  const state = stateMetrics(make);
  // It would say 0 in every process that never looks, and an alert asks for the least.
  state.databaseUp.remove();
  return {
    registry,
    tenant: boundedLabel(options.tenantsMax),
    ...requestMetrics(make),
    ...writeMetrics(make),
    ...webhookMetrics(make),
    ...state,
  };
}

type Makers = ReturnType<typeof makers>;

function makers(registry: Registry) {
  const registers = [registry];
  return {
    counter: (name: string, help: string, labelNames: string[] = []) =>
      new Counter({ name: `rollcall_${name}`, help, labelNames, registers }),
    gauge: (name: string, help: string, labelNames: string[] = []) =>
      new Gauge({ name: `rollcall_${name}`, help, labelNames, registers }),
    histogram: (name: string, help: string, options: { buckets: number[]; labelNames?: string[] }) =>
      new Histogram({ name: `rollcall_${name}`, help, registers, ...options }),
  };
}

/** Counted where requests arrive: the api. */
function requestMetrics({ counter, histogram }: Makers) {
  return {
    http: histogram("http_request_duration_seconds", "Time from request to response", {
      buckets: SECONDS,
      labelNames: ["route", "method", "status"],
    }),
    scimRequests: counter("scim_requests_total", "SCIM requests by how they ended", [
      "tenant",
      "resource",
      "operation",
      "result",
    ]),
    refusals: counter("refusals_total", "Refused requests by scimType, or status where there is none", [
      "tenant",
      "reason",
    ]),
    outcomeFallbacks: counter(
      "outcome_fallbacks_total",
      "Outcomes taken from Postgres because the reply was late",
    ),
    lineWait: histogram("write_line_wait_seconds", "Time a write waits in its tenant's line for its turn", {
      buckets: SECONDS,
    }),
    writesTurnedAway: counter(
      "writes_turned_away_total",
      "Writes not begun: no room in the line or for the body (line_full), no turn in time (budget), or client_gone",
      ["tenant", "reason"],
    ),
    loginChecks: counter("login_checks_total", "People a product asked about, by what it was answered", [
      "tenant",
      "reason",
    ]),
    replicaFallbacks: counter(
      "read_replica_fallbacks_total",
      "Pages read from the primary since the replica was away, behind, without the reader's own write (own_write), or failed",
      ["reason"],
    ),
    authFailures: counter("auth_failures_total", "Requests without a valid token", ["reason"]),
  };
}

/** Counted where writes are applied: the worker. */
function writeMetrics({ counter, histogram }: Makers) {
  return {
    writes: counter("writes_total", "Writes by how they ended", [
      "tenant",
      "resource",
      "operation",
      "result",
    ]),
    writeDuration: histogram("write_duration_seconds", "Time from request to commit", {
      buckets: SECONDS,
      labelNames: ["operation"],
    }),
    queueWait: histogram("write_queue_wait_seconds", "Time from request until a worker has the write", {
      buckets: SECONDS,
    }),
    commit: histogram("write_commit_seconds", "Time a batch's transaction takes", { buckets: SECONDS }),
    batchSize: histogram("batch_size", "Writes in one transaction", { buckets: BATCH_SIZES }),
    deactivations: counter("user_deactivations_total", "Users who lost access", ["tenant", "cause"]),
    reactivations: counter("user_reactivations_total", "Users who got access back", ["tenant"]),
    writeRetries: counter("write_retries_total", "Deliveries that failed for a reason that may pass", [
      "reason",
    ]),
    cycles: counter("cycles_total", "Cycles that ended", ["tenant", "kind"]),
  };
}

/** Counted where webhooks are sent: the worker. */
function webhookMetrics({ counter, gauge, histogram }: Makers) {
  return {
    webhookDeliveries: counter("webhook_deliveries_total", "Attempts to deliver by how they ended", [
      "result",
    ]),
    webhookDelivery: histogram("webhook_delivery_seconds", "Time an attempt to deliver takes", {
      buckets: SECONDS,
    }),
    digests: counter("digests_total", "Attempts to tell of a failed cycle by how they ended", [
      "channel",
      "result",
    ]),
    webhookPauses: counter("webhook_pauses_total", "Endpoints that were paused by themselves", ["reason"]),
    webhookEndpoints: gauge("webhook_endpoints", "Webhook endpoints by how they are", ["state"]),
    eventLag: gauge("event_lag_seconds", "Age of the oldest event that an endpoint still waits for"),
  };
}

/** Read from a place that processes share, and exposed by workers alone; lines and pool are each process's own. */
function stateMetrics({ gauge }: Makers) {
  const connection = ["tenant", "connection"];
  return {
    queueJobs: gauge(
      "queue_jobs",
      "Jobs in the queue; delayed: to be tried again, or parked while worked on",
      ["queue", "state"],
    ),
    queueOldestWaiting: gauge(
      "queue_oldest_waiting_seconds",
      "Age of the oldest job that waits, on the queue or in this worker's hands",
      ["queue"],
    ),
    cycleOpen: gauge("cycle_open", "1 while the connection's cycle is open", connection),
    cycleLastRequest: gauge("cycle_last_request_timestamp_seconds", "Time of the last request", connection),
    cycleLastEnd: gauge("cycle_last_end_timestamp_seconds", "End of the last cycle", connection),
    cycleLastDuration: gauge("cycle_last_duration_seconds", "Duration of the last cycle", connection),
    cycleLastWrites: gauge("cycle_last_writes", "Writes of the last cycle", [...connection, "result"]),
    guardHeld: gauge("deactivation_guard_held", "Users whose deactivation or deletion waits for a decision", [
      "tenant",
    ]),
    connectionOverdue: gauge(
      "connection_overdue",
      "0 while the connection keeps its beat, 1 when it is late, 2 when it is silent",
      connection,
    ),
    redisEvictionPolicy: gauge(
      "redis_eviction_policy",
      "1 for what a server of the queue does when its memory is full; noeviction alone loses no job",
      ["policy"],
    ),
    readReplica: gauge(
      "read_replica",
      "1 for how the replica for reading is: used, behind or away; nothing where none is set",
      ["state"],
    ),
    replicaLag: gauge("read_replica_lag_seconds", "For how long the replica has lacked what the primary has"),
    databaseUp: gauge("database_up", "1 while the worker reaches Postgres, else 0; nothing from other roles"),
    directoryUsers: gauge("directory_users", "Users held", ["tenant", "active"]),
    directoryGroups: gauge("directory_groups", "Groups held", ["tenant"]),
    tokenExpiry: gauge("token_expiry_timestamp_seconds", "When the connection's token expires", connection),
    clientSecretExpiry: gauge(
      "client_secret_expiry_timestamp_seconds",
      "When the connection's client secret expires",
      connection,
    ),
    certificateExpiry: gauge("tls_certificate_expiry_timestamp_seconds", "When the certificate in use ends", [
      "certificate",
    ]),
    lineWrites: gauge("line_writes", "Writes of this process in a tenant's line"),
    lineTenants: gauge("line_tenants", "Tenants of this process with a line"),
    writesInFlight: gauge("writes_in_flight", "Writes of this process on the queue"),
    poolConnections: gauge("db_pool_connections", "Connections of this process to Postgres", ["state"]),
  };
}

/** @returns the label for a tenant's slug: its own for the first so many, then `other` */
function boundedLabel(max: number): (slug: string) => string {
  const known = new Set<string>();
  return (slug) => {
    if (known.has(slug)) return slug;
    if (known.size >= max) return "other";
    known.add(slug);
    return slug;
  };
}
