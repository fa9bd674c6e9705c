/** Who may have which userName: the refusals that only the stored directory can give (RFC 7643 section 4.1.1). */
import { fold, say, ScimError, term } from "../scim/index.ts";
import type { Transaction } from "../store/database.ts";
import { findNameHolders, type ResourceRow } from "../store/directory-writes.ts";
import type { Draft } from "./apply-write.ts";
import type { BatchEntry } from "./commit-batch.ts";

/**
 * Refuses the batch's renames to a name that somebody else has, or takes in the same batch. A race with another
 * worker is left to the unique index: the batch fails, is cut in two, and finds the name taken when it runs again.
 */
export async function refuseTakenNames(
  tx: Transaction,
  entries: readonly BatchEntry[],
  before: ReadonlyMap<Draft, ResourceRow>,
): Promise<void> {
  const renames = entries.filter((entry) => isRename(entry, before));
  if (renames.length === 0) return;
  const holders = new Map(await findNameHolders(tx, renames.map(nameOf)));
  for (const entry of renames) {
    const { tenantId, nameKey } = nameOf(entry);
    const holder = holders.get(`${tenantId} ${nameKey}`);
    if (holder === undefined) holders.set(`${tenantId} ${nameKey}`, entry.command.resourceId);
    else if (holder !== entry.command.resourceId) {
      standsAlone(entry, entries);
      refuse(entry, holder, before.get(entry.draft));
    }
  }
}

/** Refuses creates whose insert met a taken name, naming who has it. */
export async function nameTaken(tx: Transaction, conflicts: readonly BatchEntry[]): Promise<void> {
  const holders = await findNameHolders(tx, conflicts.map(nameOf));
  for (const entry of conflicts) {
    const { tenantId, nameKey } = nameOf(entry);
    refuse(entry, holders.get(`${tenantId} ${nameKey}`), undefined);
  }
}

function isRename({ command, draft, result }: BatchEntry, before: ReadonlyMap<Draft, ResourceRow>): boolean {
  const old = before.get(draft);
  if (command.operation === "create" || result instanceof ScimError || !old || !draft.row) return false;
  return nameKeyOf(old) !== nameKeyOf(draft.row);
}

/** Undoing one of several changes to a resource would undo the others: let the batch be cut until each is alone. */
function standsAlone(entry: BatchEntry, entries: readonly BatchEntry[]): void {
  const sharing = entries.filter(({ draft }) => draft === entry.draft);
  if (sharing.length > 1)
    throw new Error("a refused rename shares its resource with other writes of the batch");
}

function refuse(entry: BatchEntry, holder: string | undefined, before: ResourceRow | undefined): void {
  const name = entry.draft.row?.resource["userName"];
  const detail = say`${term("userName")} ${String(name)} is taken by user ${term(holder ?? "of the same moment")} (letter case does not count); rename or delete that user first, or match by userName in Azure so that it is updated instead of created`;
  entry.result = new ScimError("uniqueness", "userName-taken", detail);
  entry.draft.row = before;
}

function nameOf({ command, draft }: BatchEntry): { tenantId: string; nameKey: string } {
  return { tenantId: command.tenantId, nameKey: draft.row ? nameKeyOf(draft.row) : "" };
}

function nameKeyOf(row: ResourceRow): string {
  const name = row.resource["userName"];
  return fold(typeof name === "string" ? name : "");
}
