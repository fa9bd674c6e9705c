/** What Azure AD provisions, in short words for tests: one call, one request, its answer checked. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect } from "vitest";
import type { ScimClient } from "./scim-client.ts";
import { startTestService, type TestService } from "./service.ts";
import { openTestQueue, queueBackends } from "./stores.ts";

export const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
export const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
export const PRODUCT = "urn:ietf:params:scim:schemas:extension:rollcall:2.0:User";
export const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

const AZURE_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/**
 * Runs the tests against the whole service over HTTP, on each queue backend.
 * @param tests - gets a function that makes a tenant and returns a client speaking for it
 */
export function onEachBackend(tests: (scimOf: () => Promise<ScimClient>) => void): void {
  describe.each(queueBackends())("with the queue on %s", (kind) => {
    let service: TestService;

    beforeAll(async () => {
      service = await startTestService(openTestQueue(kind));
    });
    afterAll(() => service.stop());

    tests(async () => (await service.addTenant()).scim);
  });
}

/** The body of a PATCH with these operations. */
export function patch(...Operations: readonly object[]): object {
  return { schemas: [PATCH_OP], Operations };
}

/** @returns the new user's id */
export async function createUser(scim: ScimClient, userName: string, more: object = {}): Promise<string> {
  const { status, body } = await scim("POST", "/Users", { schemas: [USER], userName, ...more });
  expect(status).toBe(201);
  return body.id;
}

/** Sends what Azure sends, unknown schema and all. @returns the new group's id */
export async function createGroup(scim: ScimClient, displayName: string): Promise<string> {
  const { status, body } = await scim("POST", "/Groups", {
    schemas: [GROUP, AZURE_GROUP],
    externalId: randomUUID(),
    displayName,
    meta: { resourceType: "Group" },
  });
  expect(status).toBe(201);
  return body.id;
}

/** Ids of the group's members, sorted. */
export async function memberIds(scim: ScimClient, groupId: string): Promise<string[]> {
  const { body } = await scim("GET", `/Groups/${groupId}`);
  return (body.members ?? []).map(({ value }) => value).sort();
}
