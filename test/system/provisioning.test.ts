/** Azure AD's request sequences against the whole service over HTTP, on each queue backend. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filterQuery, type ScimClient } from "../support/scim-client.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
const AZURE_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

const patch = (...Operations: readonly object[]) => ({ schemas: [PATCH_OP], Operations });

describe.each(queueBackends())("with the queue on %s", (kind) => {
  let service: TestService;

  beforeAll(async () => {
    service = await startTestService(openTestQueue(kind));
  });
  afterAll(() => service.stop());

  const scimOf = async (): Promise<ScimClient> => (await service.addTenant()).scim;

  async function createUser(scim: ScimClient, userName: string, more: object = {}): Promise<string> {
    const { status, body } = await scim("POST", "/Users", { schemas: [USER], userName, ...more });
    expect(status).toBe(201);
    return body.id as string;
  }

  async function createGroup(scim: ScimClient, displayName: string): Promise<string> {
    const sent = {
      schemas: [GROUP, AZURE_GROUP],
      externalId: randomUUID(),
      displayName,
      meta: { resourceType: "Group" },
    };
    const { status, body } = await scim("POST", "/Groups", sent);
    expect(status).toBe(201);
    return body.id as string;
  }

  async function memberIds(scim: ScimClient, groupId: string): Promise<string[]> {
    const { body } = await scim("GET", `/Groups/${groupId}`);
    return ((body.members ?? []) as { value: string }[]).map(({ value }) => value).sort();
  }

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
    expect(changed.body[ENTERPRISE].department).toBe("Sales");
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
    expect(inactive.body.Resources.map((user: { id: string }) => user.id)).toEqual([id]);
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
        .body.totalResults as number;
    expect(await isMember(cy)).toBe(1);
    expect(await isMember(bob)).toBe(0);

    await scim("PATCH", `/Groups/${group}`, patch({ op: "remove", path: "members" }));
    expect(await memberIds(scim, group)).toEqual([]);
    expect((await scim("DELETE", `/Groups/${group}`)).status).toBe(204);
    expect((await scim("GET", `/Groups/${group}`)).status).toBe(404);
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

    expect(set.body[ENTERPRISE].manager.value).toBe(boss);
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

  test("a stale If-Match is refused with 412 and changes nothing", async () => {
    const scim = await scimOf();
    const id = await createUser(scim, "etag@contoso.com");
    const { headers, body } = await scim("GET", `/Users/${id}`);
    const etag = headers.get("etag") ?? "";
    const rename = patch({ op: "replace", path: "title", value: "First" });

    const first = await scim("PATCH", `/Users/${id}`, rename, { headers: { "If-Match": etag } });
    const second = await scim(
      "PATCH",
      `/Users/${id}`,
      patch({ op: "replace", path: "title", value: "Second" }),
      {
        headers: { "If-Match": etag },
      },
    );
    const cached = await scim("GET", `/Users/${id}`, undefined, {
      headers: { "If-None-Match": first.headers.get("etag") ?? "" },
    });

    expect(body).not.toHaveProperty("title");
    expect(first.status).toBe(200);
    expect(second.status).toBe(412);
    expect(cached.status).toBe(304);
    expect((await scim("GET", `/Users/${id}`)).body.title).toBe("First");
  });

  test("a write that changes nothing keeps the version", async () => {
    const scim = await scimOf();
    const id = await createUser(scim, "same@contoso.com", { title: "Guide" });
    const before = await scim("GET", `/Users/${id}`);

    const again = await scim(
      "PATCH",
      `/Users/${id}`,
      patch({ op: "Replace", path: "title", value: "Guide" }),
    );

    expect(again.status).toBe(200);
    expect(again.body.meta).toEqual(before.body.meta);
  });

  test("lists are paged in a stable order, and count=0 only counts", async () => {
    const scim = await scimOf();
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1) ids.push(await createUser(scim, `p${index}@contoso.com`));

    const pages = await Promise.all(
      [1, 4, 7].map((startIndex) => scim("GET", `/Users?startIndex=${startIndex}&count=3`)),
    );
    const none = await scim("GET", "/Users?count=0");

    const paged = pages.flatMap(
      ({ body }) => body.Resources.map((user: { id: string }) => user.id) as string[],
    );
    expect(paged).toEqual(ids);
    expect(pages.map(({ body }) => [body.totalResults, body.startIndex, body.itemsPerPage])).toEqual([
      [7, 1, 3],
      [7, 4, 3],
      [7, 7, 1],
    ]);
    expect(none.body).toMatchObject({ totalResults: 7, itemsPerPage: 0, Resources: [] });
  });

  test("the same request sent twice at once is one write with one answer", async () => {
    const scim = await scimOf();
    const body = { schemas: [USER], userName: "twice@contoso.com" };

    const answers = await Promise.all([scim("POST", "/Users", body), scim("POST", "/Users", body)]);

    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers[0].body.id).toBe(answers[1].body.id);
  });

  test("discovery says what the service can do", async () => {
    const scim = await scimOf();

    const config = await scim("GET", "/ServiceProviderConfig");
    const types = await scim("GET", "/ResourceTypes");
    const schemas = await scim("GET", "/Schemas");
    const one = await scim("GET", `/Schemas/${USER}`);

    expect(config.body).toMatchObject({ patch: { supported: true }, filter: { supported: true } });
    expect(types.body.Resources.map(({ id }: { id: string }) => id)).toEqual(["User", "Group"]);
    expect(schemas.body.Resources.map(({ id }: { id: string }) => id)).toEqual(
      expect.arrayContaining([USER, GROUP, ENTERPRISE]),
    );
    expect(one.body.id).toBe(USER);
    expect((await scim("GET", "/Schemas?filter=id+pr")).status).toBe(403);
  });

  test("one tenant never sees or touches what another has", async () => {
    const [ours, theirs] = [await scimOf(), await scimOf()];
    const id = await createUser(theirs, "same.name@contoso.com", { title: "Theirs" });
    const group = await createGroup(theirs, "Their group");
    const mine = await createUser(ours, "same.name@contoso.com");
    const myGroup = await createGroup(ours, "Our group");

    const attempts = await Promise.all([
      ours("GET", `/Users/${id}`),
      ours("GET", `/Groups/${group}`),
      ours("PATCH", `/Users/${id}`, patch({ op: "replace", path: "title", value: "Ours" })),
      ours("PUT", `/Users/${id}`, { schemas: [USER], userName: "stolen@contoso.com" }),
      ours("DELETE", `/Users/${id}`),
      ours("DELETE", `/Groups/${group}`),
      ours("PATCH", `/Groups/${group}`, patch({ op: "add", path: "members", value: [{ value: mine }] })),
    ]);
    const borrow = await ours(
      "PATCH",
      `/Groups/${myGroup}`,
      patch({ op: "add", path: "members", value: [{ value: id }] }),
    );

    expect(attempts.map(({ status }) => status)).toEqual(attempts.map(() => 404));
    expect(borrow.status).toBe(400);
    expect((await ours("GET", "/Users")).body.totalResults).toBe(1);
    expect((await ours("GET", `/Users${filterQuery(`id eq "${id}"`)}`)).body.totalResults).toBe(0);
    expect((await theirs("GET", `/Users/${id}`)).body.title).toBe("Theirs");
    expect(await memberIds(theirs, group)).toEqual([]);
  });
});
