/** PUT: what is replaced, what is not, what is refused. RFC 7644 section 3.5.1. */
import type { Check, CheckGroup } from "../check.ts";
import type { Attributes, Made, ScimClient } from "../client.ts";
import { expectErrorForm, expectLeftOut, expectRefusal, expectStatus } from "../expect.ts";
import { expectThat, expectValue, expectValues } from "../expect.ts";
import type { Answer } from "../http.ts";
import { dig, matches } from "../values.ts";

const SOURCE = { source: "RFC 7644 section 3.5.1", level: "MUST" } as const;
const WORK = { value: "work@{tag}.example", type: "work" };
const HOME = { value: "home@{tag}.example", type: "home" };

/** PUTs attributes beside the user's own userName. */
function replaceBy(client: ScimClient, user: Made, attributes: Attributes): Promise<Answer> {
  const userName = dig(user.created.body, "userName");
  return client.put(user.path, client.userBody({ userName, ...attributes }));
}

const replacing: readonly Check[] = [
  {
    ...SOURCE,
    id: "rfc7644-3.5.1-replace",
    title: "PUT is answered with 200 and the whole user, as GET then answers it",
    async run(client) {
      const user = await client.user({ title: "Guide" });
      const answer = await replaceBy(client, user, { title: "Lead", nickName: "Babs" });
      expectStatus(answer, 200);
      expectValues(answer, { id: user.id, title: "Lead", nickName: "Babs" });
      const after = await client.get(user.path);
      expectThat(matches(after.body, answer.body), "GET differs from the answer of PUT", after);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.5.1-replace-values",
    title: "PUT replaces all values of a multi-valued attribute",
    async run(client) {
      const user = await client.user({ emails: [WORK] });
      await replaceBy(client, user, { emails: [HOME] });
      const emails = [{ value: `home@${client.tag}.example`, type: "home" }];
      expectValue(await client.get(user.path), "emails", emails);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.5.1-null-clears",
    title: "PUT with null and [] unassigns",
    async run(client) {
      const user = await client.user({ title: "Guide", emails: [WORK] });
      expectStatus(await replaceBy(client, user, { title: null, emails: [] }), 200);
      expectLeftOut(await client.get(user.path), "title", "emails");
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.5.1-read-only-ignored",
    title: "readOnly attributes in a PUT are ignored",
    async run(client) {
      const user = await client.user();
      const meta = { created: "2001-01-01T00:00:00Z", resourceType: "Cat" };
      const answer = await replaceBy(client, user, { id: "another", meta, groups: [{ value: "nowhere" }] });
      expectStatus(answer, 200);
      expectValues(answer, { id: user.id, "meta.resourceType": "User" });
      expectValue(answer, "meta.created", dig(user.created.body, "meta.created"));
      expectLeftOut(answer, "groups");
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.5.1-own-representation",
    title: "what GET answered can be PUT as it is",
    async run(client) {
      const user = await client.user({ title: "Guide", emails: [WORK], name: { givenName: "Ada" } });
      const before = await client.get(user.path);
      expectStatus(await client.put(user.path, before.body), 200);
      expectValues(await client.get(user.path), { title: "Guide", "name.givenName": "Ada" });
    },
  },
  {
    source: "RFC 7644 section 3.9",
    level: "MUST",
    id: "rfc7644-3.9-replace-attributes",
    title: "PUT honours excludedAttributes",
    async run(client) {
      const user = await client.user();
      const body = client.userBody({ userName: dig(user.created.body, "userName"), title: "Lead" });
      const query = { excludedAttributes: "title" };
      const answer = await client.send("PUT", user.path, { body, query });
      expectStatus(answer, 200);
      expectLeftOut(answer, "title");
      expectValue(await client.get(user.path), "title", "Lead");
    },
  },
];

const refused: readonly Check[] = [
  {
    ...SOURCE,
    id: "rfc7644-3.5.1-unknown",
    title: "PUT never creates: an unknown id is 404",
    async run(client) {
      const path = "/Users/00000000-0000-4000-8000-000000000000";
      expectErrorForm(await client.put(path, client.userBody()), 404);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.5.1-required-missing",
    title: "PUT without userName is refused and changes nothing",
    async run(client) {
      const user = await client.user({ title: "Guide" });
      expectRefusal(await replaceBy(client, user, { userName: undefined, title: "Lead" }), 400);
      expectValue(await client.get(user.path), "title", "Guide");
    },
  },
  {
    source: "RFC 7644 section 3.12",
    level: "MUST",
    id: "rfc7644-3.12-replace-wrong-type",
    title: "PUT with a value of the wrong type is invalidValue",
    async run(client) {
      const user = await client.user();
      expectRefusal(await replaceBy(client, user, { name: "Ada" }), 400, "invalidValue");
    },
  },
  {
    source: "RFC 7644 section 3.12",
    level: "MUST",
    id: "rfc7644-3.12-replace-uniqueness",
    title: "PUT with a userName that is taken is 409 uniqueness",
    async run(client) {
      const taken = dig((await client.user()).created.body, "userName");
      const user = await client.user();
      expectRefusal(await replaceBy(client, user, { userName: taken }), [400, 409], "uniqueness");
    },
  },
];

const uniqueness: readonly Check[] = [
  {
    source: "RFC 7644 section 3.3",
    level: "MUST",
    id: "rfc7644-3.3-duplicate",
    title: "POST of a userName that is taken is 409 uniqueness, as a SCIM error",
    async run(client) {
      const userName = dig((await client.user()).created.body, "userName");
      const answer = await client.post("/Users", client.userBody({ userName }));
      expectErrorForm(answer, 409);
      expectValue(answer, "scimType", "uniqueness");
    },
  },
  {
    source: "RFC 7643 section 4.1.1",
    level: "MUST",
    id: "rfc7643-4.1.1-duplicate-letter-case",
    title: "userName is unique without letter case",
    async run(client) {
      const userName = String(dig((await client.user()).created.body, "userName")).toUpperCase();
      expectStatus(await client.post("/Users", client.userBody({ userName })), 409);
    },
  },
  {
    source: "RFC 7643 section 4.1.1",
    level: "MUST",
    id: "rfc7643-4.1.1-own-name-letter-case",
    title: "a user's own userName may be written in other letter case",
    async run(client) {
      const user = await client.user();
      const userName = String(dig(user.created.body, "userName")).toUpperCase();
      const answer = await replaceBy(client, user, { userName });
      expectStatus(answer, 200);
      expectValue(answer, "userName", userName);
    },
  },
];

export const replace: CheckGroup = { name: "replace", checks: replacing.concat(refused) };
export const unique: CheckGroup = { name: "uniqueness", checks: uniqueness };
