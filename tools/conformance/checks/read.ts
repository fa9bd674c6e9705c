/** GET and DELETE of single resources, and addresses where there is none. RFC 7644 sections 3.4.1 and 3.6. */
import { type Check, type CheckGroup, Skip } from "../check.ts";
import { expectErrorForm, expectIds, expectScimType, expectStatus } from "../expect.ts";
import { expectThat, expectValue, expectValues } from "../expect.ts";
import { PATCH_OP } from "../urns.ts";
import { dig, matches } from "../values.ts";

const READ = { source: "RFC 7644 section 3.4.1", level: "MUST" } as const;
const DELETE = { source: "RFC 7644 section 3.6", level: "MUST" } as const;
const SCIM = { source: "Microsoft Learn: use-scim-to-provision-users-and-groups", level: "ENTRA" } as const;
const NOWHERE = "00000000-0000-4000-8000-000000000000";

const reads: readonly Check[] = [
  {
    ...READ,
    id: "rfc7644-3.4.1-read",
    title: "GET answers what the creation answered",
    async run(client) {
      const { created, path } = await client.user({ title: "Guide", name: { givenName: "Ada" } });
      const answer = await client.get(path);
      expectStatus(answer, 200);
      expectScimType(answer);
      expectThat(matches(answer.body, created.body), "GET differs from the answer of POST", answer);
    },
  },
  {
    ...READ,
    id: "rfc7644-3.3-read-at-location",
    title: "meta.location is where the user is read",
    async run(client) {
      const { created, id } = await client.user();
      // RFC 7643 section 2.3.7 takes relative addresses too.
      const location = new URL(String(dig(created.body, "meta.location")), `${client.url}/`).href;
      // The token goes to no other address than the one it was given for.
      if (!location.startsWith(client.url)) throw new Skip(`${location} is not below the Tenant URL`);
      expectValue(await client.get(location.slice(client.url.length)), "id", id);
    },
  },
  {
    source: "RFC 9110 section 9.3.2",
    level: "SHOULD",
    id: "rfc9110-9.3.2-head",
    title: "HEAD answers as GET does, without a body",
    async run(client) {
      const { path } = await client.user();
      const answer = await client.send("HEAD", path);
      expectStatus(answer, 200);
      expectThat(answer.text === "", "HEAD has a body", answer);
    },
  },
  ...[NOWHERE, "no-such-id", "%27%20or%201=1"].map((id, index): Check => ({
    source: "RFC 7644 section 3.12",
    level: "MUST",
    id: `rfc7644-3.12-user-unknown-${index + 1}`,
    title: `GET of the unknown id ${decodeURIComponent(id)} is 404 with a SCIM error`,
    run: async (client) => expectErrorForm(await client.get(`/Users/${id}`), 404),
  })),
  {
    source: "RFC 7644 section 3.12",
    level: "MUST",
    id: "rfc7644-3.12-user-is-no-group",
    title: "the id of a user is no group's",
    needs: ["groups"],
    async run(client) {
      const { id } = await client.user();
      expectErrorForm(await client.get(`/Groups/${id}`), 404);
    },
  },
  {
    source: "RFC 7644 section 3.12",
    level: "MUST",
    id: "rfc7644-3.12-endpoint-unknown",
    title: "an endpoint that does not exist is 404 with a SCIM error",
    run: async (client) => expectErrorForm(await client.get("/NoSuchResources"), 404),
  },
  {
    source: "RFC 7644 section 3.4.2",
    level: "SHOULD",
    id: "rfc7644-3.4.2-unknown-parameter",
    title: "query parameters that the server does not know are ignored",
    async run(client) {
      const { id, path } = await client.user();
      expectValue(await client.get(path, { noSuchParameter: "1" }), "id", id);
    },
  },
  {
    ...SCIM,
    id: "entra-feature-flag",
    title: "the flag ?aadOptscim062020 of the Tenant URL does no harm when it is sent",
    async run(client) {
      const { id, path } = await client.user();
      expectValue(await client.send("GET", `${path}?aadOptscim062020`), "id", id);
    },
  },
  {
    ...SCIM,
    id: "entra-test-connection",
    title: "a search for a random userName, the connection test, is 200 with an empty list",
    async run(client) {
      const answer = await client.get("/Users", { filter: `userName eq "${client.tag}-none"` });
      expectIds(answer, []);
      expectThat(Array.isArray(dig(answer.body, "Resources")), "Resources is missing", answer);
    },
  },
  {
    ...SCIM,
    id: "entra-test-connection-groups",
    title: "a search for a random group is 200 with an empty list",
    needs: ["groups"],
    async run(client) {
      const query = { excludedAttributes: "members", filter: `displayName eq "${client.tag}-none"` };
      expectIds(await client.get("/Groups", query), []);
    },
  },
  {
    ...SCIM,
    id: "entra-no-accept-header",
    title: "a GET with any Accept and no User-Agent is served",
    async run(client) {
      const { id, path } = await client.user();
      expectValue(await client.send("GET", path, { headers: { accept: "*/*", "user-agent": "" } }), "id", id);
    },
  },
];

const deletions: readonly Check[] = [
  {
    ...DELETE,
    id: "rfc7644-3.6-delete",
    title: "DELETE is 204 without a body",
    async run(client) {
      const { path } = await client.user();
      const answer = await client.delete(path);
      expectStatus(answer, 204);
      expectThat(answer.text === "", "204 has a body", answer);
    },
  },
  {
    ...DELETE,
    id: "rfc7644-3.6-deleted-is-gone",
    title: "afterwards GET, PUT, PATCH and DELETE of it are 404",
    async run(client) {
      const { path } = await client.user();
      await client.delete(path);
      const Operations = [{ op: "add", path: "title", value: "Guide" }];
      expectErrorForm(await client.get(path), 404);
      expectErrorForm(await client.put(path, client.userBody()), 404);
      if (client.supports("patch")) {
        const body = { schemas: [PATCH_OP], Operations };
        expectErrorForm(await client.send("PATCH", path, { body }), 404);
      }
      expectErrorForm(await client.delete(path), 404);
    },
  },
  {
    ...DELETE,
    id: "rfc7644-3.6-deleted-not-found",
    title: "a deleted user is in no list",
    needs: ["filter"],
    async run(client) {
      const { created, path } = await client.user();
      await client.delete(path);
      const filter = `userName eq "${String(dig(created.body, "userName"))}"`;
      expectIds(await client.get("/Users", { filter }), []);
    },
  },
  {
    ...DELETE,
    id: "rfc7644-3.6-name-free-again",
    title: "the userName of a deleted user may be used again, by a user with another id",
    level: "SHOULD",
    async run(client) {
      const { created, id, path } = await client.user();
      await client.delete(path);
      const again = await client.user({ userName: dig(created.body, "userName") });
      expectThat(again.id !== id, "the id was used again", again.created);
    },
  },
  {
    source: "RFC 7644 section 3.12",
    level: "MUST",
    id: "rfc7644-3.12-delete-unknown",
    title: "DELETE of an unknown user is 404 with a SCIM error",
    run: async (client) => expectErrorForm(await client.delete(`/Users/${NOWHERE}`), 404),
  },
];

const me: Check = {
  source: "RFC 7644 section 3.11",
  level: "MUST",
  id: "rfc7644-3.11-me",
  title: "/Me is 501, a permanent redirect, or the user with its own location",
  async run(client) {
    const answer = await client.get("/Me");
    // 404 is for a credential to which no user belongs, as section 3.11 says of subjects without a resource.
    expectStatus(answer, 200, 308, 404, 501);
    if (answer.status === 200) expectValues(answer, { "meta.resourceType": "User" });
    if (answer.status === 404 || answer.status === 501) expectErrorForm(answer, answer.status);
  },
};

export const read: CheckGroup = { name: "read", checks: [...reads, ...deletions, me] };
