/** Laws of PATCH, for any user: order, atomicity, undoing, and that Azure's words and the RFC's say the same. RFC 7644 section 3.5.2. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  applyPatch,
  CORE_MODELS,
  CORE_READING,
  readBody,
  readPatch,
  type Resource,
  ScimError,
} from "../../../src/scim/index.ts";
import { users as anyUsers } from "../../support/filters.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/** As a body leaves them: of several primary values, for one, only one is left. */
const users = anyUsers.map((user) => readBody("User", user, CORE_READING).resource);

interface Operation {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

const word = fc.constantFrom("a", "b", "é", "Ab");
const write = fc.constantFrom("add" as const, "replace" as const);
const simple = fc.record({
  op: write,
  path: fc.constantFrom("title", "name.givenName", "userName"),
  value: word,
});
const flag = fc.record({ op: write, path: fc.constant("active"), value: fc.boolean() });
const extended = fc.record({
  op: write,
  path: fc.constantFrom(`${ENTERPRISE}:department`, `${ENTERPRISE}:costCenter`),
  value: word,
});
const email = fc.record({ value: word, type: fc.constantFrom("work", "home") });
const several = fc.record({
  op: write,
  path: fc.constant("emails"),
  value: fc.array(email, { minLength: 1, maxLength: 2 }),
});
const filtered = fc.record({
  op: write,
  path: fc.constantFrom('emails[type eq "work"].value', 'emails[type eq "home"].value'),
  value: word,
});
const removal = fc.record({
  op: fc.constant("remove" as const),
  path: fc.constantFrom("title", "name", "emails", 'emails[type eq "work"]', `${ENTERPRISE}:department`),
});
const operations: fc.Arbitrary<readonly Operation[]> = fc.array(
  fc.oneof(simple, flag, extended, several, filtered, removal),
  { minLength: 1, maxLength: 6 },
);

const apply = (user: Resource, Operations: readonly object[]): Resource =>
  applyPatch(CORE_MODELS.User, user, readPatch("User", { Operations }, CORE_READING)).resource;

test("operations in one message are the same as one message each", () => {
  fc.assert(
    fc.property(users, operations, (user, list) => {
      expect(apply(user, list)).toEqual(list.reduce((before, each) => apply(before, [each]), user));
    }),
  );
});

test("replacing is idempotent, and what comes before it in the same place does not count", () => {
  fc.assert(
    fc.property(users, fc.oneof(simple, several), word, (user, { path, value }, other) => {
      const replaced = apply(user, [{ op: "replace", path, value }]);
      const earlier = { op: "replace", path, value: path === "emails" ? [{ value: other }] : other };

      expect(apply(replaced, [{ op: "replace", path, value }])).toEqual(replaced);
      expect(apply(user, [earlier, { op: "replace", path, value }])).toEqual(replaced);
    }),
  );
});

test("what is added and removed again leaves the user as it was", () => {
  fc.assert(
    fc.property(users, word, (user, text) => {
      const value = `new-${text}`;
      const undone = [
        [
          { op: "add", path: "nickName", value },
          { op: "remove", path: "nickName" },
        ],
        [
          { op: "add", path: "emails", value: [{ value, type: "work" }] },
          { op: "remove", path: `emails[value eq "${value}"]` },
        ],
        [
          { op: "Add", path: "emails", value: [{ value }] },
          { op: "Remove", path: "emails", value: [{ value }] },
        ],
      ];
      for (const pair of undone) expect(apply(user, pair)).toEqual(user);
    }),
  );
});

test("one operation that cannot be applied, wherever it stands, leaves the user untouched", () => {
  const bad = fc.constantFrom(
    { op: "replace", path: 'emails[value co "nobody"].type', value: "x" },
    { op: "remove", path: "userName" },
    { op: "replace", path: "id", value: "x" },
    { op: "replace", path: "active", value: "perhaps" },
  );
  fc.assert(
    fc.property(users, operations, bad, fc.nat(6), (user, list, wrong, at) => {
      const whole = structuredClone(user);
      expect(() => apply(user, [...list.slice(0, at), wrong, ...list.slice(at)])).toThrow(ScimError);
      expect(user).toEqual(whole);
    }),
  );
});

test("Azure's words and the RFC's say the same, and so does what was said once", () => {
  fc.assert(
    fc.property(operations, (list) => {
      const read = (Operations: readonly object[]): unknown =>
        readPatch("User", { Operations }, CORE_READING);
      expect(read(list.map(azures))).toEqual(read(list));
      expect(read(list.map(azures).map(azures))).toEqual(read(list));
    }),
  );
});

/** The same operation as Azure AD sends it. */
function azures(operation: { readonly op: string; readonly path: string; readonly value?: unknown }) {
  const { op, path, value } = operation;
  const capital = `${op.charAt(0).toUpperCase()}${op.slice(1).toLowerCase()}`;
  const bare = path.replace(`${ENTERPRISE}:`, "");
  const text = typeof value === "boolean" ? (value ? "True" : "False") : value;
  return { op: capital, path: bare, ...(value !== undefined && { value: text }), name: op };
}
