/** POST of users: what the answer holds, what of the request is ignored, what is refused. RFC 7644 section 3.3. */
import type { Check, CheckGroup } from "../check.ts";
import { expectLeftOut, expectRefusal, expectScimType, expectStatus } from "../expect.ts";
import { expectThat, expectValue, expectValues, show } from "../expect.ts";
import { ENTERPRISE, USER } from "../urns.ts";
import { dig, list } from "../values.ts";

const SOURCE = { source: "RFC 7644 section 3.3", level: "MUST" } as const;
const SCHEMA = { source: "RFC 7643 section 3.1", level: "MUST" } as const;
/** xsd:dateTime with date and time. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/;

const answers: readonly Check[] = [
  {
    ...SOURCE,
    id: "rfc7644-3.3-create",
    title: "POST is answered with 201 and the user",
    async run(client) {
      const body = client.userBody({ displayName: "{tag} Ada", name: { givenName: "Ada" } });
      const answer = await client.post("/Users", body);
      expectStatus(answer, 201);
      expectScimType(answer);
      expectValues(answer, body);
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.3-location",
    title: "Location and meta.location are there, and the same",
    async run(client) {
      const { created, id } = await client.user();
      const location = created.headers.get("location");
      expectThat(location !== null, "Location is missing", created);
      expectValue(created, "meta.location", location);
      expectThat(location.endsWith(`/Users/${id}`), "Location does not end in /Users/<id>", created);
    },
  },
  {
    ...SCHEMA,
    id: "rfc7643-3.1-meta",
    title: "meta holds resourceType, created and lastModified as dates with time",
    async run(client) {
      const { created } = await client.user();
      expectValue(created, "meta.resourceType", "User");
      for (const path of ["meta.created", "meta.lastModified"]) {
        const date = dig(created.body, path);
        expectThat(DATE_TIME.test(String(date)), `${path} is ${show(date)}`, created);
      }
    },
  },
  {
    ...SCHEMA,
    id: "rfc7643-3.1-created-equals-last-modified",
    title: "a user never changed has the same created and lastModified",
    async run(client) {
      const { created } = await client.user();
      expectValue(created, "meta.lastModified", dig(created.body, "meta.created"));
    },
  },
  {
    ...SCHEMA,
    id: "rfc7643-3.1-id",
    title: "id is a text of the server's own, without bulkId in it",
    async run(client) {
      const { created, id } = await client.user();
      expectThat(id !== "" && !id.includes("bulkId"), `id is ${show(id)}`, created);
      const other = await client.user();
      expectThat(other.id !== id, "two users have the same id", other.created);
    },
  },
  {
    source: "RFC 7643 section 3",
    level: "MUST",
    id: "rfc7643-3-schemas",
    title: "schemas names the core schema and the extensions that have values",
    needs: ["enterprise"],
    async run(client) {
      const attributes = { schemas: [USER, ENTERPRISE], [ENTERPRISE]: { department: "HR" } };
      const { created } = await client.user(attributes);
      for (const urn of [USER, ENTERPRISE]) {
        expectThat(list(created.body, "schemas").includes(urn), `schemas is without ${urn}`, created);
      }
      expectValue(created, `${ENTERPRISE}:department`, "HR");
      expectLeftOut(created, "department");
    },
  },
  {
    source: "RFC 7644 section 3.9",
    level: "MUST",
    id: "rfc7644-3.9-create-attributes",
    title: "POST honours the attributes parameter",
    async run(client) {
      const body = client.userBody({ displayName: "{tag} Ada", title: "Guide" });
      const answer = await client.post("/Users", body, { query: { attributes: "title" } });
      expectStatus(answer, 201);
      expectValue(answer, "title", "Guide");
      expectLeftOut(answer, "displayName");
    },
  },
];

const ignored: readonly Check[] = [
  {
    ...SOURCE,
    id: "rfc7644-3.3-client-id-ignored",
    title: "an id that the client sends is ignored",
    async run(client) {
      const { id, created } = await client.user({ id: "{tag}-mine" });
      expectThat(id !== `${client.tag}-mine`, "the client's id was taken", created);
    },
  },
  {
    ...SCHEMA,
    id: "rfc7643-3.1-client-meta-ignored",
    title: "meta that the client sends is ignored",
    async run(client) {
      const { created } = await client.user({
        meta: { resourceType: "Cat", created: "2001-01-01T00:00:00Z", location: "https://example.com/x" },
      });
      expectValue(created, "meta.resourceType", "User");
      expectThat(!String(dig(created.body, "meta.created")).startsWith("2001"), "created was taken", created);
      expectThat(
        dig(created.body, "meta.location") !== "https://example.com/x",
        "location was taken",
        created,
      );
    },
  },
  {
    ...SOURCE,
    id: "rfc7644-3.3-read-only-ignored",
    title: "readOnly attributes that the client sends are ignored",
    async run(client) {
      const { created } = await client.user({ groups: [{ value: "nowhere", display: "Nowhere" }] });
      expectLeftOut(created, "groups");
    },
  },
  {
    source: "RFC 7643 section 2.5",
    level: "MUST",
    id: "rfc7643-2.5-null-is-unassigned",
    title: "null and [] leave an attribute unassigned",
    async run(client) {
      const { created } = await client.user({ title: null, emails: [], name: null, phoneNumbers: null });
      expectLeftOut(created, "title", "emails", "phoneNumbers", "name.givenName");
    },
  },
  {
    source: "RFC 7643 section 2.1",
    level: "MUST",
    id: "rfc7643-2.1-names-letter-case",
    title: "attribute names in a body do without letter case",
    async run(client) {
      const { created } = await client.user({ DISPLAYNAME: "{tag} Ada", Name: { GivenName: "Ada" } });
      expectValues(created, { displayName: `${client.tag} Ada`, "name.givenName": "Ada" });
    },
  },
];

const kept: readonly Check[] = [
  {
    source: "RFC 7643 section 4.1.1",
    level: "MUST",
    id: "rfc7643-4.1.1-password-never-returned",
    title: "password is never returned, not even when asked for",
    async run(client) {
      const { created, path } = await client.user({ password: "t1meMa$heen-{tag}" });
      expectLeftOut(created, "password");
      const asked = await client.get(path, { attributes: "password" });
      expectThat(!asked.text.includes("t1meMa$heen"), "the password is in the answer", asked);
    },
  },
  {
    source: "RFC 7644 section 3.8",
    level: "MUST",
    id: "rfc7644-3.8-utf8",
    title: "text of any script is kept",
    async run(client) {
      const displayName = "Žofie Åkesson 山田 👩‍🚀 é";
      const { path } = await client.user({ displayName });
      expectValue(await client.get(path), "displayName", displayName);
    },
  },
  {
    ...SCHEMA,
    id: "rfc7643-3.1-external-id",
    title: "externalId is kept as the client wrote it",
    async run(client) {
      const { path } = await client.user({ externalId: "{tag}-AbC" });
      expectValue(await client.get(path), "externalId", `${client.tag}-AbC`);
    },
  },
  {
    source: "RFC 7643 section 2.4",
    level: "MUST",
    id: "rfc7643-2.4-one-primary",
    title: "at most one element is primary",
    async run(client) {
      const emails = ["work", "home"].map((type) => ({
        value: `${type}@{tag}.example`,
        type,
        primary: true,
      }));
      const answer = await client.post("/Users", client.userBody({ emails }));
      if (answer.status === 400) return;
      expectStatus(answer, 201);
      const primaries = list(answer.body, "emails").filter((email) => dig(email, "primary") === true);
      expectThat(primaries.length <= 1, "two emails are primary", answer);
    },
  },
];

const refusedBodies: readonly (readonly [string, string, Readonly<Record<string, unknown>>])[] = [
  ["user-name-missing", "a user without userName is refused", { userName: undefined }],
  ["user-name-empty", "a user with an empty userName is refused", { userName: "" }],
  ["type-object", "a text where an object belongs is refused", { name: "Ada" }],
  ["type-text", "two texts where one belongs are refused", { title: ["Guide", "Lead"] }],
];

const refused: readonly Check[] = [
  ...refusedBodies.map(([name, title, attributes]): Check => ({
    source: "RFC 7644 section 3.12",
    level: "MUST",
    id: `rfc7644-3.12-${name}`,
    title: `${title}: invalidValue`,
    run: async (client) =>
      expectRefusal(await client.post("/Users", client.userBody(attributes)), 400, "invalidValue"),
  })),
  ...['{"userName":', "[]", '"text"', "null"].map((body, index): Check => ({
    source: "RFC 7644 section 3.12",
    level: "MUST",
    id: `rfc7644-3.12-body-${["cut-off", "array", "text", "null"][index] ?? ""}`,
    title: `a body of ${body} is refused: invalidSyntax`,
    run: async (client) => expectRefusal(await client.post("/Users", body), 400, "invalidSyntax"),
  })),
];

export const create: CheckGroup = {
  name: "create",
  checks: [...answers, ...ignored, ...kept, ...refused],
};
