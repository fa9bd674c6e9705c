/**
 * Looks about every second at how far a replica has come, beside its primary, and so knows whether it may be read: it
 * answers, it is a replica of this very primary, and lacks nothing that is older than it may.
 */
import { Beat } from "../platform/beat.ts";
import type { Database } from "./database.ts";
import { hasReached, type LogPosition, LogPositions } from "./log-positions.ts";

export type ReplicaState = "used" | "behind" | "away";

export interface ReplicaReport {
  readonly state: ReplicaState;
  /** Undefined where the replica does not say how far it is. */
  readonly lagSeconds?: number;
  /** Why it is away. */
  readonly cause?: unknown;
}

export interface ReplicaWatchDeps {
  readonly primary: Database;
  /** Not that of the pages: one that waits behind slow pages would make the replica look gone. */
  readonly replica: Database;
  readonly maxLagMs: number;
  readonly onReport: (report: ReplicaReport) => void;
}

const EVERY_MS = 1_000;
// Pages that wait for a replica that is frozen wait for this and a second at most.
const PATIENCE_MS = 2_000;

// Of what was inserted and not of what was written: a commit that does not wait for the disk is behind the latter.
const OF_PRIMARY = `SELECT pg_current_wal_insert_lsn()::text AS position, system_identifier::text AS cluster
                      FROM pg_control_system()`;
const OF_REPLICA = `SELECT pg_last_wal_replay_lsn()::text AS position, system_identifier::text AS cluster,
                           pg_is_in_recovery() AS "isReplica"
                      FROM pg_control_system()`;

export interface ServerPosition {
  readonly position: LogPosition | null;
  /** The same for a primary and all its replicas. */
  readonly cluster: string;
}

export async function readPrimaryPosition(primary: Database): Promise<ServerPosition | undefined> {
  const [found] = await primary.query<ServerPosition>({ text: OF_PRIMARY, timeoutMs: PATIENCE_MS });
  return found;
}

/** @throws {Error} where the server is no replica of that cluster; undefined is any */
export async function readReplicaPosition(
  replica: Database,
  cluster: string | undefined,
): Promise<LogPosition> {
  const [found] = await replica.query<ServerPosition & { readonly isReplica: boolean }>({
    text: OF_REPLICA,
    timeoutMs: PATIENCE_MS,
  });
  if (found === undefined || !found.isReplica) throw new Error("the server is no replica: it takes writes");
  if (cluster !== undefined && found.cluster !== cluster)
    throw new Error("the server is a replica of another Postgres than DATABASE_URL");
  if (found.position === null) throw new Error("the replica has replayed nothing yet");
  return found.position;
}

export class ReplicaWatch {
  readonly #deps: ReplicaWatchDeps;
  readonly #positions: LogPositions;
  readonly #waiting = new Set<(cause: Error) => void>();
  #cluster: string | undefined;
  #state: ReplicaState = "away";
  readonly #beat = new Beat(() => this.#look(), EVERY_MS);

  constructor(deps: ReplicaWatchDeps) {
    this.#deps = deps;
    this.#positions = new LogPositions(deps.maxLagMs);
  }

  /** Resolves once it is known whether the replica may be read. */
  async start(): Promise<void> {
    await this.#look();
    this.#beat.start();
  }

  stop(): Promise<void> {
    return this.#beat.cease();
  }

  get state(): ReplicaState {
    return this.#state;
  }

  /** How far the replica must be to be read now; undefined where it is not to be read at all. */
  floor(): LogPosition | undefined {
    return this.#state === "used" ? this.#positions.floor(performance.now()) : undefined;
  }

  /** Waits for what the replica was asked, for as long as the replica is there. @throws what the work throws */
  async whileThere<Result>(work: Promise<Result>): Promise<Result> {
    let giveUp: (cause: Error) => void = () => undefined;
    const gone = new Promise<never>((_resolve, reject) => (giveUp = reject));
    this.#waiting.add(giveUp);
    try {
      return await Promise.race([work, gone]);
    } finally {
      this.#waiting.delete(giveUp);
    }
  }

  async #look(): Promise<void> {
    await this.#lookAtPrimary();
    try {
      const replayed = await readReplicaPosition(this.#deps.replica, this.#cluster);
      const now = performance.now();
      const floor = this.#positions.floor(now);
      const state = floor !== undefined && hasReached(replayed, floor) ? "used" : "behind";
      this.#report({ state, lagSeconds: this.#positions.lagOf(replayed, now) / 1_000 });
    } catch (cause) {
      this.#report({ state: "away", cause });
      for (const giveUp of this.#waiting) giveUp(new Error("the replica is away", { cause }));
    }
  }

  /** While it does not answer, what is known of it ages: in the end the replica counts as behind. */
  async #lookAtPrimary(): Promise<void> {
    const at = performance.now();
    const found = await readPrimaryPosition(this.#deps.primary).catch(() => undefined);
    if (found === undefined || found.position === null) return;
    this.#cluster = found.cluster;
    this.#positions.add(at, found.position);
  }

  #report(report: ReplicaReport): void {
    this.#state = report.state;
    this.#deps.onReport(report);
  }
}
