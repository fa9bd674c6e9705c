/** What RFC 7643 sections 5 to 7 state about discovery documents and characteristics, over HTTP. */
import { expect, test } from "vitest";
import { createGroup, ENTERPRISE, GROUP, USER } from "../../support/provision.ts";
import { createScimClient, filterQuery } from "../../support/scim-client.ts";
import { expectRefusal, found, idIn, patchAt, read, useOneService, userAt } from "./one-service.ts";

const { client, service } = useOneService();

test("RFC 27: ServiceProviderConfig says what there is, each part with its limits", async () => {
  const config = await read(await client(), "/ServiceProviderConfig");

  expect(config).toMatchObject({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    patch: { supported: true },
    bulk: {
      supported: expect.any(Boolean) as boolean,
      maxOperations: expect.any(Number) as number,
      maxPayloadSize: expect.any(Number) as number,
    },
    filter: { supported: true, maxResults: 1_000 },
    changePassword: { supported: false },
    sort: { supported: expect.any(Boolean) as boolean },
    etag: { supported: true },
    authenticationSchemes: [{ type: "oauthbearertoken", name: "OAuth Bearer Token" }],
    meta: { resourceType: "ServiceProviderConfig" },
  });
  expect(config).not.toHaveProperty("id");
});

test("RFC 27: who has no token learns the authentication scheme from the challenge", async () => {
  const stranger = createScimClient(`${service().apiUrl}/scim/v2`, "");

  // The RFC would let strangers read the document; here that is a setting, DISCOVERY_PUBLIC, which is off.
  const answer = await stranger("GET", "/ServiceProviderConfig", undefined, {
    headers: { Authorization: "" },
  });

  expectRefusal(answer, 401);
  expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm=/);
});

test("RFC 28: a resource type has name, endpoint and a schema that is published", async () => {
  const scim = await client();
  const user = await read(scim, await userAt(scim));
  const group = await read(scim, `/Groups/${await createGroup(scim, "Crew")}`);

  for (const [name, endpoint, schema, resource] of [
    ["User", "/Users", USER, user],
    ["Group", "/Groups", GROUP, group],
  ] as const) {
    expect(await read(scim, `/ResourceTypes/${name}`)).toMatchObject({ id: name, name, endpoint, schema });
    expect(await read(scim, `/Schemas/${schema}`)).toMatchObject({ id: schema });
    expect(resource["meta"]).toHaveProperty("resourceType", name);
  }
});

test("RFC 29: canonical values are suggestions, others are kept as they are", async () => {
  const scim = await client();
  const path = await userAt(scim, { emails: [{ type: "Cottage", value: "a@x.org" }] });

  expect((await read(scim, path))["emails"]).toEqual([{ type: "Cottage", value: "a@x.org" }]);
});

test("RFC 30: letter case is kept, and counts in comparisons only where the schema says so", async () => {
  const scim = await client();
  const path = await userAt(scim, { externalId: "ABC", title: "GUIDE" });

  expect(await read(scim, path)).toMatchObject({ externalId: "ABC", title: "GUIDE" });
  expect(await found(scim, 'externalId eq "ABC"')).toEqual([idIn(path)]);
  expect(await found(scim, 'externalId eq "abc"')).toEqual([]);
  expect(await found(scim, 'title eq "guide" and title sw "Gu"')).toEqual([idIn(path)]);
});

test("RFC 31: what is always returned cannot be left out, what never is cannot be asked for", async () => {
  const scim = await client();
  const path = await userAt(scim, { title: "Guide", password: "Pa55word" });
  const id = idIn(path);

  const asked = await read(scim, `${path}?attributes=title,password`);
  const excluded = await read(scim, `${path}?excludedAttributes=id,schemas,title,meta,userName,active`);
  const whole = await read(scim, path);

  expect(asked).toEqual({ schemas: [USER], id, title: "Guide" });
  expect(excluded).toEqual({ schemas: [USER], id });
  expect(Object.keys(whole).sort()).toEqual(["active", "id", "meta", "schemas", "title", "userName"]);
});

test("RFC 31: no attribute is returned on request only", async () => {
  const scim = await client();
  for (const urn of [USER, GROUP, ENTERPRISE]) {
    const text = JSON.stringify(await read(scim, `/Schemas/${urn}`));
    expect(text).toContain('"returned":"default"');
    expect(text).not.toContain('"returned":"request"');
  }
});

test("RFC 32: a password cannot be guessed by filters", async () => {
  const scim = await client();
  await userAt(scim, { password: "Pa55word" });

  for (const filter of ['password eq "Pa55word"', 'password sw "P"', "password pr", "not (password pr)"]) {
    expectRefusal(await scim("GET", `/Users${filterQuery(filter)}`), 400, "invalidFilter");
  }
});

test("RFC 22: a password is in no answer, whatever was done", async () => {
  const scim = await client();
  const userName = "ann@contoso.com";
  const posted = await scim("POST", "/Users?attributes=password", {
    schemas: [USER],
    userName,
    password: "Pa55-one",
  });
  const path = `/Users/${posted.body.id}`;
  const put = await scim("PUT", path, { schemas: [USER], userName, password: "Pa55-two" });
  const patched = await patchAt(scim, path, { op: "replace", path: "password", value: "Pa55-three" });
  const list = await scim("GET", "/Users?attributes=password,userName");

  expect([posted.status, put.status, patched.status, list.status]).toEqual([201, 200, 200, 200]);
  const answers = [posted, put, patched, list, await scim("GET", path)];
  for (const { body } of answers) expect(JSON.stringify(body)).not.toMatch(/pa55|password/i);
});
