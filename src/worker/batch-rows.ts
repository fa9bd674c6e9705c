/** The rows of users and groups that a batch changes: locked and loaded at its beginning, written at its end. */
import { fold, type Model, type ResourceType, searchDocument } from "../scim/index.ts";
import type { WriteCommand } from "../queue/contracts.ts";
import { together, type Transaction } from "../store/database.ts";
import {
  deleteResources,
  insertResources,
  lockResources,
  type NewResourceRow,
  type ResourceRow,
  updateResources,
} from "../store/directory-writes.ts";
import { isActive } from "./access.ts";
import { type Draft, externalIdOf } from "./apply-write.ts";
import type { BatchEntry } from "./batch-entry.ts";
import type { BatchModels } from "./batch-models.ts";
import type { Memberships } from "./memberships.ts";
import { userNameKey, UserNames } from "./user-names.ts";

/** What a batch holds of one type before it applies anything. */
export interface Held {
  readonly rows: readonly ResourceRow[];
  readonly names: UserNames;
}

/** Locks and loads what the commands may change. */
export async function hold(tx: Transaction, type: ResourceType, all: readonly WriteCommand[]): Promise<Held> {
  const commands = all.filter(({ resourceType }) => resourceType === type);
  const wanted = new Map<string, { tenantId: string; id: string; forDelete: boolean }>();
  for (const { operation, tenantId, resourceId: id } of commands) {
    if (operation === "create") continue;
    const key = `${tenantId} ${id}`;
    const forDelete = operation === "delete" || (wanted.get(key)?.forDelete ?? false);
    wanted.set(key, { tenantId, id, forDelete });
  }
  const [rows, names] = await together([
    lockResources(tx, type, [...wanted.values()]),
    UserNames.load(tx, commands),
  ]);
  return { rows, names };
}

/** Gives the entries' drafts the rows that are there. @returns the rows as they were, by draft */
export function draftsOf(
  entries: readonly BatchEntry[],
  rows: readonly ResourceRow[],
): ReadonlyMap<Draft, ResourceRow> {
  const drafts = new Map(
    entries.map(({ command, draft }) => [`${command.tenantId} ${command.resourceId}`, draft]),
  );
  const before = new Map<Draft, ResourceRow>();
  for (const row of rows) {
    const draft = drafts.get(`${row.tenantId} ${row.id}`);
    // A row of a write that had ended before is held for nothing.
    if (!draft) continue;
    draft.row = row;
    before.set(draft, row);
  }
  return before;
}

/** What a batch leaves of one type, to be written. */
export interface Save {
  readonly type: ResourceType;
  readonly entries: readonly BatchEntry[];
  readonly before: ReadonlyMap<Draft, ResourceRow>;
  readonly memberships: Memberships;
  readonly models: BatchModels;
}

/** All its statements travel together. @throws a unique violation when another worker was faster */
export async function write(
  tx: Transaction,
  { type, entries, before, memberships, models }: Save,
): Promise<void> {
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
  const gone = new Set(deleted.map(({ tenantId, id }) => `${tenantId} ${id}`));
  await together([
    deleteResources(tx, type, deleted),
    updateResources(tx, type, updated),
    insertResources(tx, type, inserted),
    memberships.save(tx, ({ tenantId, id }) => gone.has(`${tenantId} ${id}`)),
  ]);
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
