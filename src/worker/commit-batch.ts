/**
 * The transaction. In order: seen before? → lock → apply in memory → write → ledger, cycle counts and events → commit.
 *
 * Promised: a write's change, its ledger row, its counts and its events are committed together or not at all, so a
 * redelivery finds its row and changes nothing. A crash before the commit leaves nothing; a crash after it loses only
 * the reply, which the ledger then gives.
 */
import { fold, type Model, ScimError, searchDocument, type ResourceType } from "../scim/index.ts";
import type { Outcome, WriteCommand } from "../queue/contracts.ts";
import { type DatabasePool, isUniqueViolation, type Transaction } from "../store/database.ts";
import {
  deleteResources,
  insertResources,
  lockResources,
  type NewResourceRow,
  type ResourceRow,
  updateResources,
} from "../store/directory-writes.ts";
import {
  applyWrite,
  type Applied,
  type Draft,
  externalIdOf,
  isActive,
  membershipChanges,
  type Surroundings,
} from "./apply-write.ts";
import type { TenantModels } from "../store/tenant-models.ts";
import { beginWrites } from "../store/tenant-schemas.ts";
import type { BatchEntry } from "./batch-entry.ts";
import { BatchModels } from "./batch-models.ts";
import type { PendingWrite } from "./group-commit.ts";
import { recallWrites, type Recalled, recordWrites } from "./ledger.ts";
import { Memberships } from "./memberships.ts";
import { recordEvents } from "./record-events.ts";
import { NameRaceError, userNameKey, UserNames } from "./user-names.ts";

export interface BatchResult {
  readonly outcome: Outcome;
  /** Present where the write was applied now; absent where the ledger already knew. */
  readonly applied: Applied | undefined;
  readonly isReplay: boolean;
}

// The loser of a race for a userName sees the name as taken the second time; more only where many race.
const NAME_RACE_ATTEMPTS = 3;

export interface CommitDeps {
  readonly db: DatabasePool;
  /** Of all tenants. */
  readonly models: TenantModels;
}

/** Applies the writes in one transaction. @returns results in the order of the writes */
export async function commitBatch(
  { db, models }: CommitDeps,
  writes: readonly PendingWrite[],
): Promise<readonly BatchResult[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction((tx) => applyBatch(tx, writes, models));
    } catch (error) {
      const isRace = error instanceof NameRaceError || isUniqueViolation(error);
      if (!isRace || attempt === NAME_RACE_ATTEMPTS) throw error;
    }
  }
}

async function applyBatch(
  tx: Transaction,
  writes: readonly PendingWrite[],
  tenantModels: TenantModels,
): Promise<readonly BatchResult[]> {
  const commands = writes.map(({ command }) => command);
  const { now, versions } = await beginWrites(tx, [...new Set(commands.map(({ tenantId }) => tenantId))]);
  const models = await BatchModels.load(tx, commands, { inForce: versions, models: tenantModels });
  const recalled = await recallWrites(tx, writes);
  // Milliseconds, as SCIM's dateTime shows them, so that a filter on meta.lastModified compares what it saw.
  const around = { now: now.toISOString(), models };
  const entries = await applyEntries(tx, fresh(writes, recalled), around);
  const replays = await recordWrites(tx, entries, recalled);
  await recordEvents(tx, entries);
  const applied = new Map(entries.map((entry) => [entry.command.writeId, entry.result]));
  return writes.map((write) => resultOf(write.command, { applied, recalled, replays }));
}

/** The writes that are to be applied: not those the ledger knows, and each only once. */
function fresh(writes: readonly PendingWrite[], recalled: Recalled): readonly BatchEntry[] {
  const drafts = new Map<string, Draft>();
  const entries = new Map<string, BatchEntry>();
  for (const write of writes) {
    const { writeId, resourceType, resourceId, tenantId } = write.command;
    if (recalled.outcomes.has(writeId) || entries.has(writeId)) continue;
    const key = `${resourceType} ${tenantId} ${resourceId}`;
    const draft = drafts.get(key) ?? { row: undefined };
    drafts.set(key, draft);
    const recordAs = recalled.takenUp.get(writeId) ?? writeId;
    entries.set(writeId, { ...write, draft, recordAs, result: NOT_APPLIED });
  }
  return [...entries.values()];
}

const NOT_APPLIED = new ScimError(500, "internal", { text: "not applied", masked: "not applied" });

async function applyEntries(
  tx: Transaction,
  entries: readonly BatchEntry[],
  around: Around,
): Promise<readonly BatchEntry[]> {
  // Users before groups, everywhere: locks are taken in one order, and members exist before they are added.
  for (const type of ["User", "Group"] as const) {
    const ofType = entries.filter(({ command }) => command.resourceType === type);
    if (ofType.length > 0) await applyType(tx, { ...around, type, entries: ofType });
  }
  return entries;
}

/** What all writes of the batch have about them. */
interface Around {
  readonly now: string;
  readonly models: BatchModels;
}

interface TypeBatch extends Around {
  readonly type: ResourceType;
  readonly entries: readonly BatchEntry[];
}

async function applyType(tx: Transaction, { type, entries, now, models }: TypeBatch): Promise<void> {
  const before = await lockDrafts(tx, type, entries);
  const commands = entries.map(({ command }) => command);
  const names = await UserNames.load(tx, commands);
  const memberships = await Memberships.load(
    tx,
    commands.map((command) => ({
      tenantId: command.tenantId,
      id: command.resourceId,
      changes: membershipChanges(command),
    })),
  );
  for (const entry of entries) {
    entry.result = attempt(entry, { model: models.of(entry.command)[type], names, memberships, now });
  }
  await save(tx, { type, entries, before, memberships, models });
}

function attempt(entry: BatchEntry, around: Surroundings): BatchEntry["result"] {
  try {
    return applyWrite(entry.command, entry.draft, around);
  } catch (error) {
    if (error instanceof ScimError) return error;
    throw error;
  }
}

/** Locks and loads what is to be changed. @returns the rows as they were, by draft */
async function lockDrafts(
  tx: Transaction,
  type: ResourceType,
  entries: readonly BatchEntry[],
): Promise<ReadonlyMap<Draft, ResourceRow>> {
  const wanted = new Map<string, { tenantId: string; id: string; forDelete: boolean; draft: Draft }>();
  for (const { command, draft } of entries) {
    if (command.operation === "create") continue;
    const { tenantId, resourceId: id } = command;
    const forDelete = command.operation === "delete" || (wanted.get(`${tenantId} ${id}`)?.forDelete ?? false);
    wanted.set(`${tenantId} ${id}`, { tenantId, id, forDelete, draft });
  }
  const before = new Map<Draft, ResourceRow>();
  for (const row of await lockResources(tx, type, [...wanted.values()])) {
    const draft = wanted.get(`${row.tenantId} ${row.id}`)?.draft;
    if (!draft) continue;
    draft.row = row;
    before.set(draft, row);
  }
  return before;
}

interface Save {
  readonly type: ResourceType;
  readonly entries: readonly BatchEntry[];
  readonly before: ReadonlyMap<Draft, ResourceRow>;
  readonly memberships: Memberships;
  readonly models: BatchModels;
}

async function save(tx: Transaction, { type, entries, before, memberships, models }: Save): Promise<void> {
  const drafts = new Set(entries.map(({ draft }) => draft));
  const deleted: ResourceRow[] = [];
  const updated: NewResourceRow[] = [];
  const inserted: NewResourceRow[] = [];
  const withColumns = (row: ResourceRow): NewResourceRow =>
    columnsOf(models.inForce(row.tenantId)[type], row);
  for (const draft of drafts) {
    const old = before.get(draft);
    if (old && !draft.row) deleted.push(old);
    if (old && draft.row && draft.row.version !== old.version) updated.push(withColumns(draft.row));
    if (!old && draft.row) inserted.push(withColumns(draft.row));
  }
  await deleteResources(tx, type, deleted);
  await updateResources(tx, type, updated);
  const insertedIds = await insertResources(tx, type, inserted);
  if (insertedIds.size < inserted.length) throw new NameRaceError("another worker took a userName meanwhile");
  const gone = new Set(deleted.map(({ tenantId, id }) => `${tenantId} ${id}`));
  await memberships.save(tx, ({ tenantId, id }) => gone.has(`${tenantId} ${id}`));
}

function columnsOf(model: Model, row: ResourceRow): NewResourceRow {
  const { type } = model;
  const displayName = row.resource["displayName"];
  return {
    ...row,
    nameKey:
      type === "User" ? userNameKey(row.resource) : fold(typeof displayName === "string" ? displayName : ""),
    externalId: externalIdOf(row.resource),
    active: type === "User" ? isActive(row.resource) : null,
    search: searchDocument(model, row.resource),
  };
}

interface Ended {
  readonly applied: ReadonlyMap<string, BatchEntry["result"]>;
  readonly recalled: Recalled;
  /** Refusals that turned out to be answers given before. */
  readonly replays: ReadonlyMap<string, Outcome>;
}

function resultOf({ writeId }: WriteCommand, { applied, recalled, replays }: Ended): BatchResult {
  const known = recalled.outcomes.get(writeId) ?? replays.get(writeId);
  if (known) return { outcome: known, applied: undefined, isReplay: true };
  const result = applied.get(writeId) ?? NOT_APPLIED;
  if (result instanceof ScimError) return { outcome: refusal(result), applied: undefined, isReplay: false };
  return { outcome: result.outcome, applied: result, isReplay: false };
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
