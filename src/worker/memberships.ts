/**
 * The membership of the groups a batch changes, in memory: what the batch touches is loaded once, each command's
 * change is worked out against it in order, and the difference is written at the end.
 */
import {
  evaluateMember,
  type MemberChange,
  type MemberRef,
  type ResourceType,
  say,
  ScimError,
  term,
} from "../scim/index.ts";
import { together, type Transaction } from "../store/database.ts";
import type { ResourceKey } from "../store/directory-writes.ts";
import {
  deleteMembers,
  findAllMemberships,
  findMemberships,
  insertMembers,
  isResourceId,
  type MemberKey,
  type MemberRow,
  shareMembers,
} from "../store/members.ts";
import { Nesting } from "./nesting.ts";

/** One group's change to its membership, as a command asks for it. */
export interface GroupChange extends ResourceKey {
  readonly changes: readonly MemberChange[];
  /** The group is made by it, so that it has no members yet. */
  readonly isNew?: boolean;
}

/** What one command did to a group's membership. */
export interface MembershipDelta {
  readonly added: ReadonlyMap<string, ResourceType>;
  readonly removed: ReadonlySet<string>;
}

/** Of a command that asks for no change of members, such as each of a user's. */
const NO_DELTA: MembershipDelta = { added: new Map(), removed: new Set() };

export class Memberships {
  /** Members by `tenantId groupId`: all of a group that was loaded whole, else those that were asked about. */
  readonly #present: Map<string, Map<string, ResourceType>>;
  readonly #before: ReadonlyMap<string, ReadonlyMap<string, ResourceType>>;
  readonly #known: ReadonlyMap<string, ResourceType>;
  readonly #nesting: Nesting;

  private constructor(
    rows: readonly MemberRow[],
    known: ReadonlyMap<string, ResourceType>,
    nesting: Nesting,
  ) {
    const present = new Map<string, Map<string, ResourceType>>();
    for (const { tenantId, groupId, memberId, memberType } of rows) {
      const key = `${tenantId} ${groupId}`;
      const members = present.get(key) ?? new Map<string, ResourceType>();
      present.set(key, members.set(memberId, memberType));
    }
    this.#present = present;
    this.#before = new Map([...present].map(([key, members]) => [key, new Map(members)]));
    this.#known = known;
    this.#nesting = nesting;
  }

  /** Of a batch that changes none. */
  static none(): Memberships {
    return new Memberships([], new Map(), Nesting.none());
  }

  /** Reads what the changes touch, and holds the users and groups that are to be added. */
  static async load(tx: Transaction, changes: readonly GroupChange[]): Promise<Memberships> {
    const whole = changes.filter(isAboutWhole);
    const wholeKeys = new Set(whole.map(keyOf));
    const parts = changes.filter((change) => !wholeKeys.has(keyOf(change)));
    const [all, some, shared] = await together([
      findAllMemberships(tx, unique(whole)),
      findMemberships(tx, parts.filter(({ isNew }) => isNew !== true).flatMap(touchedMembers)),
      shareMembers(tx, unique(parts.flatMap(addedMembers))),
    ]);
    // Who is in a group that is replaced need not be held to stay in it: a membership goes with who is deleted.
    const present = new Set(all.map((row) => memberKeyOf(row, row.memberId)));
    const coming = (change: GroupChange): ResourceKey[] =>
      addedMembers(change).filter(
        ({ id }) => !present.has(memberKeyOf({ ...change, groupId: change.id }, id)),
      );
    const others = await shareMembers(
      tx,
      unique(changes.filter((c) => wholeKeys.has(keyOf(c))).flatMap(coming)),
    );
    const known = new Map([
      ...all.map(({ tenantId, memberId, memberType }) => [`${tenantId} ${memberId}`, memberType] as const),
      ...shared,
      ...others,
    ]);
    const added = unique(changes.flatMap(addedMembers));
    const nested = added.filter(({ tenantId, id }) => known.get(`${tenantId} ${id}`) === "Group");
    const nesting = await Nesting.load(tx, [...new Set(nested.map(({ tenantId }) => tenantId))]);
    return new Memberships([...all, ...some], known, nesting);
  }

  /**
   * Works out a change without making it.
   * @throws {ScimError} invalidValue when somebody to be added does not exist, or the group itself is added
   */
  preview({ tenantId, id, changes }: GroupChange): MembershipDelta {
    if (changes.length === 0) return NO_DELTA;
    const present = this.#members({ tenantId, id });
    const after = new Map(present);
    for (const change of changes) this.#step(after, change, { tenantId, id });
    const added = new Map([...after].filter(([member]) => !present.has(member)));
    const removed = new Set([...present.keys()].filter((member) => !after.has(member)));
    return { added, removed };
  }

  accept(group: ResourceKey, delta: MembershipDelta): void {
    if (delta === NO_DELTA) return;
    const present = this.#members(group);
    for (const memberId of delta.removed) {
      present.delete(memberId);
      this.#nesting.remove({ tenantId: group.tenantId, groupId: group.id, memberId });
    }
    for (const [memberId, type] of delta.added) {
      present.set(memberId, type);
      if (type === "Group") this.#nesting.add({ tenantId: group.tenantId, groupId: group.id, memberId });
    }
  }

  /** Writes the difference between what was loaded and what was accepted. Deleted groups lose theirs with their row. */
  async save(tx: Transaction, isDeleted: (group: ResourceKey) => boolean): Promise<void> {
    const inserted: MemberRow[] = [];
    const deleted: MemberKey[] = [];
    for (const [key, members] of this.#present) {
      const [tenantId = "", groupId = ""] = key.split(" ");
      if (isDeleted({ tenantId, id: groupId })) continue;
      const before = this.#before.get(key) ?? new Map<string, ResourceType>();
      for (const [memberId, memberType] of members) {
        if (!before.has(memberId)) inserted.push({ tenantId, groupId, memberId, memberType });
      }
      for (const memberId of before.keys()) {
        if (!members.has(memberId)) deleted.push({ tenantId, groupId, memberId });
      }
    }
    await together([deleteMembers(tx, deleted), insertMembers(tx, inserted)]);
  }

  #members(group: ResourceKey): Map<string, ResourceType> {
    const key = keyOf(group);
    let members = this.#present.get(key);
    if (!members) {
      members = new Map();
      this.#present.set(key, members);
    }
    return members;
  }

  #step(members: Map<string, ResourceType>, change: MemberChange, group: ResourceKey): void {
    switch (change.kind) {
      case "add":
        this.#add(members, change.members, group);
        return;
      case "replace":
        members.clear();
        this.#add(members, change.members, group);
        return;
      case "remove":
        for (const member of change.ids) members.delete(member);
        return;
      case "removeWhere":
        for (const [value, type] of members) {
          if (evaluateMember(change.filter, { value, type })) members.delete(value);
        }
        return;
      case "clear":
        members.clear();
        return;
    }
  }

  /** The batch's earlier changes count; this command's own removals do not yet, which errs towards refusing. */
  #assertNoCircle(memberId: string, { tenantId, id: groupId }: ResourceKey): void {
    if (!this.#nesting.closesCircle({ tenantId, groupId, memberId })) return;
    const how =
      memberId === groupId ? "is the group itself" : "contains it already, directly or through other groups";
    const detail = say`${term("members.value")}: group ${term(memberId)} cannot become a member of group ${term(groupId)}, since it ${term(how)}`;
    throw new ScimError("invalidValue", "member-circle", detail);
  }

  #add(members: Map<string, ResourceType>, refs: readonly MemberRef[], group: ResourceKey): void {
    for (const { value } of refs) {
      if (members.has(value)) continue;
      const type = this.#known.get(`${group.tenantId} ${value}`);
      if (type === undefined) throw unknownMember(value, group.id);
      if (type === "Group") this.#assertNoCircle(value, group);
      members.set(value, type);
    }
  }
}

function unknownMember(value: string, groupId: string): ScimError {
  const detail = say`${term("members.value")}: no user or group has the id ${value}; provision it first, then add it to group ${term(groupId)}`;
  return new ScimError("invalidValue", "member-unknown", detail);
}

function isAboutWhole({ changes }: GroupChange): boolean {
  return changes.some(({ kind }) => kind === "replace" || kind === "clear" || kind === "removeWhere");
}

function touchedMembers({ tenantId, id: groupId, changes }: GroupChange): MemberKey[] {
  return changes
    .flatMap((change) => {
      if (change.kind === "add") return change.members.map(({ value }) => value);
      return change.kind === "remove" ? change.ids : [];
    })
    .filter(isResourceId)
    .map((memberId) => ({ tenantId, groupId, memberId }));
}

function addedMembers({ tenantId, changes }: GroupChange): ResourceKey[] {
  return changes
    .flatMap((change) => (change.kind === "add" || change.kind === "replace" ? change.members : []))
    .filter(({ value }) => isResourceId(value))
    .map(({ value }) => ({ tenantId, id: value }));
}

function memberKeyOf(
  { tenantId, groupId }: { readonly tenantId: string; readonly groupId: string },
  memberId: string,
): string {
  return `${tenantId} ${groupId} ${memberId}`;
}

/** Without repetitions, in the order in which rows are locked. */
function unique(keys: readonly ResourceKey[]): readonly ResourceKey[] {
  const byKey = new Map(keys.map(({ tenantId, id }) => [`${tenantId} ${id}`, { tenantId, id }]));
  return [...byKey.values()];
}

function keyOf({ tenantId, id }: ResourceKey): string {
  return `${tenantId} ${id}`;
}
