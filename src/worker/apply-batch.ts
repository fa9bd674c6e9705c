/** A batch applied in memory: each write to the draft of its resource, in the order of the batch. */
import { ScimError, type ResourceType } from "../scim/index.ts";
import { together, type Transaction } from "../store/database.ts";
import { applyWrite, type Draft, type Surroundings } from "./apply-write.ts";
import type { BatchEntry } from "./batch-entry.ts";
import type { BatchModels } from "./batch-models.ts";
import { draftsOf, type Held, type Save, write } from "./batch-rows.ts";
import type { DeactivationGuard } from "./deactivation-guard.ts";
import type { Growth } from "./directory-growth.ts";
import { type GroupChange, Memberships } from "./memberships.ts";
import { membershipChanges } from "./payload.ts";
import type { FreshWrite } from "./recall.ts";

/** Writes of one resource share a draft, so that each sees what the one before it did. */
export function createEntries(fresh: readonly FreshWrite[]): readonly BatchEntry[] {
  const drafts = new Map<string, Draft>();
  return fresh.map((write) => {
    const { resourceType, resourceId, tenantId } = write.command;
    const key = `${resourceType} ${tenantId} ${resourceId}`;
    const draft = drafts.get(key) ?? { row: undefined };
    drafts.set(key, draft);
    return { ...write, draft, result: NOT_APPLIED };
  });
}

export const NOT_APPLIED = new ScimError(500, "internal", { text: "not applied", masked: "not applied" });

/** What all writes of the batch have about them. */
interface Around {
  readonly now: string;
  readonly models: BatchModels;
  readonly growth: Growth;
  readonly guard: DeactivationGuard;
}

interface Apply extends Around {
  readonly entries: readonly BatchEntry[];
  readonly held: Readonly<Record<ResourceType, Held>>;
}

/**
 * Users before groups, everywhere: locks are taken in one order, and members exist before they are added.
 * @returns what is still to be written
 */
export async function applyEntries(
  tx: Transaction,
  { entries, held, ...around }: Apply,
): Promise<readonly Save[]> {
  const ofType = (type: ResourceType): readonly BatchEntry[] =>
    entries.filter(({ command }) => command.resourceType === type);
  const users = applyType({
    ...around,
    type: "User",
    entries: ofType("User"),
    held: held.User,
    memberships: Memberships.none(),
  });
  const groups = ofType("Group");
  if (groups.length === 0) return [users];
  const [, memberships] = await together([write(tx, users), Memberships.load(tx, groups.map(groupChange))]);
  return [applyType({ ...around, type: "Group", entries: groups, held: held.Group, memberships })];
}

function groupChange({ command }: BatchEntry): GroupChange {
  const { tenantId, resourceId: id, operation } = command;
  return { tenantId, id, changes: membershipChanges(command), isNew: operation === "create" };
}

interface TypeBatch extends Around {
  readonly type: ResourceType;
  readonly entries: readonly BatchEntry[];
  readonly held: Held;
  readonly memberships: Memberships;
}

/** Of entries of one type. @returns what is to be written of it */
export function applyType({ type, entries, held, memberships, now, models, growth, guard }: TypeBatch): Save {
  const before = draftsOf(entries, held.rows);
  for (const entry of entries) {
    const model = models.of(entry.command)[type];
    entry.result = attempt(entry, { model, names: held.names, memberships, guard, now });
  }
  const drafts = entries.map(({ draft }) => draft);
  growth.add(type, drafts, before);
  return { type, entries, before, memberships, models };
}

function attempt(entry: BatchEntry, around: Surroundings): BatchEntry["result"] {
  try {
    return applyWrite(entry.command, entry.draft, around);
  } catch (error) {
    if (error instanceof ScimError) return error;
    throw error;
  }
}
