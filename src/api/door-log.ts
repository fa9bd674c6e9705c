/**
 * Writes refused before they were queued, recorded in the ledger like those a worker refuses, so that admins find
 * both in one place. Gathered in memory and written about once a second: a refusal changes nothing, so losing a
 * few with a killed process loses no promise.
 */
import { newId } from "../platform/ids.ts";
import { Beat } from "../platform/beat.ts";
import type { Logger } from "../platform/logger.ts";
import type { ScimError } from "../scim/index.ts";
import type { DatabasePool } from "../store/database.ts";
import { insertFailures, type NewFailure } from "../store/failures.ts";
import { insertLedgerRows, type NewLedgerRow } from "../store/ledger.ts";
import type { Principal } from "../store/tenants.ts";

export interface Refusal {
  readonly error: ScimError;
  readonly principal: Principal;
  readonly cycleId: string | null;
  readonly apiId: string;
  readonly correlationId: string;
  /** As the identity provider names the request. */
  readonly clientRequestId: string | null;
  readonly operation: string;
  readonly resourceType: string;
  readonly resourceId: string | null;
  /** The parsed body, as far as it could be parsed. */
  readonly body: unknown;
}

const FLUSH_EVERY_MS = 1_000;
const ROWS_MAX = 2_000;
const BODY_CHARS_MAX = 65_536;

export class DoorLog {
  readonly #db: DatabasePool;
  readonly #logger: Logger;
  #refusals: NewFailure[] = [];
  #dropped = 0;
  readonly #beat = new Beat(() => this.#flush(), FLUSH_EVERY_MS);

  constructor(db: DatabasePool, logger: Logger) {
    this.#db = db;
    this.#logger = logger;
  }

  start(): void {
    this.#beat.start();
  }

  stop(): Promise<void> {
    return this.#beat.stop();
  }

  record(refusal: Refusal): void {
    if (this.#refusals.length < ROWS_MAX) this.#refusals.push(failureOf(refusal));
    else this.#dropped += 1;
  }

  async #flush(): Promise<void> {
    if (this.#dropped > 0)
      this.#logger.warn({ dropped: this.#dropped }, "refusals not recorded: too many at once");
    this.#dropped = 0;
    const refusals = this.#refusals;
    this.#refusals = [];
    if (refusals.length === 0) return;
    try {
      await this.#db.transaction(async (tx) => {
        await insertLedgerRows(
          tx,
          refusals.map(({ row }) => row),
        );
        await insertFailures(tx, refusals);
      });
    } catch (err) {
      this.#logger.warn(
        { err, refusals: refusals.length },
        "refusals are kept for the next flush, without their bodies",
      );
      this.#refusals.unshift(...refusals.slice(0, ROWS_MAX).map(withoutBody));
    }
  }
}

function withoutBody(refusal: NewFailure): NewFailure {
  return { ...refusal, row: { ...refusal.row, request: null }, payload: null };
}

/** What stands at the door would be refused there again, so it is nothing that a queue could repeat. */
function failureOf(refusal: Refusal): NewFailure {
  const row = rowOf(refusal);
  const masked = storable(refusal.error.detail.masked);
  return { row, masked, isRepeatable: false, payload: row.request };
}

function rowOf({ error, principal, ...refusal }: Refusal): NewLedgerRow {
  const now = new Date().toISOString();
  return {
    tenantId: principal.tenantId,
    writeId: newId(),
    connectionId: principal.connectionId,
    cycleId: refusal.cycleId,
    apiId: refusal.apiId,
    requestKey: null,
    correlationId: refusal.correlationId,
    operation: refusal.operation,
    resourceType: refusal.resourceType,
    resourceId: refusal.resourceId,
    result: "refused",
    status: error.status,
    scimType: error.scimType ?? null,
    code: error.code,
    detail: storable(error.detail.text),
    version: null,
    changed: [],
    changes: null,
    clientRequestId: refusal.clientRequestId,
    request: error.code === "body-too-deep" ? null : requestOf(refusal.body),
    attempts: 1,
    requestedAt: now,
  };
}

/** The refused body as jsonb can hold it: no password, no NUL, no broken Unicode, not too long. */
export function requestOf(body: unknown): unknown {
  if (body === undefined || body === null) return null;
  const text = JSON.stringify(body, withoutPassword);
  return text.length > BODY_CHARS_MAX ? null : (JSON.parse(storableJson(text)) as unknown);
}

function withoutPassword(key: string, value: unknown): unknown {
  if (key.toLowerCase() === "password") return undefined;
  if (typeof value !== "object" || value === null) return value;
  const { path } = value as { path?: unknown };
  // A PATCH operation names its attribute in `path`, and has the password as its `value`.
  return typeof path === "string" && /password$/i.test(path) ? { ...value, value: undefined } : value;
}

// JSON.stringify writes NUL and lone surrogates as escapes; an escaped backslash before them is passed over.
const ESCAPE = /\\(?:u(?:0000|d[89a-f][0-9a-f]{2})|.)/g;

function storableJson(json: string): string {
  return json.replace(ESCAPE, (escape) => (/^\\u(0000|d[89a-f])/.test(escape) ? "\\ufffd" : escape));
}

function storable(text: string): string {
  return JSON.parse(storableJson(JSON.stringify(text))) as string;
}
