/**
 * The transaction. In order: seen before? → lock → apply in memory → write → ledger, cycle counts and events → commit.
 *
 * Promised: a write's change, its ledger row, its counts and its events are committed together or not at all, so a
 * redelivery finds its row and changes nothing. A crash before the commit leaves nothing; a crash after it loses only
 * the reply, which the ledger then gives.
 *
 * A batch of nothing but new users goes a shorter way (plain-creates.ts): a question that is added here is an assumption there.
 */
import { ScimError } from "../scim/index.ts";
import type { Outcome, WriteCommand } from "../queue/contracts.ts";
import { type DatabasePool, isUniqueViolation, together, type Transaction } from "../store/database.ts";
import type { TenantModels } from "../store/tenant-models.ts";
import { beginWrites } from "../store/tenant-schemas.ts";
import { applyEntries, createEntries, NOT_APPLIED } from "./apply-batch.ts";
import type { Applied } from "./apply-write.ts";
import { findEarlier } from "./accepted.ts";
import type { BatchEntry } from "./batch-entry.ts";
import { Growth } from "./directory-growth.ts";
import { BatchModels } from "./batch-models.ts";
import { DeactivationGuard, guardedCandidates } from "./deactivation-guard.ts";
import { hold } from "./batch-rows.ts";
import { finish } from "./finish-batch.ts";
import type { PendingWrite } from "./group-commit.ts";
import type { PlainCreates } from "./plain-creates.ts";
import { type Recalled, recallWrites } from "./recall.ts";
import { WriteRaceError } from "./write-race.ts";

export interface BatchResult {
  readonly outcome: Outcome;
  /** Present where the write was applied now; absent where the ledger already knew. */
  readonly applied: Applied | undefined;
  readonly isReplay: boolean;
}

// The loser of a race for a userName, or for a write that was delivered twice, sees what the winner did the second
// time; more only where many race.
const RACE_ATTEMPTS = 5;

export interface CommitDeps {
  readonly db: DatabasePool;
  /** Of all tenants. */
  readonly models: TenantModels;
  /** Without it each batch goes the whole way. */
  readonly plainCreates?: PlainCreates | undefined;
}

/** What was accepted before these writes for the same resources, and must be applied before them. */
export class EarlierWritesError extends Error {
  override readonly name = "EarlierWritesError";
  readonly earlier: readonly PendingWrite[];

  constructor(earlier: readonly PendingWrite[]) {
    super("earlier writes are accepted and not applied");
    this.earlier = earlier;
  }
}

/**
 * Applies the writes in one transaction.
 * @param options - `isNext`: false where something that was accepted earlier may have to come before them
 * @returns results in the order of the writes
 * @throws {EarlierWritesError} when something must; nothing is changed then
 */
export async function commitBatch(
  { db, models, plainCreates }: CommitDeps,
  writes: readonly PendingWrite[],
  { isNext = true }: { readonly isNext?: boolean } = {},
): Promise<readonly BatchResult[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const created = attempt === 1 ? await plainCreates?.apply(db, models, writes) : undefined;
      if (created) return created.map(resultOfApplied);
      const tenants = db.of(writes.map(({ command }) => command.tenantId));
      const batch = { writes, tenantModels: models, isNext, isRepeated: attempt > 1 };
      return await tenants.transaction((tx) => applyBatch(tx, batch));
    } catch (error) {
      if (!isRace(error) || attempt === RACE_ATTEMPTS) throw error;
    }
  }
}

function isRace(error: unknown): boolean {
  return error instanceof WriteRaceError || isUniqueViolation(error);
}

interface Batch {
  readonly writes: readonly PendingWrite[];
  readonly tenantModels: TenantModels;
  readonly isNext: boolean;
  readonly isRepeated: boolean;
}

/**
 * Statements that need no answer of each other travel together: a batch of users is two journeys to Postgres, the
 * commit included. Rows are locked before the ledger is asked, so that it tells what whoever held them has recorded.
 */
async function applyBatch(
  tx: Transaction,
  { writes, tenantModels, isNext, isRepeated }: Batch,
): Promise<readonly BatchResult[]> {
  const commands = writes.map(({ command }) => command);
  const [, { now, versions, guards, hasFailures, hasAccepted }, users, groups, recalled] = await together([
    tx.planOnce(),
    beginWrites(tx, [...new Set(commands.map(({ tenantId }) => tenantId))], guardedCandidates(commands)),
    hold(tx, "User", commands),
    hold(tx, "Group", commands),
    recallWrites(tx, writes, { isRepeated }),
  ]);
  if (hasAccepted && !isNext) {
    const earlier = await findEarlier(tx, writes);
    if (earlier.length > 0) throw new EarlierWritesError(earlier);
  }
  const models = await BatchModels.load(tx, commands, { inForce: versions, models: tenantModels });
  const guard = await DeactivationGuard.load(tx, commands, { guards, users: users.rows });
  const entries = createEntries(recalled.fresh);
  const growth = new Growth();
  // Milliseconds, as SCIM's dateTime shows them, so that a filter on meta.lastModified compares what it saw.
  const around = { now: now.toISOString(), models, growth, guard };
  const saves = await applyEntries(tx, { ...around, entries, held: { User: users, Group: groups } });
  const replays = await finish(tx, {
    commands,
    entries,
    saves,
    recalled,
    growth,
    guard,
    hasFailures,
    isRepeated,
  });
  const applied = new Map(
    entries.flatMap((entry) =>
      [entry, ...entry.repeatedBy].map(({ command }) => [command.writeId, entry] as const),
    ),
  );
  return writes.map((write) => resultOf(write.command, { applied, recalled, replays }));
}

interface Ended {
  /** What was applied, by the id of each write that it was applied for. */
  readonly applied: ReadonlyMap<string, BatchEntry>;
  readonly recalled: Recalled;
  /** Refusals that turned out to be answers given before. */
  readonly replays: ReadonlyMap<string, Outcome>;
}

function resultOf({ writeId }: WriteCommand, { applied, recalled, replays }: Ended): BatchResult {
  const recalledOutcome = recalled.outcomes.get(writeId);
  if (recalledOutcome) return { outcome: recalledOutcome, applied: undefined, isReplay: true };
  const entry = applied.get(writeId);
  const isRepetition = entry !== undefined && entry.command.writeId !== writeId;
  const replayed = entry && replays.get(entry.command.writeId);
  if (replayed) return { outcome: replayed, applied: undefined, isReplay: true };
  const result = entry?.result ?? NOT_APPLIED;
  if (result instanceof ScimError)
    return { outcome: refusal(result), applied: undefined, isReplay: isRepetition };
  if (isRepetition) return { outcome: result.outcome, applied: undefined, isReplay: true };
  return resultOfApplied(result);
}

function resultOfApplied(applied: Applied): BatchResult {
  return { outcome: applied.outcome, applied, isReplay: false };
}

/** A refusal as an outcome: it is definitive, and travels as a value. */
export function refusal(error: ScimError): Extract<Outcome, { kind: "refused" }> {
  return {
    kind: "refused",
    status: error.status,
    scimType: error.scimType ?? null,
    code: error.code,
    detail: error.detail.text,
    masked: error.detail.masked,
  };
}
