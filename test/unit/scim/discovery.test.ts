/** Discovery is made from the schema data and says what RFC 7643 sections 5 to 7 ask for. */
import { expect, test } from "vitest";
import { CORE_MODELS, resourceTypes, schemas, serviceProviderConfig } from "../../../src/scim/index.ts";

const BASE = "https://scim.example.com/scim/v2";

interface Published {
  readonly name: string;
  readonly type: string;
  readonly subAttributes?: readonly Published[];
}

test("the ServiceProviderConfig has every required part", () => {
  const config = serviceProviderConfig({
    baseUrl: BASE,
    filterResultsMax: 1_000,
    pageSizeDefault: 100,
    cursorTimeoutSeconds: 3_600,
    bulkPayloadBytesMax: 1_000_000,
  });

  expect(config).toMatchObject({
    patch: { supported: true },
    bulk: { supported: true, maxOperations: 1_000, maxPayloadSize: 1_000_000 },
    filter: { supported: true, maxResults: 1_000 },
    changePassword: { supported: false },
    sort: { supported: true },
    pagination: { cursor: true, index: true, defaultPaginationMethod: "index", maxPageSize: 1_000 },
    etag: { supported: true },
    authenticationSchemes: [{ type: "oauthbearertoken", primary: true }],
  });
});

test("every resource type's schemas are there, and lead to themselves", () => {
  const known = schemas(CORE_MODELS, BASE).map(({ id }) => id);

  for (const type of resourceTypes(CORE_MODELS, BASE)) {
    const { schema, schemaExtensions } = type as unknown as {
      schema: string;
      schemaExtensions: { schema: string }[];
    };
    expect(known).toEqual(expect.arrayContaining([schema, ...schemaExtensions.map((each) => each.schema)]));
  }
});

test("every attribute states all its characteristics, none of them null", () => {
  const visit = (attribute: Published): void => {
    expect(Object.values(attribute)).not.toContain(null);
    expect(Object.keys(attribute)).toEqual(
      expect.arrayContaining(["name", "type", "multiValued", "required", "mutability", "returned"]),
    );
    expect(attribute.subAttributes !== undefined).toBe(attribute.type === "complex");
    attribute.subAttributes?.forEach(visit);
  };

  for (const schema of schemas(CORE_MODELS, BASE)) (schema["attributes"] as Published[]).forEach(visit);
});
