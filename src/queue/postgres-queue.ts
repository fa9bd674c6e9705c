/**
 * BullMQ's queue in Postgres, as this load wants it (docs/decisions/0061).
 *
 * - `addBulk` of the backend makes two temporary tables a call, which cost it 5 ms, where a job by itself costs a
 *   tenth of that. Few jobs are therefore added one by one, beside each other; their order among themselves is open.
 * - A commit of the queue does not wait for the disk. What a crash of Postgres takes of its last moments is what the
 *   queue may lose anyway: a write is answered after its own commit alone, is put there again while its request waits,
 *   and is told by the ledger that it has ended.
 */
import {
  type BulkJobOptions,
  createPostgresBackend,
  type Job,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  Queue,
  type QueueOptions,
} from "bullmq";

/** Of a connection of the queue. */
export const QUEUE_SESSION = "-c synchronous_commit=off";

// No call of the queue takes a second. BullMQ waits without an end for a connection that was lost without a word, and for
// one of its pool while all of them are lost so.
export const QUEUE_PATIENCE_MS = 15_000;

const ONE_BY_ONE_MAX = 8;

interface NewJob {
  readonly name: string;
  readonly data: unknown;
  readonly opts?: BulkJobOptions;
}

export class PostgresQueue extends Queue<
  unknown,
  void,
  string,
  unknown,
  void,
  string,
  PostgresQueueBackend,
  PostgresConnectionOptions
> {
  constructor(name: string, options: QueueOptions<PostgresConnectionOptions>) {
    super(name, options, createPostgresBackend);
  }

  /** @throws when one was not added; others may have been */
  override async addBulk(jobs: NewJob[]): Promise<Job[]> {
    if (jobs.length > ONE_BY_ONE_MAX) return super.addBulk(jobs);
    return Promise.all(jobs.map(({ name, data, opts }) => this.add(name, data, opts)));
  }
}
