/** What holds for every resource, over HTTP: versions, paging, repeats, discovery, tenants apart. */
import { expect, test } from "vitest";
import {
  createGroup,
  createUser,
  ENTERPRISE,
  GROUP,
  memberIds,
  patch,
  USER,
  onEachBackend,
} from "../support/provision.ts";
import { filterQuery } from "../support/scim-client.ts";

onEachBackend((scimOf) => {
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

    const paged = pages.flatMap(({ body }) => body.Resources.map(({ id }) => id));
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
    expect(types.body.Resources.map(({ id }) => id)).toEqual(["User", "Group"]);
    expect(schemas.body.Resources.map(({ id }) => id)).toEqual(
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
