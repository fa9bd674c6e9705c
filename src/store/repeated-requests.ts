/**
 * What tells a request that is sent again from a new one: notes of writes that went unanswered, the last word of each
 * api process, and whether the resource has been changed otherwise since.
 */
import type { Database, Transaction } from "./database.ts";
import { type EndedRow, LEDGER_COLUMNS, type LedgerKey } from "./ledger.ts";

export interface RequestKey {
  readonly tenantId: string;
  readonly requestKey: string;
}

// A client that comes back after this time is not retrying, it is asking anew.
const UNANSWERED_MINUTES = 15;

// Where the whole answer had left, its client may have had it, and repeat the request later because it means it. Who
// missed it repeats it at once.
const PERHAPS_ANSWERED_MINUTES = 1;

export interface UnansweredWrite extends LedgerKey, RequestKey {
  /** Its whole answer had left before the connection was reset. */
  readonly isPerhapsAnswered?: boolean;
}

/** Notes that a request ended without its outcome, so that the same request later takes up this write. */
export async function recordUnanswered(db: Database, write: UnansweredWrite): Promise<void> {
  const minutes = write.isPerhapsAnswered === true ? PERHAPS_ANSWERED_MINUTES : UNANSWERED_MINUTES;
  await db.query(
    `INSERT INTO unanswered_writes (tenant_id, request_key, write_id, expires_at)
     VALUES ($1, $2, $3, now() + make_interval(mins => $4))
         ON CONFLICT DO NOTHING`,
    [write.tenantId, write.requestKey, write.writeId, minutes],
  );
}

/** The write's request was answered after all: it had come again while the write was under way. */
export async function withdrawUnanswered(db: Database, write: LedgerKey & RequestKey): Promise<void> {
  await db.query(
    `DELETE FROM unanswered_writes WHERE tenant_id = $1 AND request_key = $2 AND write_id = $3`,
    [write.tenantId, write.requestKey, write.writeId],
  );
}

// Locked in one order: of two workers that hold repetitions of one request, the second waits and then finds what the
// first has made of it.
const FIND_UNANSWERED = `
  SELECT u.tenant_id AS "tenantId", u.request_key AS "requestKey", u.write_id AS "writeId"
    FROM unanswered_writes u
   WHERE (u.tenant_id, u.request_key) IN (SELECT t, k FROM unnest($1::uuid[], $2::uuid[]) AS wanted (t, k))
     AND u.expires_at > now()
   ORDER BY u.tenant_id, u.request_key, u.write_id
     FOR UPDATE`;

/** The unanswered writes of these requests, oldest first. */
export async function findUnanswered(
  tx: Transaction,
  requests: readonly RequestKey[],
): Promise<readonly (LedgerKey & RequestKey)[]> {
  if (requests.length === 0) return [];
  return tx.query<LedgerKey & RequestKey>(
    { name: "find-unanswered", text: FIND_UNANSWERED },
    requestArrays(requests),
  );
}

/** A sub-select: the note of this row of `writes`. */
function noteOf(write: "w" | "y"): string {
  return `SELECT FROM unanswered_writes u
           WHERE u.tenant_id = ${write}.tenant_id AND u.request_key = ${write}.request_key AND u.write_id = ${write}.write_id`;
}

// Of a write that is about to be applied: the request was sent again before this one's job came, and that has ended. Of
// a note: it was sent again and answered, so that the note, which came too late to be taken up, says nothing any more.
const FIND_REPETITIONS = `
  SELECT DISTINCT ON (wanted.write_id) wanted.write_id AS "repeats", ${LEDGER_COLUMNS}
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[])
      AS wanted (tenant_id, request_key, write_id, requested_at)
    JOIN writes w
      ON w.tenant_id = wanted.tenant_id AND w.request_key = wanted.request_key AND w.write_id > wanted.write_id
   WHERE w.result <> 'fault'
     AND CASE WHEN wanted.requested_at IS NULL
              THEN NOT EXISTS (${noteOf("w")})
              ELSE w.ended_at > wanted.requested_at
         END
   ORDER BY wanted.write_id, w.write_id DESC`;

/**
 * Later writes of the same requests that have ended, by the id of the write that they repeat.
 * @param writes - with the time of their request in milliseconds, or without it where a note is all there is
 */
export async function findRepetitions(
  tx: Transaction,
  writes: readonly (LedgerKey & RequestKey & { readonly requestedAt?: number })[],
): Promise<ReadonlyMap<string, EndedRow>> {
  if (writes.length === 0) return new Map();
  const rows = await tx.query<EndedRow & { repeats: string }>(
    { name: "find-repetitions", text: FIND_REPETITIONS },
    [
      ...requestArrays(writes),
      writes.map(({ writeId }) => writeId),
      writes.map(({ requestedAt }) =>
        requestedAt === undefined ? null : new Date(requestedAt).toISOString(),
      ),
    ],
  );
  return new Map(rows.map(({ repeats, ...row }) => [repeats, row]));
}

/** The requests have come again and are answered now; a note that is made at this moment stays. */
export async function forgetUnanswered(tx: Transaction, notes: readonly LedgerKey[]): Promise<void> {
  if (notes.length === 0) return;
  await tx.query(
    `DELETE FROM unanswered_writes u
      USING unnest($1::uuid[], $2::uuid[]) AS gone (tenant_id, write_id)
      WHERE u.tenant_id = gone.tenant_id AND u.write_id = gone.write_id`,
    [notes.map(({ tenantId }) => tenantId), notes.map(({ writeId }) => writeId)],
  );
}

function requestArrays(requests: readonly RequestKey[]): [string[], string[]] {
  return [requests.map(({ tenantId }) => tenantId), requests.map(({ requestKey }) => requestKey)];
}

// What ended in the last minutes began in the last day, however long it waited: of the ledger's weeks one or two are read.
const RECENT_ID = "first_id_at(now() - interval '1 day')";

// The same connection has written the resource by another request since, if only what it was already: who sends the
// first one again then means it anew. What other connections did says nothing about what this one knows; nor does a row
// that was added now for the late job of an earlier request: it has the version of then. A delete has none.
const supersededBy = (whose: string): string => `
  EXISTS (
    SELECT FROM writes y
     WHERE y.tenant_id = w.tenant_id AND y.resource_id = w.resource_id AND y.connection_id = w.connection_id
       AND y.request_key IS DISTINCT FROM w.request_key
       AND y.result IN ('applied', 'unchanged')
       AND coalesce(y.version >= w.version, true)
       AND y.write_id > ${RECENT_ID} AND y.ended_at >= w.ended_at ${whose})`;
const SUPERSEDED = supersededBy("");

// What a create made is still there. Once it is gone, its id as an answer would be wrong for everybody, and what the
// request is told instead is right: it creates anew, or is refused with the name of who has the name now. Asked of the
// resources, which show what this transaction did as well.
const IS_STILL_TRUE = `
  (w.operation <> 'create'
   OR EXISTS (SELECT FROM users r WHERE r.tenant_id = w.tenant_id AND r.id = w.resource_id)
   OR EXISTS (SELECT FROM groups r WHERE r.tenant_id = w.tenant_id AND r.id = w.resource_id))`;

/**
 * Those of the writes after which their connection changed the same resource otherwise, or whose resource is gone.
 * @param writes - with a time in milliseconds: only what was changed before then counts, and not what is gone
 */
export async function findSuperseded(
  tx: Transaction,
  writes: readonly (LedgerKey & { readonly before?: number | undefined })[],
): Promise<ReadonlySet<string>> {
  if (writes.length === 0) return new Set();
  const rows = await tx.query<{ writeId: string }>(
    {
      name: "find-superseded",
      text: `
  SELECT w.write_id AS "writeId"
    FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS wanted (tenant_id, write_id, before)
    JOIN writes w
      ON w.tenant_id = wanted.tenant_id AND w.write_id = wanted.write_id
   WHERE ${supersededBy("AND (wanted.before IS NULL OR y.ended_at <= wanted.before)")}
      OR (wanted.before IS NULL AND NOT ${IS_STILL_TRUE})`,
    },
    [
      writes.map(({ tenantId }) => tenantId),
      writes.map(({ writeId }) => writeId),
      writes.map(({ before }) => (before === undefined ? null : new Date(before).toISOString())),
    ],
  );
  return new Set(rows.map(({ writeId }) => writeId));
}

// It was sent again since, and that sending was answered: there is nothing in doubt any more, whatever became of the
// process that took the first one.
const IS_SETTLED = `
  EXISTS (
    SELECT FROM writes y
      JOIN api_processes b ON b.id = y.api_id
     WHERE y.tenant_id = w.tenant_id AND y.request_key = w.request_key AND y.write_id > w.write_id
       AND y.write_id > ${RECENT_ID} AND y.result <> 'fault'
       AND y.write_id <= b.answered_through AND y.write_id <> ALL (b.open_writes)
       AND NOT EXISTS (${noteOf("y")}))`;

// A note says that it went unanswered, and it was not sent again since. The batch has looked for notes before, and found
// none: this one was made while it waited for somebody, and its process has left its word meanwhile.
const IS_NOTED = `
  EXISTS (${noteOf("w")} AND u.expires_at > now())
  AND NOT EXISTS (
    SELECT FROM writes y
     WHERE y.tenant_id = w.tenant_id AND y.request_key = w.request_key AND y.write_id > w.write_id
       AND y.write_id > ${RECENT_ID} AND y.result <> 'fault'
       AND NOT EXISTS (${noteOf("y")}))`;

// The same request was applied before, and its client may not have had that answer: both were under way at once, or
// the process that took it was killed before it left its word. Where repeating it would do harm, either counts for as
// long as a note does; elsewhere only the second, for as long as a note of what was perhaps answered.
const FIND_IN_DOUBT = `
  SELECT wanted.request_key AS "requestKey", ${LEDGER_COLUMNS}
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::boolean[])
      AS wanted (tenant_id, request_key, api_id, requested_at, does_harm)
    JOIN writes w
      ON w.tenant_id = wanted.tenant_id AND w.request_key = wanted.request_key
    LEFT JOIN api_processes a ON a.id = w.api_id
   WHERE w.result IN ('applied', 'unchanged')
     AND w.write_id > ${RECENT_ID}
     AND w.ended_at > now() - make_interval(
           mins => CASE WHEN wanted.does_harm THEN ${UNANSWERED_MINUTES} ELSE ${PERHAPS_ANSWERED_MINUTES} END)
     AND ((wanted.does_harm AND w.ended_at > wanted.requested_at)
          OR (w.api_id <> wanted.api_id
              AND (a.id IS NULL OR w.write_id > a.answered_through OR w.write_id = ANY (a.open_writes)))
          OR (${IS_NOTED}))
     AND NOT ${IS_SETTLED}
     AND NOT ${SUPERSEDED}
     AND ${IS_STILL_TRUE}
   ORDER BY w.write_id`;

export interface DoubtfulRequest extends RequestKey {
  readonly apiId: string;
  /** Milliseconds since the epoch. */
  readonly requestedAt: number;
  /** It would be refused, or would make a second group; else it would only change again what it changed before. */
  readonly doesHarm: boolean;
}

/** Successful writes with the same request, whose client may not have had the answer. */
export async function findInDoubt(
  tx: Transaction,
  requests: readonly DoubtfulRequest[],
): Promise<readonly (EndedRow & RequestKey)[]> {
  if (requests.length === 0) return [];
  return tx.query<EndedRow & RequestKey>({ name: "find-in-doubt", text: FIND_IN_DOUBT }, [
    ...requestArrays(requests),
    requests.map(({ apiId }) => apiId),
    requests.map(({ requestedAt }) => new Date(requestedAt).toISOString()),
    requests.map(({ doesHarm }) => doesHarm),
  ]);
}

/** What an api process says of the writes it took. */
export interface Word {
  /** The largest write id up to which all were answered, or noted as unanswered, but for those that are open. */
  readonly answeredThrough: string;
  readonly open: readonly string[];
}

/** Leaves an api process's word. */
export async function noteApiProcess(
  db: Database,
  apiId: string,
  { answeredThrough, open }: Word,
): Promise<void> {
  await db.query(
    {
      name: "note-api-process",
      text: `INSERT INTO api_processes (id, answered_through, open_writes)
             VALUES ($1, $2, $3::uuid[])
                 ON CONFLICT (id) DO UPDATE
                SET answered_through = excluded.answered_through, open_writes = excluded.open_writes,
                    seen_at = now()`,
    },
    [apiId, answeredThrough, open],
  );
}

/** Forgets what no retry can refer to any more. */
export async function forgetOldRequests(tx: Transaction): Promise<void> {
  const minutes = [UNANSWERED_MINUTES];
  await tx.query(`DELETE FROM unanswered_writes WHERE expires_at < now()`);
  await tx.query(`DELETE FROM api_processes WHERE seen_at < now() - make_interval(mins => 2 * $1)`, minutes);
}
