/** What a tenant's extensions must keep to, what differs between two versions, and that what is written is read back. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkExtensions,
  compareExtensions,
  CORE_READING,
  defineModels,
  type Extensions,
  parseProjection,
  readBody,
  render,
  searchDocument,
} from "../../../src/scim/index.ts";
import { JAVELO_EXTENSIONS, userExtension } from "../../support/extensions.ts";

const URN = "urn:acme:1.0:User";
const one = (attribute: object, id = URN): Extensions => ({
  User: [{ id, name: "N", description: "D", attributes: [{ name: "a", description: "D", ...attribute }] }],
  Group: [],
});

describe("is refused, with its place and a reason:", () => {
  test.each<[string, Extensions, string]>([
    ["a URN of the standard's", one({}, "urn:ietf:params:scim:schemas:core:2.0:User"), "is taken"],
    ["a URN that begins like it", one({}, "urn:ietf:params:scim:schemas:core:2.0:User:x"), "begin alike"],
    ["no URN", one({}, "https://acme.example/user"), "is no URN"],
    ["a name with a dot", one({ name: "a.b" }), `${URN}:a.b: "a.b" is no attribute name`],
    ["a name of JavaScript's", one({ name: "constructor" }), "has a meaning of its own"],
    ["a common name", one({ name: "externalid" }), "every resource has an attribute"],
    ["complex without parts", one({ type: "complex" }), "needs subAttributes"],
    ["parts of what is simple", one({ subAttributes: [{ name: "b", description: "D" }] }), "only a complex"],
    [
      "complex within complex",
      one({ type: "complex", subAttributes: [{ name: "b", description: "D", type: "complex" }] }),
      `${URN}:a.b: a sub-attribute cannot be complex`,
    ],
    [
      "uniqueness that is not kept",
      one({ uniqueness: "server" }),
      "uniqueness server is kept for userName alone",
    ],
    ["writeOnly that is returned", one({ mutability: "writeOnly" }), "write returned never"],
    ["required that nobody writes", one({ required: true, mutability: "readOnly" }), "cannot be required"],
    ["a reference to nothing", one({ type: "reference" }), "needs referenceTypes"],
    ["letter case of a number", one({ type: "integer", caseExact: true }), "caseExact is about text"],
    ["no description", one({ description: " " }), "description has 1 to"],
  ])("%s", (_what, extensions, reason) => {
    const problems = checkExtensions(extensions);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(reason);
  });

  test("two attributes, or two schemas, of one name", () => {
    const [schema] = one({}).User;
    const twice = { ...schema!, attributes: [schema!.attributes[0]!, { name: "A", description: "D" }] };

    expect(checkExtensions({ User: [twice], Group: [] }).join()).toContain("A is there twice");
    expect(checkExtensions({ User: [schema!], Group: [schema!] }).join()).toContain("is taken");
  });
});

test("Javelo's example keeps to every rule", () => {
  expect(checkExtensions(JAVELO_EXTENSIONS)).toEqual([]);
});

test("two versions differ by what stored values feel, and by nothing else", () => {
  const before = one({ type: "string" });

  expect(
    compareExtensions(before, one({ description: "Other.", required: true, returned: "request" })),
  ).toEqual([]);
  expect(compareExtensions(before, one({ caseExact: true, multiValued: true }))).toEqual([
    { path: `${URN}:a`, kind: "changed", how: "multiValued false → true, caseExact false → true" },
  ]);
  expect(compareExtensions(before, one({ name: "b" }))).toEqual([
    { path: `${URN}:a`, kind: "removed" },
    { path: `${URN}:b`, kind: "added" },
  ]);
  const { User } = before;
  expect(compareExtensions(before, { User: [], Group: User }).map(({ kind }) => kind)).toEqual([
    "removed",
    "added",
  ]);
});

const VALUES = {
  string: fc.string({ minLength: 1, unit: "grapheme-ascii" }),
  boolean: fc.boolean(),
  integer: fc.integer(),
  decimal: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0 || 0),
  dateTime: fc.constantFrom("2026-11-24T09:30:00Z", "0001-01-02T00:00:00.123+14:00"),
};
type SimpleType = keyof typeof VALUES;

/** An extension of users with any attributes, and values that its attributes may have. */
const extended = fc
  .uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[A-Za-z][A-Za-z0-9$_-]{0,9}$/).map((name) => `x${name}`),
      type: fc.constantFrom(...(Object.keys(VALUES) as SimpleType[])),
      multiValued: fc.boolean(),
      caseExact: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6, selector: ({ name }) => name.toLowerCase() },
  )
  .chain((attributes) => {
    const values = attributes.map(({ name, type, multiValued }) => {
      const value: fc.Arbitrary<unknown> = VALUES[type];
      const all = multiValued ? fc.uniqueArray(value, { minLength: 1, maxLength: 1 }) : value;
      return fc.option(all, { nil: undefined }).map((made) => [name, made] as const);
    });
    const part = fc
      .tuple(...values)
      .map((pairs) => Object.fromEntries(pairs.filter(([, made]) => made !== undefined)));
    const texts = attributes.map(({ caseExact, ...rest }) => ({
      ...rest,
      ...(rest.type === "string" && { caseExact }),
    }));
    return fc.record({ extensions: fc.constant(userExtension(URN, texts)), part });
  });

test("of any extension, what is written is read back, whole and one by one", () => {
  fc.assert(
    fc.property(extended, ({ extensions, part }) => {
      const models = defineModels(extensions);
      const flat = Object.fromEntries(
        Object.entries(part).map(([name, value]) => [`${URN.toUpperCase()}:${name}`, value]),
      );
      const [nested, asKeys] = [{ [URN]: part }, flat].map((more) =>
        readBody("User", { userName: "a", ...more }, { ...CORE_READING, models }),
      );

      expect(asKeys).toEqual(nested);
      const { resource } = nested!;
      const time = "2026-11-24T09:30:00.000Z";
      const stored = {
        type: "User" as const,
        id: "1",
        version: 1,
        created: time,
        lastModified: time,
        resource,
      };
      const show = (attributes?: string): unknown =>
        render(stored, { models, baseUrl: "", projection: parseProjection(attributes, undefined) })[URN];
      const expected = Object.keys(part).length === 0 ? undefined : part;
      expect(show()).toEqual(expected);
      expect(show(URN)).toEqual(expected);
      for (const [name, value] of Object.entries(part))
        expect(show(`${URN}:${name}`)).toEqual({ [name]: value });
      expect(Object.keys(searchDocument(models.User, resource)).includes(URN.toLowerCase())).toBe(
        expected !== undefined,
      );
    }),
  );
});
