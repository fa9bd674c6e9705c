/** ServiceProviderConfig, ResourceTypes and Schemas: what a client reads before it writes anything. */
import type { Check, CheckGroup } from "../check.ts";
import { expectErrorForm, expectList, expectPresent, expectScimType, expectStatus } from "../expect.ts";
import { expectThat, expectValue, show } from "../expect.ts";
import { LIST, PROVIDER_CONFIG, USER } from "../urns.ts";
import { dig, list } from "../values.ts";

const CONFIG_FLAGS = ["patch", "bulk", "filter", "changePassword", "sort", "etag"];

const config: readonly Check[] = [
  {
    id: "rfc7643-5-provider-config",
    title: "ServiceProviderConfig says of every feature whether it is supported",
    source: "RFC 7643 section 5",
    level: "MUST",
    async run(client) {
      const answer = await client.get("/ServiceProviderConfig");
      expectStatus(answer, 200);
      expectThat(list(answer.body, "schemas").includes(PROVIDER_CONFIG), "schemas is wrong", answer);
      for (const flag of CONFIG_FLAGS) {
        const value = dig(answer.body, `${flag}.supported`);
        expectThat(typeof value === "boolean", `${flag}.supported is ${show(value)}`, answer);
      }
    },
  },
  {
    id: "rfc7643-5-limits",
    title: "filter.maxResults, bulk.maxOperations and bulk.maxPayloadSize are integers",
    source: "RFC 7643 section 5",
    level: "MUST",
    async run(client) {
      const answer = await client.get("/ServiceProviderConfig");
      for (const path of ["filter.maxResults", "bulk.maxOperations", "bulk.maxPayloadSize"]) {
        const value = dig(answer.body, path);
        expectThat(Number.isInteger(value), `${path} is ${show(value)}`, answer);
      }
    },
  },
  {
    id: "rfc7643-5-authentication-schemes",
    title: "every authentication scheme has type, name and description",
    source: "RFC 7643 section 5",
    level: "MUST",
    async run(client) {
      const answer = await client.get("/ServiceProviderConfig");
      const schemes = list(answer.body, "authenticationSchemes");
      expectThat(schemes.length > 0, "authenticationSchemes is empty", answer);
      expectPresent(answer, ...schemes.flatMap((_, index) => schemeKeys(index)));
    },
  },
  {
    id: "rfc7643-5-config-without-token",
    title: "ServiceProviderConfig can be read without authentication",
    source: "RFC 7643 section 5",
    level: "SHOULD",
    async run(client) {
      const headers = { authorization: null };
      expectStatus(await client.send("GET", "/ServiceProviderConfig", { headers }), 200);
    },
  },
  {
    id: "rfc7644-3.8-config-content-type",
    title: "discovery is answered as application/scim+json",
    source: "RFC 7644 section 3.8",
    level: "MUST",
    async run(client) {
      for (const path of ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"]) {
        expectScimType(await client.get(path));
      }
    },
  },
  {
    id: "rfc9865-4-pagination",
    title: "ServiceProviderConfig tells which ways of paging there are",
    source: "RFC 9865 section 4",
    level: "SHOULD",
    async run(client) {
      const answer = await client.get("/ServiceProviderConfig");
      expectThat(typeof dig(answer.body, "pagination.cursor") === "boolean", "no pagination.cursor", answer);
      expectThat(typeof dig(answer.body, "pagination.index") === "boolean", "no pagination.index", answer);
    },
  },
  {
    id: "rfc7644-4-config-read-only",
    title: "ServiceProviderConfig cannot be written",
    source: "RFC 7644 section 4",
    level: "SHOULD",
    async run(client) {
      expectStatus(await client.put("/ServiceProviderConfig", { schemas: [PROVIDER_CONFIG] }), 405, 501);
    },
  },
];

function schemeKeys(index: number): string[] {
  return ["type", "name", "description"].map((key) => `authenticationSchemes.${index}.${key}`);
}

const types: readonly Check[] = [
  {
    id: "rfc7644-4-resource-types",
    title: "ResourceTypes is a ListResponse of all types",
    source: "RFC 7644 section 4",
    level: "MUST",
    async run(client) {
      const answer = await client.get("/ResourceTypes");
      const resources = expectList(answer);
      expectValue(answer, "totalResults", resources.length);
      expectThat(
        resources.some((type) => dig(type, "name") === "User"),
        "no type is named User",
        answer,
      );
    },
  },
  {
    id: "rfc7643-6-resource-type",
    title: "every resource type has name, endpoint and schema",
    source: "RFC 7643 section 6",
    level: "MUST",
    async run(client) {
      const answer = await client.get("/ResourceTypes");
      const keys = ["name", "endpoint", "schema"];
      expectPresent(
        answer,
        ...expectList(answer).flatMap((_, index) => keys.map((key) => `Resources.${index}.${key}`)),
      );
    },
  },
  {
    id: "rfc7644-4-resource-type-by-name",
    title: "a single resource type can be read",
    source: "RFC 7644 section 4",
    level: "MUST",
    async run(client) {
      const answer = await client.get("/ResourceTypes/User");
      expectStatus(answer, 200);
      expectValue(answer, "schema", USER);
    },
  },
  {
    id: "rfc7644-3.12-resource-type-unknown",
    title: "an unknown resource type is 404 with a SCIM error",
    source: "RFC 7644 sections 3.12 and 4",
    level: "MUST",
    run: async (client) => expectErrorForm(await client.get("/ResourceTypes/Nothing"), 404),
  },
];

const schemas: readonly Check[] = [
  {
    id: "rfc7644-4-schemas",
    title: "Schemas is a ListResponse that has every schema of every resource type",
    source: "RFC 7643 section 6, RFC 7644 section 4",
    level: "MUST",
    async run(client) {
      const named = expectList(await client.get("/ResourceTypes")).flatMap((type) => [
        dig(type, "schema"),
        ...list(type, "schemaExtensions").map((extension) => dig(extension, "schema")),
      ]);
      const answer = await client.get("/Schemas");
      const ids = expectList(answer).map((schema) => dig(schema, "id"));
      const lacking = named.filter((urn) => !ids.includes(urn));
      expectThat(lacking.length === 0, `Schemas is without ${lacking.join(", ")}`, answer);
    },
  },
  {
    id: "rfc7644-4-schema-by-urn",
    title: "a single schema can be read by its URN",
    source: "RFC 7644 section 4",
    level: "MUST",
    async run(client) {
      const answer = await client.get(`/Schemas/${USER}`);
      expectStatus(answer, 200);
      expectValue(answer, "id", USER);
    },
  },
  {
    id: "rfc7644-3.12-schema-unknown",
    title: "an unknown schema is 404 with a SCIM error",
    source: "RFC 7644 sections 3.12 and 4",
    level: "MUST",
    run: async (client) => expectErrorForm(await client.get("/Schemas/urn:example:none"), 404),
  },
  {
    id: "rfc7643-7-characteristics",
    title: "every attribute has its characteristics, in the words of the RFC",
    source: "RFC 7643 section 7",
    level: "MUST",
    async run(client) {
      const answer = await client.get("/Schemas");
      const wrong = expectList(answer)
        .flatMap((schema) => list(schema, "attributes"))
        .flatMap(withSubAttributes)
        .find((attribute) => !isDescribed(attribute));
      expectThat(wrong === undefined, `wrong characteristics: ${show(wrong)}`, answer);
    },
  },
  {
    id: "rfc7643-4.1.1-user-name-characteristics",
    title: "userName is published as required and unique",
    source: "RFC 7643 section 4.1.1",
    level: "MUST",
    async run(client) {
      const answer = await client.get(`/Schemas/${USER}`);
      const userName = list(answer.body, "attributes").find((each) => dig(each, "name") === "userName");
      expectThat(dig(userName, "required") === true, "userName is not required", answer);
      expectThat(dig(userName, "uniqueness") !== "none", "userName is not unique", answer);
    },
  },
  {
    id: "rfc7643-4.1.1-password-characteristics",
    title: "password, where published, is writeOnly and never returned",
    source: "RFC 7643 section 4.1.1",
    level: "MUST",
    async run(client) {
      const answer = await client.get(`/Schemas/${USER}`);
      const password = list(answer.body, "attributes").find((each) => dig(each, "name") === "password");
      if (password === undefined) return;
      expectThat(dig(password, "mutability") === "writeOnly", "password is not writeOnly", answer);
      expectThat(dig(password, "returned") === "never", "password may be returned", answer);
    },
  },
  {
    id: "entra-schemas-without-null",
    title: "Schemas holds no null, on which Entra's schema discovery fails",
    source: "Microsoft Learn: use-scim-to-provision-users-and-groups, schema discovery",
    level: "ENTRA",
    async run(client) {
      const answer = await client.get("/Schemas");
      expectThat(!/:\s*null\b/.test(answer.text), "a value is null", answer);
    },
  },
  {
    id: "rfc7644-4-paging-ignored",
    title: "discovery ignores paging",
    source: "RFC 7644 section 4",
    level: "MUST",
    async run(client) {
      const whole = expectList(await client.get("/Schemas"));
      const answer = await client.get("/Schemas", { startIndex: "2", count: "1" });
      expectValue(answer, "totalResults", whole.length);
      expectThat(list(answer.body, "Resources").length === whole.length, "the list is paged", answer);
      expectThat(list(answer.body, "schemas").includes(LIST), "not a ListResponse", answer);
    },
  },
  {
    id: "rfc7644-4-filter-refused",
    title: "discovery refuses a filter with 403",
    source: "RFC 7644 section 4",
    level: "SHOULD",
    run: async (client) => expectStatus(await client.get("/Schemas", { filter: 'name eq "User"' }), 403),
  },
];

const WORDS: Readonly<Record<string, readonly string[]>> = {
  type: ["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"],
  mutability: ["readOnly", "readWrite", "immutable", "writeOnly"],
  returned: ["always", "never", "default", "request"],
};

function withSubAttributes(attribute: unknown): unknown[] {
  return [attribute, ...list(attribute, "subAttributes")];
}

function isDescribed(attribute: unknown): boolean {
  return (
    typeof dig(attribute, "name") === "string" &&
    typeof dig(attribute, "multiValued") === "boolean" &&
    Object.entries(WORDS).every(([key, words]) => {
      const word = dig(attribute, key);
      // A characteristic may be left out, which means the default of RFC 7643 section 2.2.
      return word === undefined ? key !== "type" : words.some((each) => each === word);
    })
  );
}

export const discovery: CheckGroup = { name: "discovery", checks: [...config, ...types, ...schemas] };
