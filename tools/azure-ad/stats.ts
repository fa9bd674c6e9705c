/** Counts and latencies per operation in bounded memory, so that a simulation may run for weeks. */

export type Operation =
  | "probe"
  | "match user"
  | "get user"
  | "create user"
  | "patch user"
  | "set manager"
  | "deactivate user"
  | "reactivate user"
  | "delete user"
  | "match group"
  | "get group"
  | "create group"
  | "rename group"
  | "add members"
  | "remove members"
  | "check membership"
  | "delete group"
  | "read back";

export interface OperationReport {
  readonly operation: Operation;
  readonly requests: number;
  readonly errors: number;
  readonly retries: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface ErrorNote {
  readonly operation: Operation;
  /** The HTTP status, or what went wrong with the connection or the answer. */
  readonly status: string;
  readonly target: string;
  readonly detail: string;
}

export interface ErrorReport {
  readonly total: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly first: readonly ErrorNote[];
}

export interface Totals {
  readonly requests: number;
  readonly writes: number;
  /** Requests that were answered well. */
  readonly done: Readonly<Partial<Record<Operation, number>>>;
}

export interface Stats {
  readonly request: (operation: Operation, ms: number) => void;
  readonly retry: (operation: Operation) => void;
  readonly error: (note: ErrorNote) => void;
  readonly totals: () => Totals;
  readonly operations: () => OperationReport[];
  readonly errors: () => ErrorReport;
}

interface Tally {
  requests: number;
  errors: number;
  retries: number;
  maxMs: number;
  /** Requests per latency bucket; a bucket is 2 % wide. */
  readonly buckets: Map<number, number>;
}

const BUCKET_WIDTH = Math.log(1.02);
const ERRORS_KEPT_MAX = 20;
const READS: ReadonlySet<Operation> = new Set<Operation>([
  "probe",
  "match user",
  "get user",
  "match group",
  "get group",
  "check membership",
  "read back",
]);

/** Starts counting at zero. */
export function createStats(): Stats {
  const tallies = new Map<Operation, Tally>();
  const byStatus = new Map<string, number>();
  const first: ErrorNote[] = [];
  const totals = { requests: 0, writes: 0 };
  const tallyOf = (operation: Operation): Tally => {
    let tally = tallies.get(operation);
    if (tally === undefined) {
      tally = { requests: 0, errors: 0, retries: 0, maxMs: 0, buckets: new Map() };
      tallies.set(operation, tally);
    }
    return tally;
  };
  return {
    request: (operation, ms) => {
      const tally = tallyOf(operation);
      const bucket = Math.round(Math.log(Math.max(ms, 0.01)) / BUCKET_WIDTH);
      tally.requests += 1;
      tally.maxMs = Math.max(tally.maxMs, ms);
      tally.buckets.set(bucket, (tally.buckets.get(bucket) ?? 0) + 1);
      totals.requests += 1;
      if (!READS.has(operation)) totals.writes += 1;
    },
    retry: (operation) => (tallyOf(operation).retries += 1),
    error: (note) => {
      tallyOf(note.operation).errors += 1;
      byStatus.set(note.status, (byStatus.get(note.status) ?? 0) + 1);
      if (first.length < ERRORS_KEPT_MAX) first.push(note);
    },
    totals: () => ({
      ...totals,
      done: Object.fromEntries(
        [...tallies].map(([operation, each]) => [operation, each.requests - each.errors]),
      ),
    }),
    operations: () => [...tallies].map(([operation, tally]) => describe(operation, tally)),
    errors: () => ({
      total: [...byStatus.values()].reduce((sum, count) => sum + count, 0),
      byStatus: Object.fromEntries(byStatus),
      first: [...first],
    }),
  };
}

function describe(operation: Operation, tally: Tally): OperationReport {
  const { requests, errors, retries, maxMs } = tally;
  return {
    operation,
    requests,
    errors,
    retries,
    p50Ms: percentile(tally, 0.5),
    p95Ms: percentile(tally, 0.95),
    p99Ms: percentile(tally, 0.99),
    maxMs: rounded(maxMs),
  };
}

function percentile(tally: Tally, part: number): number {
  const rank = Math.ceil(tally.requests * part);
  let seen = 0;
  for (const [bucket, count] of [...tally.buckets].sort(([left], [right]) => left - right)) {
    seen += count;
    if (seen >= rank) return rounded(Math.min(Math.exp(bucket * BUCKET_WIDTH), tally.maxMs));
  }
  return 0;
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
