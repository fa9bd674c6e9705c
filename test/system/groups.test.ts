/** Azure AD's sequences for groups, over HTTP against the whole service, on each queue backend. */
import { expect, test } from "vitest";
import { createGroup, createUser, memberIds, patch, onEachBackend } from "../support/provision.ts";
import { filterQuery } from "../support/scim-client.ts";

onEachBackend((scimOf) => {
  test("groups are matched without their members, filled, emptied by value, and deleted", async () => {
    const scim = await scimOf();
    const ids = await Promise.all(
      ["ann", "bob", "cy"].map((name) => createUser(scim, `${name}@contoso.com`)),
    );
    const [ann = "", bob = "", cy = ""] = ids;
    const group = await createGroup(scim, "All staff");

    const added = await scim(
      "PATCH",
      `/Groups/${group}`,
      patch({ op: "Add", path: "members", value: ids.map((value) => ({ $ref: null, value })) }),
    );
    const matched = await scim(
      "GET",
      `/Groups?excludedAttributes=members&filter=displayName+eq+%22All+staff%22`,
    );

    expect([added.status, added.body]).toEqual([204, null]);
    expect(matched.body.Resources).toHaveLength(1);
    expect(matched.body.Resources[0]).not.toHaveProperty("members");
    expect(await memberIds(scim, group)).toEqual([...ids].sort());

    await scim(
      "PATCH",
      `/Groups/${group}`,
      patch({ op: "Remove", path: "members", value: [{ $ref: null, value: ann }] }),
    );
    expect(await memberIds(scim, group)).toEqual([bob, cy].sort());

    await scim("PATCH", `/Groups/${group}`, patch({ op: "remove", path: `members[value eq "${bob}"]` }));
    expect(await memberIds(scim, group)).toEqual([cy]);

    const isMember = async (user: string): Promise<number> =>
      (await scim("GET", `/Groups${filterQuery(`id eq "${group}" and members eq "${user}"`)}&attributes=id`))
        .body.totalResults;
    expect(await isMember(cy)).toBe(1);
    expect(await isMember(bob)).toBe(0);

    await scim("PATCH", `/Groups/${group}`, patch({ op: "remove", path: "members" }));
    expect(await memberIds(scim, group)).toEqual([]);
    expect((await scim("DELETE", `/Groups/${group}`)).status).toBe(204);
    expect((await scim("GET", `/Groups/${group}`)).status).toBe(404);
  });
});
