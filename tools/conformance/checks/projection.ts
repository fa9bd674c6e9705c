/** attributes and excludedAttributes, and versions: RFC 7644 sections 3.9 and 3.14. */
import type { Check, CheckGroup } from "../check.ts";
import type { ScimClient } from "../client.ts";
import { expectLeftOut, expectList, expectPresent, expectStatus } from "../expect.ts";
import { expectThat, expectValue, expectValues } from "../expect.ts";
import { ENTERPRISE, PATCH_OP, USER } from "../urns.ts";
import { dig } from "../values.ts";

const PROJECTION = { source: "RFC 7644 section 3.9", level: "MUST" } as const;
const ETAG = { source: "RFC 7644 section 3.14", level: "MUST" } as const;

interface ProjectionCase {
  readonly id: string;
  readonly title: string;
  readonly query: Readonly<Record<string, string>>;
  readonly holds: readonly string[];
  readonly lacks: readonly string[];
  readonly needs?: Check["needs"];
}

const DEPARTMENT = `${ENTERPRISE}:department`;

const CASES: readonly ProjectionCase[] = [
  {
    id: "attributes",
    title: "attributes leaves out what is not named, but never id",
    query: { attributes: "title" },
    holds: ["id", "title"],
    lacks: ["displayName", "name", "emails"],
  },
  {
    id: "attributes-list",
    title: "attributes takes a list",
    query: { attributes: "title,displayName" },
    holds: ["id", "title", "displayName"],
    lacks: ["name", "emails"],
  },
  {
    id: "sub-attribute",
    title: "attributes takes a sub-attribute, and leaves out its neighbours",
    query: { attributes: "name.givenName" },
    holds: ["id", "name.givenName"],
    lacks: ["name.familyName", "title"],
  },
  {
    id: "multi-valued-sub-attribute",
    title: "attributes takes a sub-attribute of a multi-valued attribute",
    query: { attributes: "emails.value" },
    holds: ["emails.0.value"],
    lacks: ["emails.0.type", "title"],
  },
  {
    id: "urn",
    title: "attributes takes a name with its URN",
    query: { attributes: `${USER}:title` },
    holds: ["title"],
    lacks: ["displayName"],
  },
  {
    id: "extension",
    title: "attributes takes an attribute of an extension",
    query: { attributes: DEPARTMENT },
    holds: [DEPARTMENT],
    lacks: [`${ENTERPRISE}:costCenter`, "title"],
    needs: ["enterprise"],
  },
  {
    id: "letter-case",
    title: "names in attributes do without letter case",
    query: { attributes: "TITLE" },
    holds: ["title"],
    lacks: ["displayName"],
  },
  {
    id: "excluded",
    title: "excludedAttributes leaves out what is named",
    query: { excludedAttributes: "title,emails" },
    holds: ["id", "displayName", "name.givenName"],
    lacks: ["title", "emails"],
  },
  {
    id: "excluded-sub-attribute",
    title: "excludedAttributes takes a sub-attribute",
    query: { excludedAttributes: "name.givenName" },
    holds: ["name.familyName", "title"],
    lacks: ["name.givenName"],
  },
  {
    id: "excluded-always",
    title: "excludedAttributes does not leave out id, which is always returned",
    query: { excludedAttributes: "id" },
    holds: ["id", "title"],
    lacks: [],
  },
  {
    id: "unknown",
    title: "a name that does not exist yields nothing, and is no fault",
    query: { attributes: "title,noSuchAttribute" },
    holds: ["title"],
    lacks: ["displayName", "noSuchAttribute"],
  },
];

function makeOne(client: ScimClient): ReturnType<ScimClient["user"]> {
  const extension = client.supports("enterprise")
    ? { schemas: [USER, ENTERPRISE], [ENTERPRISE]: { department: "HR", costCenter: "7" } }
    : {};
  return client.user({
    displayName: "{tag} Ada",
    title: "Guide",
    name: { givenName: "Ada", familyName: "Byron" },
    emails: [{ value: "{tag}@work.example", type: "work" }],
    ...extension,
  });
}

const projections: readonly Check[] = [
  ...CASES.map(({ id, title, query, holds, lacks, needs = [] }): Check => ({
    ...PROJECTION,
    id: `rfc7644-3.9-${id}`,
    title,
    needs,
    async run(client) {
      const answer = await client.get((await makeOne(client)).path, query);
      expectStatus(answer, 200);
      expectPresent(answer, ...holds);
      expectLeftOut(answer, ...lacks);
    },
  })),
  {
    ...PROJECTION,
    id: "rfc7644-3.9-in-lists",
    title: "lists honour attributes",
    async run(client) {
      const { id } = await makeOne(client);
      const answer = await client.get("/Users", { attributes: "title", filter: `id eq "${id}"` });
      expectThat(expectList(answer).length === 1, "not one resource", answer);
      expectValues(answer, { "Resources.0.id": id, "Resources.0.title": "Guide" });
      expectLeftOut(answer, "Resources.0.displayName", "Resources.0.emails");
    },
  },
  {
    source: "Microsoft SCIM Postman collection (AzureAD/SCIMReferenceCode)",
    level: "ENTRA",
    id: "entra-attributes-value-path",
    title: "a value path in attributes is no fault",
    async run(client) {
      const { id, path } = await makeOne(client);
      expectValue(await client.get(path, { attributes: 'emails[type eq "work"]' }), "id", id);
    },
  },
];

const versions: readonly Check[] = [
  {
    ...ETAG,
    id: "rfc7644-3.14-etag",
    title: "ETag and meta.version are the same, after POST and on GET",
    async run(client) {
      const { created, path } = await client.user();
      const answer = await client.get(path);
      const etag = answer.headers.get("etag");
      expectThat(etag !== null, "ETag is missing", answer);
      expectValue(answer, "meta.version", etag);
      expectValue(created, "meta.version", etag);
    },
  },
  {
    ...ETAG,
    id: "rfc7644-3.14-version-changes",
    title: "a change gives another version",
    async run(client) {
      const { created, path } = await client.user();
      await client.patch(path, { op: "add", path: "title", value: "Guide" });
      const answer = await client.get(path);
      const same = dig(answer.body, "meta.version") === dig(created.body, "meta.version");
      expectThat(!same, "the version is the same", answer);
    },
  },
  {
    ...ETAG,
    id: "rfc7644-3.14-not-modified",
    title: "If-None-Match with the version is 304 without a body",
    async run(client) {
      const { created, path } = await client.user();
      const headers = { "if-none-match": String(dig(created.body, "meta.version")) };
      const answer = await client.send("GET", path, { headers });
      expectStatus(answer, 304);
      expectThat(answer.text === "", "304 has a body", answer);
    },
  },
  {
    ...ETAG,
    id: "rfc7644-3.14-modified",
    title: "If-None-Match with another version is 200",
    async run(client) {
      const { path } = await client.user();
      expectStatus(await client.send("GET", path, { headers: { "if-none-match": 'W/"other"' } }), 200);
    },
  },
  ...(["PUT", "PATCH", "DELETE"] as const).map((method): Check => ({
    ...ETAG,
    id: `rfc7644-3.14-precondition-${method.toLowerCase()}`,
    title: `${method} with the If-Match of an older version is 412 and changes nothing`,
    async run(client) {
      const { created, path } = await client.user();
      const version = String(dig(created.body, "meta.version"));
      await client.patch(path, { op: "add", path: "title", value: "Guide" });
      const operation = { op: "add", path: "title", value: "Lead" };
      const bodies = {
        PUT: client.userBody({ title: "Lead" }),
        PATCH: { schemas: [PATCH_OP], Operations: [operation] },
        DELETE: undefined,
      };
      const options = { body: bodies[method], headers: { "if-match": version } };
      expectStatus(await client.send(method, path, options), 412);
      expectValue(await client.get(path), "title", "Guide");
    },
  })),
  {
    ...ETAG,
    id: "rfc7644-3.14-precondition-holds",
    title: "PATCH with the If-Match of the version succeeds",
    async run(client) {
      const { created, path } = await client.user();
      const operation = { op: "add", path: "title", value: "Guide" };
      const body = { schemas: [PATCH_OP], Operations: [operation] };
      const headers = { "if-match": String(dig(created.body, "meta.version")) };
      expectStatus(await client.send("PATCH", path, { body, headers }), 200, 204);
    },
  },
];

export const projected: CheckGroup = { name: "projection", checks: projections };
export const versioned: CheckGroup = { name: "etag", needs: ["etag", "patch"], checks: versions };
