/** By how much a batch makes each tenant's directory larger or smaller; users who may log in and others by themselves. */
import type { ResourceType } from "../scim/index.ts";
import type { ResourceRow } from "../store/directory-writes.ts";
import type { DirectoryGrowth } from "../store/directory-totals.ts";
import { isActive } from "./access.ts";
import type { Draft } from "./apply-write.ts";

type Count = "usersActive" | "usersInactive" | "groups";

export class Growth {
  readonly #byTenant = new Map<string, { -readonly [Key in keyof DirectoryGrowth]: DirectoryGrowth[Key] }>();

  /** @param before - the rows as they were, by draft */
  add(type: ResourceType, drafts: Iterable<Draft>, before: ReadonlyMap<Draft, ResourceRow>): void {
    for (const draft of new Set(drafts)) {
      const old = before.get(draft);
      if (old) this.#count(old.tenantId, countOf(type, old), -1);
      if (draft.row) this.#count(draft.row.tenantId, countOf(type, draft.row), 1);
    }
  }

  /** Tenants whose numbers differ, in the order in which their rows are locked. */
  changes(): readonly DirectoryGrowth[] {
    return [...this.#byTenant.values()]
      .filter(
        ({ usersActive, usersInactive, groups }) => usersActive !== 0 || usersInactive !== 0 || groups !== 0,
      )
      .sort((a, b) => (a.tenantId < b.tenantId ? -1 : 1));
  }

  #count(tenantId: string, count: Count, by: 1 | -1): void {
    const sum = this.#byTenant.get(tenantId) ?? { tenantId, usersActive: 0, usersInactive: 0, groups: 0 };
    sum[count] += by;
    this.#byTenant.set(tenantId, sum);
  }
}

function countOf(type: ResourceType, row: ResourceRow): Count {
  if (type === "Group") return "groups";
  return isActive(row.resource) ? "usersActive" : "usersInactive";
}
