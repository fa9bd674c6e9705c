/** Which groups are in which, while a batch is applied: what would close a circle is refused. */
import type { Transaction } from "../store/database.ts";
import { holdNesting, type MemberKey } from "../store/members.ts";

export class Nesting {
  /** Groups within a group, by `tenantId groupId`. */
  readonly #inner = new Map<string, Set<string>>();

  private constructor(edges: readonly MemberKey[]) {
    for (const edge of edges) this.add(edge);
  }

  /** @param tenantIds - tenants in which the batch adds a group to a group; with none, nothing is read or held */
  static async load(tx: Transaction, tenantIds: readonly string[]): Promise<Nesting> {
    return new Nesting(tenantIds.length === 0 ? [] : await holdNesting(tx, tenantIds));
  }

  static none(): Nesting {
    return new Nesting([]);
  }

  add({ tenantId, groupId, memberId }: MemberKey): void {
    const key = `${tenantId} ${groupId}`;
    const inner = this.#inner.get(key) ?? new Set<string>();
    this.#inner.set(key, inner.add(memberId));
  }

  remove({ tenantId, groupId, memberId }: MemberKey): void {
    this.#inner.get(`${tenantId} ${groupId}`)?.delete(memberId);
  }

  /** Would the group, once it has this member, contain itself? */
  closesCircle({ tenantId, groupId, memberId }: MemberKey): boolean {
    const seen = new Set<string>();
    const open = [memberId];
    for (let group = open.pop(); group !== undefined; group = open.pop()) {
      if (group === groupId) return true;
      if (seen.has(group)) continue;
      seen.add(group);
      open.push(...(this.#inner.get(`${tenantId} ${group}`) ?? []));
    }
    return false;
  }
}
