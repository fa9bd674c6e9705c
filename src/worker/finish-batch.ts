/**
 * The end of a batch's transaction: what is still to be written, then what it all did to the ledger, the cycles and the
 * events, and the commit.
 *
 * A batch that was applied as a whole, and of which nothing was known before, asks nothing any more: its last statements
 * and the commit are one journey to Postgres, and whatever another worker did meanwhile Postgres itself refuses.
 */
import { ScimError } from "../scim/index.ts";
import type { Outcome, WriteCommand } from "../queue/contracts.ts";
import { finishAccepted } from "../store/accepted-writes.ts";
import { type Adopted, recordAdoptions } from "../store/adoption.ts";
import { together, type Transaction } from "../store/database.ts";
import { addDirectoryGrowth } from "../store/directory-totals.ts";
import { type BatchEntry, isRefusal } from "./batch-entry.ts";
import { type Save, write } from "./batch-rows.ts";
import type { DeactivationGuard } from "./deactivation-guard.ts";
import type { Growth } from "./directory-growth.ts";
import { recallRefused, recordApplied, recordWrites } from "./ledger.ts";
import type { Recalled } from "./recall.ts";
import { recordEvents } from "./record-events.ts";

export interface Finish {
  readonly commands: readonly WriteCommand[];
  readonly entries: readonly BatchEntry[];
  /** What is still to be written. */
  readonly saves: readonly Save[];
  readonly recalled: Recalled;
  readonly growth: Growth;
  readonly guard: DeactivationGuard;
  /** Some of the tenants have failures, which these writes may mend. */
  readonly hasFailures: boolean;
  /** The batch was applied before, and met another worker. */
  readonly isRepeated: boolean;
}

/** @returns outcomes that replace a refusal, because the same request succeeded before */
export async function finish(tx: Transaction, batch: Finish): Promise<ReadonlyMap<string, Outcome>> {
  const { entries, saves, growth, guard, commands } = batch;
  const saved = together(saves.map((save) => write(tx, save)));
  if (!isPlain(batch)) return finishWithQuestions(tx, batch, saved);
  await tx.commitWith([
    saved,
    guard.save(tx),
    recordApplied(tx, entries),
    addDirectoryGrowth(tx, growth.changes()),
    recordAdoptions(tx, adoptionsOf(entries)),
    recordEvents(tx, entries, guard.events()),
    endAccepted(tx, commands),
  ]);
  return new Map();
}

function isPlain({ entries, recalled, hasFailures, isRepeated }: Finish): boolean {
  if (hasFailures || isRepeated || recalled.hasFaults || recalled.replayed.length > 0) return false;
  return !entries.some(({ result }) => result instanceof ScimError);
}

async function finishWithQuestions(
  tx: Transaction,
  { entries, recalled, growth, guard, commands }: Finish,
  saved: Promise<unknown>,
): Promise<ReadonlyMap<string, Outcome>> {
  const record = async (
    doubtful: Awaited<ReturnType<typeof recallRefused>>,
  ): Promise<ReadonlyMap<string, Outcome>> => {
    const guarded = guard.save(tx);
    const recorded = recordWrites(tx, entries, { recalled, doubtful });
    const grown = addDirectoryGrowth(tx, growth.changes());
    const adopted = recordAdoptions(tx, adoptionsOf(entries));
    const events = recordEvents(tx, entries, guard.events());
    const [replays] = await together([recorded, guarded, grown, adopted, events]);
    await endAccepted(tx, commands);
    return replays;
  };
  if (!entries.some(({ result }) => isRefusal(result))) {
    const [, replays] = await together([saved, record(new Map())]);
    return replays;
  }
  const [, doubtful] = await together([saved, recallRefused(tx, entries)]);
  return record(doubtful);
}

function adoptionsOf(entries: readonly BatchEntry[]): readonly Adopted[] {
  return entries.flatMap(({ result }) => (result instanceof ScimError ? [] : (result.adoption ?? [])));
}

/** What was accepted has ended now, or had before. */
async function endAccepted(tx: Transaction, commands: readonly WriteCommand[]): Promise<void> {
  await finishAccepted(
    tx,
    commands.filter(({ isAccepted }) => isAccepted === true),
  );
}
