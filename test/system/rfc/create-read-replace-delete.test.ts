/** What RFC 7644 sections 3.3 to 3.6, 3.9 and 3.14 state about single resources, statement by statement, over HTTP. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import {
  createGroup,
  createUser,
  ENTERPRISE,
  GROUP,
  memberIds,
  patch,
  USER,
} from "../../support/provision.ts";
import type { ScimAnswer } from "../../support/scim-client.ts";
import { expectRefusal, found, idIn, patchAt, read, useOneService, userAt } from "./one-service.ts";

const { client } = useOneService();

test("RFC 33: POST ignores readOnly attributes", async () => {
  const scim = await client();
  const group = await createGroup(scim, "Crew");
  const { status, body } = await scim("POST", "/Users", {
    schemas: [USER],
    id: "mine",
    userName: "ann@contoso.com",
    groups: [{ value: group }],
    meta: { created: "2001-01-01T00:00:00Z" },
  });

  expect(status).toBe(201);
  expect(body.id).not.toBe("mine");
  expect(body).not.toHaveProperty("groups");
  expect(body.meta.created).not.toMatch(/^2001/);
  expect(await memberIds(scim, group)).toEqual([]);
});

test("RFC 34: POST answers 201 with the resource and its address, in header and body", async () => {
  const scim = await client();

  for (const [endpoint, sent] of [
    ["/Users", { schemas: [USER], userName: "ann@contoso.com", title: "Guide" }],
    ["/Groups", { schemas: [GROUP], displayName: "Crew" }],
  ] as const) {
    const { status, headers, body } = await scim("POST", endpoint, sent);
    expect(status).toBe(201);
    expect(body).toMatchObject(sent);
    expect(headers.get("location")).toBe(body.meta.location);
    expect(body.meta.location.endsWith(`/scim/v2${endpoint}/${body.id}`)).toBe(true);
    expect(await read(scim, `${endpoint}/${body.id}`)).toEqual(body);
  }
});

test("RFC 35: a user that is there already is 409 uniqueness", async () => {
  const scim = await client();
  const id = await createUser(scim, "ann@contoso.com");

  const again = await scim("POST", "/Users", { schemas: [USER], userName: "Ann@contoso.com", title: "x" });

  expectRefusal(again, 409, "uniqueness");
  expect(await found(scim, "userName pr")).toEqual([id]);
});

test("RFC 36: null and the empty list unassign in POST and PUT, but a user is always active or not", async () => {
  const scim = await client();
  const cleared = { title: null, emails: [], nickName: null, active: null };
  const path = await userAt(scim, cleared);
  const { userName } = await read(scim, path);
  await patchAt(scim, path, { op: "add", value: { title: "Guide", emails: [{ value: "a@x.org" }] } });

  const put = await scim("PUT", path, { schemas: [USER], userName, ...cleared });

  expect(put.status).toBe(200);
  // The one default there is cannot be cleared: whoever asks whether a person may sign in needs an answer.
  expect(Object.keys(put.body).sort()).toEqual(["active", "id", "meta", "schemas", "userName"]);
  expect(put.body.active).toBe(true);
});

test("RFC 37: both PUT and PATCH are there, for users and groups", async () => {
  const scim = await client();
  const user = await userAt(scim);
  const group = `/Groups/${await createGroup(scim, "Crew")}`;
  const rename = patch({ op: "replace", path: "displayName", value: "Patched" });

  expect((await scim("PATCH", user, rename)).status).toBe(200);
  expect((await scim("PATCH", group, rename)).status).toBe(204);
  expect((await scim("PUT", user, { schemas: [USER], userName: "put@contoso.com" })).status).toBe(200);
  expect((await scim("PUT", group, { schemas: [GROUP], displayName: "Put" })).status).toBe(200);
});

test("RFC 38: PUT never creates", async () => {
  const scim = await client();

  for (const id of [randomUUID(), "mine"]) {
    expectRefusal(await scim("PUT", `/Users/${id}`, { schemas: [USER], userName: "a@contoso.com" }), 404);
    expectRefusal(await scim("PUT", `/Groups/${id}`, { schemas: [GROUP], displayName: "Crew" }), 404);
  }
  expect(await found(scim, "userName pr")).toEqual([]);
  expect(await found(scim, "displayName pr", "/Groups")).toEqual([]);
});

test("RFC 39: PUT clears what it omits, ignores what is readOnly, and needs what is required", async () => {
  const scim = await client();
  const path = await userAt(scim, { title: "Guide", active: false, [ENTERPRISE]: { department: "Tours" } });
  const before = await read(scim, path);

  expectRefusal(await scim("PUT", path, { schemas: [USER], title: "x" }), 400, "invalidValue");
  expect(await read(scim, path)).toEqual(before);
  const put = await scim("PUT", path, { schemas: [USER], id: "mine", userName: "a@contoso.com", groups: [] });

  // Left out, active stays as it is, which the RFC leaves to the server: silence lets nobody in.
  expect(put.body).toEqual({
    schemas: [USER],
    id: idIn(path),
    userName: "a@contoso.com",
    active: false,
    meta: put.body.meta,
  });
});

test("RFC 39: PUT sets the members of a group that had none, and leaves no others", async () => {
  const scim = await client();
  const [ann, bob] = [await createUser(scim, "ann@contoso.com"), await createUser(scim, "bob@contoso.com")];
  const group = await createGroup(scim, "Crew");
  const put = (members?: readonly object[]) =>
    scim("PUT", `/Groups/${group}`, { schemas: [GROUP], displayName: "Crew", members });

  expect((await put([{ value: ann }])).body.members).toMatchObject([{ value: ann }]);
  expect((await put([{ value: bob }])).body.members).toMatchObject([{ value: bob }]);
  expect((await put()).body).not.toHaveProperty("members");
  expect(await memberIds(scim, group)).toEqual([]);
});

test("RFC 40: PUT answers 200 with the whole resource", async () => {
  const scim = await client();
  const path = await userAt(scim);
  const sent = { schemas: [USER], userName: "ann@contoso.com", name: { givenName: "Ann" }, active: true };

  const put = await scim("PUT", path, sent);

  expect(put.status).toBe(200);
  expect(put.body).toMatchObject(sent);
  expect(await read(scim, path)).toEqual(put.body);
});

test("RFC 41: what is known is 200, what is not is 404 with a SCIM error", async () => {
  const scim = await client();
  const path = await userAt(scim);
  const group = await createGroup(scim, "Crew");

  expect((await scim("GET", path)).status).toBe(200);
  for (const unknown of [
    `/Users/${randomUUID()}`,
    `/Users/${group}`,
    `/Groups/${idIn(path)}`,
    "/Users/%20",
  ]) {
    const answer = await scim("GET", unknown);
    expectRefusal(answer, 404);
    expect(answer.body.detail).toMatch(/^no (User|Group) has the id/);
  }
});

test("RFC 42: after DELETE everything is 404, no list has it, and its name is free", async () => {
  const scim = await client();
  const id = await createUser(scim, "ann@contoso.com");
  const path = `/Users/${id}`;
  const body = { schemas: [USER], userName: "ann@contoso.com" };

  const deleted = await scim("DELETE", path);

  expect([deleted.status, deleted.body, deleted.headers.get("content-type")]).toEqual([204, null, null]);
  expectRefusal(await scim("GET", path), 404);
  expectRefusal(await scim("PUT", path, body), 404);
  expectRefusal(await patchAt(scim, path, { op: "add", path: "title", value: "x" }), 404);
  expectRefusal(await scim("DELETE", path), 404);
  expect(await found(scim, `id eq "${id}" or userName eq "ann@contoso.com"`)).toEqual([]);
  const again = await scim("POST", "/Users", body);
  expect(again.status).toBe(201);
  expect(again.body.id).not.toBe(id);
});

test("RFC 43: attributes and excludedAttributes choose what every answer shows", async () => {
  const scim = await client();
  const body = { schemas: [USER], userName: "ann@contoso.com", title: "Guide", nickName: "A" };
  const only = `attributes=title,${USER}:userName,shoeSize`;
  const posted = await scim("POST", `/Users?${only}`, body);
  const path = `/Users/${posted.body.id}`;
  const answers = [
    posted,
    await scim("GET", `${path}?${only}`),
    await scim("PUT", `${path}?${only}`, body),
    await scim("PATCH", `${path}?${only}`, patch({ op: "add", path: "locale", value: "en" })),
  ];
  const list = await scim("GET", `/Users?${only}`);
  const without = await scim("GET", `${path}?excludedAttributes=title,${USER}:nickName,meta,shoeSize`);

  const shown = { schemas: [USER], id: posted.body.id, userName: "ann@contoso.com", title: "Guide" };
  for (const answer of [...answers, { body: list.body.Resources[0] }]) expect(answer.body).toEqual(shown);
  expect(Object.keys(without.body).sort()).toEqual(["active", "id", "locale", "schemas", "userName"]);
  expect((await read(scim, `${path}?attributes=shoeSize`))["id"]).toBe(posted.body.id);
  expectRefusal(await scim("GET", `${path}?attributes=title&excludedAttributes=meta`), 400, "invalidValue");
});

test("RFC 43: members may be excluded from one group and from a list of them", async () => {
  const scim = await client();
  const ann = await createUser(scim, "ann@contoso.com");
  const { body } = await scim("POST", "/Groups", { displayName: "Crew", members: [{ value: ann }] });

  const one = await read(scim, `/Groups/${body.id}?excludedAttributes=members`);
  const list = await scim("GET", "/Groups?excludedAttributes=members");

  expect(body.members).toMatchObject([{ value: ann }]);
  for (const group of [one, list.body.Resources[0]]) {
    expect(group).toMatchObject({ id: body.id, displayName: "Crew" });
    expect(group).not.toHaveProperty("members");
  }
});

test("RFC 44: a sub-attribute brings itself and what is always returned", async () => {
  const scim = await client();
  const path = await userAt(scim, {
    name: { givenName: "Ann", familyName: "Lee" },
    emails: [{ type: "work", value: "a@x.org" }],
    [ENTERPRISE]: { department: "Tours", division: "East" },
  });
  const names = `name.givenName,emails.value,${ENTERPRISE}:department`;

  expect(await read(scim, `${path}?attributes=${names}`)).toEqual({
    schemas: [USER, ENTERPRISE],
    id: idIn(path),
    name: { givenName: "Ann" },
    emails: [{ value: "a@x.org" }],
    [ENTERPRISE]: { department: "Tours" },
  });
});

test("RFC 45: HEAD answers as GET does, without the body", async () => {
  const scim = await client();
  const path = await userAt(scim);

  for (const target of [path, "/Users?count=1", "/ServiceProviderConfig"]) {
    const [get, head] = [await scim("GET", target), await scim("HEAD", target)];
    expect([head.status, head.body]).toEqual([200, null]);
    for (const name of ["content-type", "content-length", "etag", "content-location"]) {
      expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)]);
    }
  }
  expect((await scim("HEAD", `/Users/${randomUUID()}`)).status).toBe(404);
});

test("RFC 46: a version that is known is 304, one that is gone is 412 and changes nothing", async () => {
  const scim = await client();
  const path = await userAt(scim);
  const { headers } = await scim("GET", path);
  const stale = headers.get("etag") ?? "";
  const title = (value: string) => patch({ op: "add", path: "title", value });
  const fresh = (await scim("PATCH", path, title("A"))).headers.get("etag") ?? "";
  const given = (method: string, name: string, etag: string, body?: object): Promise<ScimAnswer> =>
    scim(method, path, body, { headers: { [name]: etag } });

  const known = await given("GET", "If-None-Match", fresh);
  expect([known.status, known.body, known.headers.get("etag")]).toEqual([304, null, fresh]);
  expect((await given("GET", "If-None-Match", stale)).status).toBe(200);
  expectRefusal(await given("PATCH", "If-Match", stale, title("B")), 412);
  expectRefusal(await given("PUT", "If-Match", stale, { userName: "b@contoso.com" }), 412);
  expectRefusal(await given("DELETE", "If-Match", stale), 412);
  expect((await read(scim, path))["title"]).toBe("A");
  expect((await given("PATCH", "If-Match", "*", title("C"))).status).toBe(200);
  const current = (await scim("GET", path)).headers.get("etag") ?? "";
  expect((await given("DELETE", "If-Match", current)).status).toBe(204);
});
