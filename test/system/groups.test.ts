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

  test("groups may hold groups, and users show which they are in through others", async () => {
    const scim = await scimOf();
    const [ann, staff, all, world] = [
      await createUser(scim, "ann@contoso.com"),
      await createGroup(scim, "Staff"),
      await createGroup(scim, "All"),
      await createGroup(scim, "World"),
    ];
    const add = (group: string, member: string) =>
      scim("PATCH", `/Groups/${group}`, patch({ op: "add", path: "members", value: [{ value: member }] }));

    expect((await add(staff, ann)).status).toBe(204);
    expect((await add(all, staff)).status).toBe(204);
    expect((await add(world, all)).status).toBe(204);
    expect((await add(world, ann)).status).toBe(204);

    const { body: user } = await scim("GET", `/Users/${ann}`);
    const { body: group } = await scim("GET", `/Groups/${all}`);
    expect(Object.fromEntries(user.groups!.map(({ display, type }) => [display, type]))).toEqual({
      Staff: "direct",
      All: "indirect",
      World: "direct",
    });
    expect(group.members).toEqual([
      expect.objectContaining({ value: staff, type: "Group", display: "Staff" }) as object,
    ]);
  });

  test("a group that would contain itself is refused, also when two requests meet", async () => {
    const scim = await scimOf();
    const [a, b, c] = [
      await createGroup(scim, "A"),
      await createGroup(scim, "B"),
      await createGroup(scim, "C"),
    ];
    const add = (group: string, member: string) =>
      scim("PATCH", `/Groups/${group}`, patch({ op: "add", path: "members", value: [{ value: member }] }));
    await add(a, b);
    await add(b, c);

    const [itself, circle] = [await add(a, a), await add(c, a)];
    for (const { status, body } of [itself, circle]) {
      expect([status, body.scimType]).toEqual([400, "invalidValue"]);
      expect(body.detail).toMatch(/cannot become a member/);
    }

    const [x, y] = [await createGroup(scim, "X"), await createGroup(scim, "Y")];
    const both = await Promise.all([add(x, y), add(y, x)]);
    expect(both.map(({ status }) => status).sort()).toEqual([204, 400]);
    expect(await memberIds(scim, c)).toEqual([]);
  });
});
