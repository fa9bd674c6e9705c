/** Azure AD's sequences for users, over HTTP against the whole service, on each queue backend. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import {
  createGroup,
  createUser,
  ENTERPRISE,
  memberIds,
  patch,
  USER,
  onEachBackend,
} from "../support/provision.ts";
import { filterQuery } from "../support/scim-client.ts";

onEachBackend((scimOf) => {
  test("a connection test by a random GUID finds nothing, and says so with 200", async () => {
    const scim = await scimOf();

    for (const endpoint of ["/Users", "/Groups"]) {
      const name = endpoint === "/Users" ? "userName" : "displayName";
      const { status, headers, body } = await scim(
        "GET",
        `${endpoint}${filterQuery(`${name} eq "${randomUUID()}"`)}`,
      );

      expect(status).toBe(200);
      expect(headers.get("content-type")).toMatch(/^application\/scim\+json/);
      expect(body).toMatchObject({ totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });
    }
  });

  test("a user that does not match is created, and is then found, read and changed", async () => {
    const scim = await scimOf();
    const sent = {
      schemas: [USER, ENTERPRISE],
      externalId: "b.jensen",
      userName: "B.Jensen@contoso.com",
      active: true,
      displayName: "Barbara Jensen",
      name: { givenName: "Barbara", familyName: "Jensen", formatted: "Barbara Jensen" },
      emails: [{ primary: true, type: "work", value: "b.jensen@contoso.com" }],
      [ENTERPRISE]: { employeeNumber: "701984", department: "Tours" },
    };

    const created = await scim("POST", "/Users", sent);

    expect(created.status).toBe(201);
    expect(created.body).toMatchObject(sent);
    expect(created.headers.get("location")).toBe(created.body.meta.location);
    expect(created.headers.get("etag")).toBe(created.body.meta.version);
    expect(created.body.meta.created).toBe(created.body.meta.lastModified);

    const found = await scim("GET", `/Users${filterQuery('userName eq "b.jensen@CONTOSO.com"')}`);
    expect(found.body.totalResults).toBe(1);
    expect(found.body.Resources[0]).toEqual(created.body);

    const read = await scim("GET", `/Users/${created.body.id}`);
    expect(read.body).toEqual(created.body);

    const changed = await scim(
      "PATCH",
      `/Users/${created.body.id}`,
      patch(
        { op: "Replace", path: "displayName", value: "Babs Jensen" },
        { op: "Add", path: 'emails[type eq "home"].value', value: "babs@jensen.org" },
        { op: "Replace", path: `${ENTERPRISE}:department`, value: "Sales" },
      ),
    );
    expect(changed.status).toBe(200);
    expect(changed.body.displayName).toBe("Babs Jensen");
    expect(changed.body.emails).toContainEqual({ type: "home", value: "babs@jensen.org" });
    expect(changed.body[ENTERPRISE]?.department).toBe("Sales");
    expect(changed.headers.get("etag")).not.toBe(created.headers.get("etag"));
    expect((await scim("GET", `/Users/${created.body.id}`)).body).toEqual(changed.body);
  });

  test.each([
    ["the legacy dialect", { op: "Replace", path: "active", value: "False" }],
    ["the compliant dialect", { op: "replace", path: "active", value: false }],
    ["Add instead of Replace", { op: "Add", path: "active", value: "false" }],
    ["a value without a path", { op: "replace", value: { active: false } }],
    ["a value without a path, as text", { op: "Replace", value: { active: "False" } }],
  ])("a user is deactivated by %s, still found, and enabled again", async (_form, operation) => {
    const scim = await scimOf();
    const id = await createUser(scim, `${randomUUID()}@contoso.com`, { active: true });

    const off = await scim("PATCH", `/Users/${id}`, patch(operation));
    const still = await scim("GET", `/Users/${id}`);
    const inactive = await scim("GET", `/Users${filterQuery("active eq false")}`);
    const on = await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "active", value: "True" }));

    expect([off.status, off.body.active]).toEqual([200, false]);
    expect([still.status, still.body.active]).toEqual([200, false]);
    expect(inactive.body.Resources.map(({ id }) => id)).toEqual([id]);
    expect([on.status, on.body.active]).toEqual([200, true]);
  });

  test("a deleted user is gone from everywhere, and its userName is free", async () => {
    const scim = await scimOf();
    const id = await createUser(scim, "gone@contoso.com");
    const group = await createGroup(scim, "Leavers");
    await scim("PATCH", `/Groups/${group}`, patch({ op: "Add", path: "members", value: [{ value: id }] }));

    const deleted = await scim("DELETE", `/Users/${id}`);

    expect([deleted.status, deleted.body]).toEqual([204, null]);
    expect((await scim("GET", `/Users/${id}`)).status).toBe(404);
    expect(
      (await scim("PATCH", `/Users/${id}`, patch({ op: "add", path: "title", value: "x" }))).status,
    ).toBe(404);
    expect((await scim("DELETE", `/Users/${id}`)).status).toBe(404);
    expect(
      (await scim("GET", `/Users${filterQuery('userName eq "gone@contoso.com"')}`)).body.totalResults,
    ).toBe(0);
    expect(await memberIds(scim, group)).toEqual([]);
    await createUser(scim, "gone@contoso.com");
  });

  test("the manager is set by a reference of its own, and cleared by an empty string", async () => {
    const scim = await scimOf();
    const boss = await createUser(scim, "boss@contoso.com");
    const id = await createUser(scim, "worker@contoso.com");

    const set = await scim(
      "PATCH",
      `/Users/${id}`,
      patch({ op: "Add", path: `${ENTERPRISE}:manager`, value: boss }),
    );
    const cleared = await scim(
      "PATCH",
      `/Users/${id}`,
      patch({ op: "replace", path: `${ENTERPRISE}:manager`, value: "" }),
    );

    expect(set.body[ENTERPRISE]?.manager?.value).toBe(boss);
    expect(cleared.body[ENTERPRISE]).toBeUndefined();
    expect(cleared.body.schemas).toEqual([USER]);
  });

  test("PUT replaces a user whole and never creates one", async () => {
    const scim = await scimOf();
    const id = await createUser(scim, "old@contoso.com", { title: "Guide", displayName: "Old" });

    const put = await scim("PUT", `/Users/${id}`, {
      schemas: [USER],
      userName: "new@contoso.com",
      displayName: "New",
    });
    const unknown = await scim("PUT", `/Users/${randomUUID()}`, {
      schemas: [USER],
      userName: "x@contoso.com",
    });

    expect(put.status).toBe(200);
    expect(put.body).toMatchObject({ id, userName: "new@contoso.com", displayName: "New" });
    expect(put.body).not.toHaveProperty("title");
    expect(unknown.status).toBe(404);
  });
});
