/** Write commands as the api puts them on the queue, for tests that apply them without one. */
import type { DatabasePool } from "../../src/store/database.ts";
import { TenantModels } from "../../src/store/tenant-models.ts";
import type { CommitDeps } from "../../src/worker/commit-batch.ts";
import { v7 as uuidv7 } from "uuid";
import { CORE_READING, readBody, readPatch } from "../../src/scim/index.ts";
import type { WriteCommand } from "../../src/queue/contracts.ts";
import type { Database } from "../../src/store/database.ts";
import { GROUP, PATCH_OP, USER } from "./provision.ts";

/** @returns the new tenant's id */
export async function insertTenant(db: Database): Promise<string> {
  const id = uuidv7();
  await db.query("INSERT INTO tenants (id, slug, name) VALUES ($1, $2, $2)", [id, `t-${id}`]);
  return id;
}

export type Step = Pick<WriteCommand, "operation" | "resourceType" | "resourceId" | "payload">;

export function command(tenantId: string, step: Step): WriteCommand {
  return {
    version: 1,
    writeId: uuidv7(),
    tenantId,
    tenantSlug: "t",
    connectionId: uuidv7(),
    cycleId: null,
    apiId: uuidv7(),
    requestKey: uuidv7(),
    correlationId: "c",
    ifMatch: null,
    requestedAt: Date.now(),
    ...step,
  };
}

export const create = (resourceId: string, userName: string, more: object = {}): Step => ({
  operation: "create",
  resourceType: "User",
  resourceId,
  payload: readBody("User", { schemas: [USER], userName, ...more }, CORE_READING),
});

export const createGroup = (resourceId: string, displayName: string, more: object = {}): Step => ({
  operation: "create",
  resourceType: "Group",
  resourceId,
  payload: readBody("Group", { schemas: [GROUP], displayName, ...more }, CORE_READING),
});

export const patch = (resourceId: string, ...Operations: readonly object[]): Step => ({
  operation: "patch",
  resourceType: "User",
  resourceId,
  payload: readPatch("User", { schemas: [PATCH_OP], Operations }, CORE_READING),
});

export const patchGroup = (resourceId: string, ...Operations: readonly object[]): Step => ({
  operation: "patch",
  resourceType: "Group",
  resourceId,
  payload: readPatch("Group", { schemas: [PATCH_OP], Operations }, CORE_READING),
});

export const remove = (resourceType: Step["resourceType"], resourceId: string): Step => ({
  operation: "delete",
  resourceType,
  resourceId,
  payload: null,
});

/** What the transaction of a batch needs besides its writes. */
export function commitDeps(db: DatabasePool): CommitDeps {
  return { db, models: new TenantModels() };
}
