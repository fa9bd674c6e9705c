/** One service for a whole file of statements, a tenant for each of them, and the words they are written in. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect } from "vitest";
import { createUser, patch, USER } from "../../support/provision.ts";
import { filterQuery, type ScimAnswer, type ScimClient } from "../../support/scim-client.ts";
import { startTestService, type TestService, type TestTenant } from "../../support/service.ts";
import { openTestQueue, queueBackends, type TestQueue } from "../../support/stores.ts";

export const ERROR = "urn:ietf:params:scim:api:messages:2.0:Error";

/** Runs the service for the file that calls this. What is stated here does not depend on the queue's backend. */
export function useOneService(): {
  readonly tenant: () => Promise<TestTenant>;
  readonly client: () => Promise<ScimClient>;
  readonly service: () => TestService;
  readonly queue: TestQueue;
} {
  const [kind = "postgres"] = queueBackends();
  const queue = openTestQueue(kind);
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService(queue);
  });
  afterAll(() => service.stop());
  return {
    tenant: () => service.addTenant(),
    client: async () => (await service.addTenant()).scim,
    service: () => service,
    queue,
  };
}

/** A user with these attributes. @returns the path it is reached by */
export async function userAt(scim: ScimClient, more: object = {}): Promise<string> {
  return `/Users/${await createUser(scim, `${randomUUID()}@contoso.com`, more)}`;
}

export function patchAt(
  scim: ScimClient,
  path: string,
  ...operations: readonly object[]
): Promise<ScimAnswer> {
  return scim("PATCH", path, patch(...operations));
}

/** Replaces a user, whose userName stays. */
export async function replaceAt(scim: ScimClient, path: string, body: object): Promise<ScimAnswer> {
  const { userName } = await read(scim, path);
  return scim("PUT", path, { schemas: [USER], userName, ...body });
}

/** What the service holds, as a plain object: for attributes that a test looks at one by one. */
export async function read(scim: ScimClient, path: string): Promise<Record<string, unknown>> {
  const { status, body } = await scim("GET", path);
  expect(status).toBe(200);
  return { ...body };
}

/** Every refusal is a SCIM error whose status stands in it as a string. */
export function expectRefusal(answer: ScimAnswer, status: number, scimType?: string): void {
  expect([answer.status, answer.body.scimType]).toEqual([status, scimType]);
  expect(answer.body).toMatchObject({ schemas: [ERROR], status: String(status) });
  expect(answer.headers.get("content-type")).toMatch(/^application\/scim\+json/);
}

/** Ids of what a filter finds, in the order of the answer. */
export async function found(scim: ScimClient, filter: string, endpoint = "/Users"): Promise<string[]> {
  const { status, body } = await scim("GET", `${endpoint}${filterQuery(filter)}`);
  expect([filter, status]).toEqual([filter, 200]);
  expect(body.totalResults).toBe(body.Resources.length);
  return body.Resources.map(({ id }) => id);
}

/** The id in a resource's path. */
export function idIn(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
