/**
 * Reads that may lag (docs/decisions/0059): asked of a streaming replica that has come far enough, and of the primary
 * wherever there is none. Each question travels behind one that says how far the replica is by then, so nothing is
 * believed of it from a moment ago.
 */
import type { DatabasePool, Statement } from "./database.ts";
import type { LogPosition } from "./log-positions.ts";
import type { ReplicaWatch } from "./replica-watch.ts";

/** Why the primary was asked: the replica is not there, is too far behind, lacks the reader's own write, or failed. */
export type FallbackReason = "away" | "behind" | "own_write" | "failed";

export interface LaggingReadsDeps {
  readonly primary: DatabasePool;
  readonly replica: DatabasePool;
  readonly watch: Pick<ReplicaWatch, "floor" | "state" | "whileThere">;
  /** Told once for each reader that was sent to the primary. */
  readonly onFallback: (reason: FallbackReason) => void;
}

/** One who reads several things that belong together: once sent to the primary it stays there, so time never goes back. */
interface Reader {
  /** Where the log stood after what the reader did last. */
  readonly ownWrite: LogPosition | null;
  isOnPrimary: boolean;
}

interface Question {
  readonly statement: Statement | string;
  readonly values: readonly unknown[];
}

// On a primary the second is null, and so no reason to believe it.
const FAR_ENOUGH: Statement = {
  name: "replica-far-enough",
  text: `SELECT coalesce(pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $1::pg_lsn, false) AS "isNear",
                $2::pg_lsn IS NULL OR coalesce(pg_last_wal_replay_lsn() >= $2::pg_lsn, false) AS "hasOwnWrite"`,
};

interface Progress {
  readonly isNear: boolean;
  readonly hasOwnWrite: boolean;
}

export class LaggingReads {
  readonly #deps: LaggingReadsDeps;

  constructor(deps: LaggingReadsDeps) {
    this.#deps = deps;
  }

  /**
   * A pool for one reader, such as a page: its queries may lag, its transactions do not.
   * @param ownWrite - what the reader must see whatever else lags
   */
  forReader(ownWrite: LogPosition | null): DatabasePool {
    const { primary, replica } = this.#deps;
    return this.#pool({ primary, replica }, { ownWrite, isOnPrimary: false });
  }

  #pool(pools: Pick<LaggingReadsDeps, "primary" | "replica">, reader: Reader): DatabasePool {
    const { primary, replica } = pools;
    return {
      ...primary,
      query: async <Row>(statement: Statement | string, values: readonly unknown[] = []) => {
        if (!reader.isOnPrimary) {
          const answer = await this.#ask<Row>(replica, { statement, values }, reader.ownWrite);
          if (typeof answer !== "string") return answer;
          this.#fallBack(reader, answer);
        }
        return primary.query<Row>(statement, values);
      },
      of: (tenantIds) =>
        this.#pool({ primary: primary.of(tenantIds), replica: replica.of(tenantIds) }, reader),
    };
  }

  /** @returns why the primary is to be asked, where it is */
  async #ask<Row>(
    replica: DatabasePool,
    question: Question,
    ownWrite: LogPosition | null,
  ): Promise<readonly Row[] | FallbackReason> {
    const { watch } = this.#deps;
    const floor = watch.floor();
    if (floor === undefined) return watch.state === "away" ? "away" : "behind";
    try {
      const [[progress], rows] = await watch.whileThere(askBehind<Row>(replica, [floor, ownWrite], question));
      if (progress?.isNear !== true) return "behind";
      return progress.hasOwnWrite ? rows : "own_write";
    } catch {
      // Whatever failed there is asked again where it counts: what is wrong with the question itself shows there too.
      return "failed";
    }
  }

  /** Of the parts of a page that are asked at once, the first that is sent to the primary is told. */
  #fallBack(reader: Reader, reason: FallbackReason): void {
    if (!reader.isOnPrimary) this.#deps.onFallback(reason);
    reader.isOnPrimary = true;
  }
}

/** In one packet, and on one connection: behind an address may be several replicas. */
function askBehind<Row>(
  replica: DatabasePool,
  positions: readonly unknown[],
  { statement, values }: Question,
): Promise<readonly [readonly Progress[], readonly Row[]]> {
  return replica.transaction((tx) =>
    tx.commitWith<[readonly Progress[], readonly Row[]]>([
      tx.query<Progress>(FAR_ENOUGH, positions),
      tx.query<Row>(statement, values),
    ]),
  );
}
