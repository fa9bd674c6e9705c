/**
 * New users, of whom nothing is known: the bulk of an initial cycle. What a batch asks before it applies anything is then
 * answered by "no" throughout, so such a batch does not ask: it is applied in memory, and goes to Postgres as one journey, at
 * whose beginning Postgres checks what was taken for granted. Where that does not hold nothing is changed, and the batch
 * goes the whole way (docs/decisions/0067).
 */
import { ScimError } from "../scim/index.ts";
import type { WriteCommand } from "../queue/contracts.ts";
import { assumeUnknown } from "../store/assumptions.ts";
import { type DatabasePool, isDivisionByZero } from "../store/database.ts";
import { addDirectoryGrowth } from "../store/directory-totals.ts";
import { TRANSACTION_TIME } from "../store/directory-writes.ts";
import type { TenantModels } from "../store/tenant-models.ts";
import { applyType, createEntries } from "./apply-batch.ts";
import type { Applied } from "./apply-write.ts";
import type { BatchEntry } from "./batch-entry.ts";
import { BatchModels } from "./batch-models.ts";
import { type Save, write } from "./batch-rows.ts";
import { DeactivationGuard } from "./deactivation-guard.ts";
import { Growth } from "./directory-growth.ts";
import type { PendingWrite } from "./group-commit.ts";
import { recordApplied } from "./ledger.ts";
import { Memberships } from "./memberships.ts";
import { recordEvents } from "./record-events.ts";
import { mendByApplied } from "./record-failures.ts";
import { userNameKey, UserNames } from "./user-names.ts";

// For so long the tenants of a batch of whose users something was known go the whole way, since it may be known of many.
const WHOLE_WAY_MS = 1_000;
// For so long a tenant that may have failures is taken to have some, which its new users may mend.
const MENDING_MS = 60_000;

export class PlainCreates {
  readonly #wholeWay: RecentTenants;
  readonly #mending: RecentTenants;

  /** @param now - milliseconds since the epoch */
  constructor(now = Date.now) {
    this.#wholeWay = new RecentTenants(WHOLE_WAY_MS, now);
    this.#mending = new RecentTenants(MENDING_MS, now);
  }

  /**
   * Applies the writes in one transaction of one journey, where they are such creates.
   * @returns what was applied, in the order of the writes; undefined where they must go the whole way, and nothing is changed
   * @throws a unique violation when another worker was faster
   */
  async apply(
    db: DatabasePool,
    models: TenantModels,
    writes: readonly PendingWrite[],
  ): Promise<readonly Applied[] | undefined> {
    const versions = versionsOf(writes);
    if (!versions) return undefined;
    const tenantIds = [...versions.keys()];
    if (this.#wholeWay.haveAny(tenantIds)) return undefined;
    const tenants = db.of(tenantIds);
    for (let mends = this.#mending.haveAny(tenantIds); ; mends = true) {
      const batch = await applyInMemory(tenants, models, { writes, versions });
      if (!batch) return undefined;
      try {
        return await commit(tenants, { ...batch, versions, mends });
      } catch (error) {
        if (!isDivisionByZero(error)) throw error;
        // It may have been a failure, of which the batch need not be ignorant: it mends what it can.
        const doubt = mends ? this.#wholeWay : this.#mending;
        doubt.add(tenantIds);
        if (mends) return undefined;
      }
    }
  }
}

const TENANTS_MAX = 10_000;

/** Tenants that were added a short time ago. */
class RecentTenants {
  readonly #until = new Map<string, number>();
  readonly #milliseconds: number;
  readonly #now: () => number;

  constructor(milliseconds: number, now: () => number) {
    this.#milliseconds = milliseconds;
    this.#now = now;
  }

  haveAny(tenantIds: readonly string[]): boolean {
    return tenantIds.some((tenantId) => (this.#until.get(tenantId) ?? 0) > this.#now());
  }

  add(tenantIds: readonly string[]): void {
    if (this.#until.size > TENANTS_MAX) this.#until.clear();
    for (const tenantId of tenantIds) this.#until.set(tenantId, this.#now() + this.#milliseconds);
  }
}

type Versions = ReadonlyMap<string, number>;

/** @returns the version of its schemas by tenant; undefined where one of the writes is no such create */
function versionsOf(writes: readonly PendingWrite[]): Versions | undefined {
  const versions = new Map<string, number>();
  for (const { command, attempt } of writes) {
    const { tenantId, schemaVersion: version } = command;
    if (attempt > 1 || version === undefined || !isPlain(command)) return undefined;
    if ((versions.get(tenantId) ?? version) !== version) return undefined;
    versions.set(tenantId, version);
  }
  const requests = new Set(writes.map(({ command }) => command.requestKey));
  return requests.size === writes.length ? versions : undefined;
}

function isPlain({ operation, resourceType, adopts, isAccepted }: WriteCommand): boolean {
  return operation === "create" && resourceType === "User" && adopts === undefined && isAccepted !== true;
}

interface Batch {
  readonly entries: readonly BatchEntry[];
  readonly save: Save;
  readonly growth: Growth;
}

/** @returns undefined where one is refused, such as for a name that another one of the batch has */
async function applyInMemory(
  db: DatabasePool,
  tenantModels: TenantModels,
  { writes, versions }: { readonly writes: readonly PendingWrite[]; readonly versions: Versions },
): Promise<Batch | undefined> {
  const commands = writes.map(({ command }) => command);
  const models = await BatchModels.load(db, commands, { inForce: versions, models: tenantModels });
  const entries = createEntries(writes.map((each) => ({ ...each, repeatedBy: [], takesUp: [] })));
  const growth = new Growth();
  const save = applyType({
    type: "User",
    entries,
    held: { rows: [], names: UserNames.none() },
    memberships: Memberships.none(),
    guard: DeactivationGuard.none(),
    now: TRANSACTION_TIME,
    models,
    growth,
  });
  const isRefused = entries.some(({ result }) => result instanceof ScimError);
  return isRefused ? undefined : { entries, save, growth };
}

async function commit(
  db: DatabasePool,
  {
    entries,
    save,
    growth,
    versions,
    mends,
  }: Batch & { readonly versions: Versions; readonly mends: boolean },
): Promise<readonly Applied[]> {
  const tenants = [...versions].map(([tenantId, version]) => ({ tenantId, version }));
  const users = entries.flatMap(({ command, draft }) =>
    draft.row ? [{ ...command, nameKey: userNameKey(draft.row.resource) }] : [],
  );
  const now = await db.transaction(async (tx) => {
    const [, begun] = await tx.commitWith([
      tx.planOnce(),
      assumeUnknown(tx, { tenants, users, mends }),
      write(tx, save),
      recordApplied(tx, entries),
      addDirectoryGrowth(tx, growth.changes()),
      recordEvents(tx, entries),
      // Behind the events, as on the whole way: failures are locked in one order with what transactions of a tenant wait for.
      mends ? mendByApplied(tx, entries) : Promise.resolve(),
    ]);
    return begun.toISOString();
  });
  return entries.flatMap(({ result }) => (result instanceof ScimError ? [] : [withTime(result, now)]));
}

function withTime(applied: Applied, now: string): Applied {
  const { outcome } = applied;
  const written = outcome.written && { ...outcome.written, created: now, lastModified: now };
  return { ...applied, outcome: { ...outcome, written } };
}
