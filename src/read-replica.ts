/** The replica for reading as a part of a process: its pools, who watches it, and what is told of it. */
import type { Config } from "./platform/config.ts";
import type { Part } from "./platform/lifecycle.ts";
import type { Logger } from "./platform/logger.ts";
import type { Metrics } from "./platform/metrics.ts";
import { type DatabasePool, openDatabase } from "./store/database.ts";
import { LaggingReads } from "./store/lagging-reads.ts";
import { type ReplicaReport, type ReplicaState, ReplicaWatch } from "./store/replica-watch.ts";

export interface ReadReplica extends Part {
  readonly reads: LaggingReads;
  /** For metrics. */
  readonly pool: DatabasePool;
}

export interface ReadReplicaDeps {
  readonly config: Config;
  readonly db: DatabasePool;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

const STATES: readonly ReplicaState[] = ["used", "behind", "away"];

/** @returns undefined where none is set, or where the process has no console: all is read from the primary then */
export function readReplica({ config, db, metrics, logger }: ReadReplicaDeps): ReadReplica | undefined {
  const { DATABASE_READ_URL: url, DATABASE_READ_MAX_LAG_SECONDS: maxLagSeconds } = config;
  if (url === undefined || !config.ROLES.has("dashboard")) return undefined;
  const open = (poolMax: number, name: string): DatabasePool =>
    openDatabase({
      ...{ url, poolMax, isFenced: config.ROW_LEVEL_SECURITY },
      applicationName: `rollcall-${name}`,
      // Whoever used the connection is told by the query that failed, and the watch says that the replica is away.
      onConnectionError: () => undefined,
    });
  const pool = open(config.DATABASE_POOL_MAX, "reads");
  const watching = open(1, "replica-watch");
  const watch = new ReplicaWatch({
    ...{ primary: db, replica: watching },
    maxLagMs: maxLagSeconds * 1_000,
    onReport: reporter(metrics, logger),
  });
  const onFallback = (reason: string): void => metrics.replicaFallbacks.inc({ reason });
  return {
    name: "read-replica",
    pool,
    reads: new LaggingReads({ primary: db, replica: pool, watch, onFallback }),
    start: () => watch.start(),
    async stop() {
      await watch.stop();
      await Promise.all([pool.close(), watching.close()]);
    },
  };
}

/** Gauges each time, and a line in the log for each change. */
function reporter(metrics: Metrics, logger: Logger): (report: ReplicaReport) => void {
  let last: ReplicaState | undefined;
  return ({ state, lagSeconds, cause }) => {
    for (const each of STATES) metrics.readReplica.set({ state: each }, each === state ? 1 : 0);
    if (lagSeconds !== undefined) metrics.replicaLag.set(lagSeconds);
    if (state === last) return;
    last = state;
    if (state === "used") logger.info({ lagSeconds }, "the replica is read where reads may lag");
    else logger.warn({ state, lagSeconds, err: cause }, "the primary is read instead of the replica");
  };
}
