/** A bulk request leaves the directory that its operations leave one by one, whatever they are. RFC 7644 section 3.7. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createGroup, createUser, patch } from "../support/provision.ts";
import type { ScimClient } from "../support/scim-client.ts";
import { useOneService } from "./rfc/one-service.ts";

const { service } = useOneService();

const USERS = 3;
const BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/** An operation on one of a few users or on the group, by their numbers. */
interface Step {
  readonly kind: "retitle" | "disable" | "delete" | "join" | "leave" | "empty" | "rename";
  readonly user: number;
  readonly text: string;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("retitle", "disable", "delete", "join", "leave", "empty", "rename"),
    user: fc.nat(USERS - 1),
    text: fc.constantFrom("a", "b"),
  }),
  { minLength: 2, maxLength: 8 },
);

interface Directory {
  readonly scim: ScimClient;
  readonly users: readonly string[];
  readonly group: string;
}

async function directory(): Promise<Directory> {
  const { scim } = await service().addTenant();
  const users: string[] = [];
  for (let n = 0; n < USERS; n += 1) users.push(await createUser(scim, `user${n}@x.org`));
  return { scim, users, group: await createGroup(scim, "Crew") };
}

function operationOf({ kind, user, text }: Step, { users, group }: Directory) {
  const id = users[user] ?? "";
  const onUser = (path: string, value: unknown) => ({
    method: "PATCH",
    path: `/Users/${id}`,
    data: patch({ op: "replace", path, value }),
  });
  const onGroup = (operation: object) => ({
    method: "PATCH",
    path: `/Groups/${group}`,
    data: patch(operation),
  });
  switch (kind) {
    case "retitle":
      return onUser("title", text);
    case "disable":
      return onUser("active", text === "a");
    case "delete":
      return { method: "DELETE", path: `/Users/${id}` };
    case "join":
      return onGroup({ op: "add", path: "members", value: [{ value: id }] });
    case "leave":
      return onGroup({ op: "remove", path: `members[value eq "${id}"]` });
    case "empty":
      return onGroup({ op: "remove", path: "members" });
    case "rename":
      return onGroup({ op: "replace", path: "displayName", value: text });
  }
}

/** What there is, without what differs from one directory to another. */
async function contentOf({ scim, users, group }: Directory): Promise<unknown> {
  const people = await Promise.all(
    users.map(async (id) => {
      const { status, body } = await scim("GET", `/Users/${id}`);
      const { title, active, groups = [] } = body;
      return status === 200 ? { title, active, groups: groups.length } : status;
    }),
  );
  const { displayName, members = [] } = (await scim("GET", `/Groups/${group}`)).body;
  return { people, displayName, members: members.map(({ value }) => users.indexOf(value)) };
}

test("a bulk request is the same as its operations one by one", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const [single, bulk] = [await directory(), await directory()];
      const statuses: number[] = [];
      for (const step of list) {
        const { method, path, ...rest } = operationOf(step, single);
        const data = "data" in rest ? rest.data : undefined;
        statuses.push((await single.scim(method, path, data)).status);
      }
      const Operations = list.map((step) => operationOf(step, bulk));
      const { body } = await bulk.scim("POST", "/Bulk", { schemas: [BULK], Operations });

      const results = (body as unknown as { Operations: { status: string }[] }).Operations;
      // A PATCH that is answered without a body has a status of its own; in bulk it is 200.
      const ends = results.map(({ status }) => (status === "204" ? "200" : status));
      expect(ends).toEqual(statuses.map((status) => (status === 204 ? "200" : String(status))));
      expect(await contentOf(bulk)).toEqual(await contentOf(single));
    }),
    { numRuns: 15 },
  );
});
