/** What RFC 7643 sections 3 and 4 state about the attributes that resources have, over HTTP. */
import { expect, test } from "vitest";
import { createGroup, createUser, ENTERPRISE, GROUP, memberIds, USER } from "../../support/provision.ts";
import { expectRefusal, found, patchAt, read, useOneService, userAt } from "./one-service.ts";

const { client } = useOneService();

test("RFC 15: the id is the server's, always there, never a client's, never used again", async () => {
  const scim = await client();
  const post = () => scim("POST", "/Users", { schemas: [USER], id: "mine", userName: "ann@contoso.com" });
  const first = await post();
  await scim("PUT", `/Users/${first.body.id}`, { schemas: [USER], id: "mine", userName: "ann@contoso.com" });
  const shown = await read(scim, `/Users/${first.body.id}?attributes=userName`);
  await scim("DELETE", `/Users/${first.body.id}`);
  const second = await post();

  expect([first.status, second.status]).toEqual([201, 201]);
  expect(first.body.id).toMatch(/^[0-9a-f-]{36}$/);
  expect(shown["id"]).toBe(first.body.id);
  expect(second.body.id).not.toBe(first.body.id);
  expect((await scim("GET", "/Users/mine")).status).toBe(404);
  expect((await scim("GET", `/Users/${second.body.id.toUpperCase()}`)).status).toBe(404);
});

test("RFC 16: the externalId is the client's alone, and need not be unique", async () => {
  const scim = await client();
  const first = await createUser(scim, "a@contoso.com", { externalId: "e-1" });
  const second = await createUser(scim, "b@contoso.com", { externalId: "e-1" });
  const without = await userAt(scim);

  expect((await found(scim, 'externalId eq "e-1"')).sort()).toEqual([first, second].sort());
  expect(await found(scim, 'externalId eq "E-1"')).toEqual([]);
  expect(await read(scim, without)).not.toHaveProperty("externalId");
  expect(await found(await client(), 'externalId eq "e-1"')).toEqual([]);
});

test("RFC 17: meta from a client is passed over", async () => {
  const scim = await client();
  const meta = {
    resourceType: "Group",
    created: "2001-01-01T00:00:00Z",
    lastModified: "2001-01-01T00:00:00Z",
    location: "https://example.com/x",
    version: 'W/"99"',
  };
  const path = await userAt(scim, { meta });
  const before = await read(scim, path);
  const put = await scim("PUT", path, { schemas: [USER], userName: before["userName"], meta });

  const own = before["meta"] as typeof meta;
  expect(own).toMatchObject({ resourceType: "User", version: 'W/"1"', created: own.lastModified });
  expect(own.created).not.toMatch(/^2001/);
  expect(own.location.endsWith(`/scim/v2${path}`)).toBe(true);
  expect(put.body.meta).toEqual(before["meta"]);
});

test("RFC 18: created and lastModified are one until the first change", async () => {
  const scim = await client();
  const { body } = await scim("POST", "/Users", { schemas: [USER], userName: "ann@contoso.com" });
  const changed = await patchAt(scim, `/Users/${body.id}`, { op: "add", path: "title", value: "Guide" });

  expect(body.meta.lastModified).toBe(body.meta.created);
  expect(changed.body.meta.created).toBe(body.meta.created);
  expect(changed.body.meta.lastModified > body.meta.lastModified).toBe(true);
});

test("RFC 19: meta says the same as the headers: location, and the version as a weak tag", async () => {
  const scim = await client();
  const posted = await scim("POST", "/Users", { schemas: [USER], userName: "ann@contoso.com" });
  const path = `/Users/${posted.body.id}`;
  const changed = await patchAt(scim, path, { op: "add", path: "title", value: "Guide" });
  const got = await scim("GET", path);

  expect(posted.headers.get("location")).toBe(posted.body.meta.location);
  for (const { headers, body } of [posted, changed, got]) {
    expect(headers.get("content-location")).toBe(body.meta.location);
    expect(body.meta.location).toMatch(new RegExp(`^http://.+/scim/v2${path}$`));
    expect(headers.get("etag")).toBe(body.meta.version);
    expect(body.meta.version).toMatch(/^W\/".+"$/);
  }
  expect(changed.body.meta.version).not.toBe(posted.body.meta.version);
  expect(got.body.meta).toEqual(changed.body.meta);
});

test("RFC 20: the endpoint decides the resource type", async () => {
  const scim = await client();
  const path = await userAt(scim, { meta: { resourceType: "Group" } });
  const group = await createGroup(scim, "Crew");

  expect((await read(scim, path))["meta"]).toHaveProperty("resourceType", "User");
  expect((await read(scim, `/Groups/${group}`))["meta"]).toHaveProperty("resourceType", "Group");
});

test("RFC 21: a userName is required, and unique in its tenant however it is written", async () => {
  const [scim, other] = [await client(), await client()];
  const post = (userName: unknown) => scim("POST", "/Users", { schemas: [USER], userName });
  const ann = await createUser(scim, "Ann@contoso.com");

  for (const empty of [undefined, null, "", []]) expectRefusal(await post(empty), 400, "invalidValue");
  expectRefusal(await post("ANN@CONTOSO.COM"), 409, "uniqueness");
  // Full-width letters are the same name in another dress: the comparison prepares strings first (RFC 7644 section 5).
  expectRefusal(await post("\uff21nn@contoso.com"), 409, "uniqueness");
  expect(await found(scim, 'userName eq "\uff21NN@contoso.com"')).toEqual([ann]);
  expect((await read(scim, `/Users/${ann}`))["userName"]).toBe("Ann@contoso.com");
  await createUser(other, "Ann@contoso.com");
});

test("RFC 23: a user's groups follow from the groups, and from nothing else", async () => {
  const scim = await client();
  const group = await createGroup(scim, "Crew");
  const path = await userAt(scim, { groups: [{ value: group }] });
  expect(await read(scim, path)).not.toHaveProperty("groups");
  expect(await memberIds(scim, group)).toEqual([]);

  expectRefusal(
    await patchAt(scim, path, { op: "add", path: "groups", value: [{ value: group }] }),
    400,
    "mutability",
  );
  const value = path.slice("/Users/".length);
  await patchAt(scim, `/Groups/${group}`, { op: "add", path: "members", value: [{ value }] });

  const { location } = (await scim("GET", `/Groups/${group}`)).body.meta;
  expect((await read(scim, path))["groups"]).toEqual([
    { value: group, $ref: location, display: "Crew", type: "direct" },
  ]);
});

test("RFC 24: a group needs a displayName, and the schema says so", async () => {
  const scim = await client();

  for (const displayName of [undefined, null, ""]) {
    const answer = await scim("POST", "/Groups", { schemas: [GROUP], displayName });
    expectRefusal(answer, 400, "invalidValue");
  }
  expect((await read(scim, `/Schemas/${GROUP}`))["attributes"]).toContainEqual(
    expect.objectContaining({ name: "displayName", required: true }),
  );
});

test("RFC 25: members come and go, but none is turned into another", async () => {
  const scim = await client();
  const [ann, bob] = [await createUser(scim, "ann@contoso.com"), await createUser(scim, "bob@contoso.com")];
  const group = await createGroup(scim, "Crew");
  const at = `/Groups/${group}`;
  await patchAt(scim, at, { op: "add", path: "members", value: [{ value: ann }] });

  for (const [sub, value] of [
    ["value", bob],
    ["type", "Group"],
    ["display", "Someone"],
  ]) {
    const change = { op: "replace", path: `members[value eq "${ann}"].${String(sub)}`, value };
    expectRefusal(await patchAt(scim, at, change), 400, "mutability");
  }
  await patchAt(scim, at, { op: "add", path: "members", value: [{ value: bob }] });
  await patchAt(scim, at, { op: "remove", path: `members[value eq "${ann}"]` });
  expect(await memberIds(scim, group)).toEqual([bob]);
});

test("RFC 26: a manager's displayName is not the client's to say", async () => {
  const scim = await client();
  const boss = await createUser(scim, "boss@contoso.com", { displayName: "Boss" });
  const path = await userAt(scim, { [ENTERPRISE]: { manager: { value: boss, displayName: "Liar" } } });
  const before = await read(scim, path);
  expect(before[ENTERPRISE]).toMatchObject({ manager: { value: boss } });
  expect(JSON.stringify(before)).not.toContain("Liar");

  // The RFC asks for an error. Azure AD sends the name along with the manager, so it is passed over.
  const written = await patchAt(scim, path, {
    op: "replace",
    path: `${ENTERPRISE}:manager.displayName`,
    value: "Liar",
  });

  expect(written.status).toBe(200);
  expect(await read(scim, path)).toEqual(before);
});
