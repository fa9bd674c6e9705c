/**
 * How long the writes of each cycle took: measured after their commits, gathered in memory, and flushed about once a
 * second, so that no batch pays for it. A worker that is killed loses the last second of it; the counts of a cycle are
 * made elsewhere, in the transactions of the writes.
 */
import { Beat } from "../platform/beat.ts";
import { addTo } from "../platform/counts.ts";
import type { Logger } from "../platform/logger.ts";
import { bucketOf } from "../platform/sketch.ts";
import type { WriteCommand } from "../queue/contracts.ts";
import { addCycleTimings, type CycleSpan, type NewTimings, SPAN_MS } from "../store/cycle-timings.ts";
import type { Database } from "../store/database.ts";

/** Milliseconds since the epoch. */
export interface Span {
  readonly startedAt: number;
  readonly endedAt: number;
}

export type Ending = "applied" | "unchanged" | "refused" | "faulted";

const FLUSH_EVERY_MS = 1_000;
/** A write that takes longer from its request to its commit is worth a line in the log, though one a second is enough. */
const SLOW_MS = 1_000;

export class CycleClock {
  readonly #db: Database;
  readonly #logger: Pick<Logger, "warn">;
  #gathered = new Map<string, Gathered>();
  readonly #beat = new Beat(() => this.#flush(), FLUSH_EVERY_MS);

  constructor(db: Database, logger: Pick<Logger, "warn">) {
    this.#db = db;
    this.#logger = logger;
  }

  start(): void {
    this.#beat.start();
  }

  /** Flushes what is left; called when no write is in hand any more. */
  stop(): Promise<void> {
    return this.#beat.stop();
  }

  /** A write has ended, in a transaction that took this long. */
  note(command: WriteCommand, { startedAt, endedAt }: Span, ending: Ending): void {
    const { tenantId, cycleId } = command;
    if (cycleId === null) return;
    const known = this.#gathered.get(cycleId) ?? new Gathered(tenantId, cycleId);
    this.#gathered.set(cycleId, known);
    known.add(command, { startedAt, endedAt }, ending);
  }

  async #flush(): Promise<void> {
    const gathered = [...this.#gathered.values()].sort((a, b) => (a.cycleId < b.cycleId ? -1 : 1));
    this.#gathered = new Map();
    const timings = gathered.map((each) => each.timings());
    this.#tellSlowest(timings);
    try {
      await addCycleTimings(this.#db, timings);
    } catch (err) {
      // Seconds of a picture, of a time when Postgres was away: not worth keeping for.
      this.#logger.warn({ err }, "how long the last writes took is not kept");
    }
  }

  #tellSlowest(timings: readonly NewTimings[]): void {
    const [slowest] = [...timings].sort((a, b) => b.slowestMs - a.slowestMs);
    if (slowest === undefined || slowest.slowestMs < SLOW_MS) return;
    const { tenantId, slowestMs, slowestWrite, slowestCorrelationId } = slowest;
    this.#logger.warn(
      { tenantId, writeId: slowestWrite, correlationId: slowestCorrelationId, ms: Math.round(slowestMs) },
      "a write was slow",
    );
  }
}

type OpenSpan = { -readonly [Key in keyof CycleSpan]: CycleSpan[Key] };

class Gathered {
  readonly tenantId: string;
  readonly cycleId: string;
  readonly #waits: Record<string, number> = {};
  readonly #commits: Record<string, number> = {};
  readonly #spans = new Map<number, OpenSpan>();
  readonly #max = { wait: 0, commit: 0, whole: 0 };
  #slowest: WriteCommand | undefined;

  constructor(tenantId: string, cycleId: string) {
    this.tenantId = tenantId;
    this.cycleId = cycleId;
  }

  add(command: WriteCommand, { startedAt, endedAt }: Span, ending: Ending): void {
    // The api's clock and this one's may differ.
    const wait = Math.max(0, startedAt - command.requestedAt);
    const commit = Math.max(0, endedAt - startedAt);
    addTo(this.#waits, { [bucketOf(wait)]: 1 });
    addTo(this.#commits, { [bucketOf(commit)]: 1 });
    this.#max.wait = Math.max(this.#max.wait, wait);
    this.#max.commit = Math.max(this.#max.commit, commit);
    if (this.#slowest === undefined || wait + commit > this.#max.whole) {
      this.#max.whole = wait + commit;
      this.#slowest = command;
    }
    const starts = Math.floor(endedAt / SPAN_MS) * SPAN_MS;
    const span = this.#spans.get(starts) ?? emptySpan(starts);
    this.#spans.set(starts, span);
    span[ending] += 1;
  }

  timings(): NewTimings {
    return {
      tenantId: this.tenantId,
      cycleId: this.cycleId,
      waits: this.#waits,
      commits: this.#commits,
      waitMaxMs: this.#max.wait,
      commitMaxMs: this.#max.commit,
      slowestMs: this.#max.whole,
      slowestWrite: this.#slowest?.writeId ?? null,
      slowestCorrelationId: this.#slowest?.correlationId ?? null,
      spans: [...this.#spans.values()],
    };
  }
}

function emptySpan(starts: number): OpenSpan {
  return { startsAt: new Date(starts), applied: 0, unchanged: 0, refused: 0, faulted: 0 };
}
