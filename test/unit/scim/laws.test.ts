/** Laws that hold for any input: printing and parsing, reading twice, patching twice, and never a fault of ours. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CORE_MODELS,
  CORE_READING,
  applyPatch,
  fold,
  parseFilter,
  readBody,
  readPatch,
  ScimError,
} from "../../../src/scim/index.ts";
import { filters, print, users } from "../../support/filters.ts";

test("a filter that is printed and parsed again is the same filter", () => {
  fc.assert(
    fc.property(filters(["id-1"], ["2026-11-24T09:30:00Z"]), (tree) => {
      const once = parseFilter(print(tree));
      expect(parseFilter(print(once))).toEqual(once);
    }),
  );
});

test("any text is a filter or a refusal, never a fault", () => {
  const words = fc.constantFrom(
    "userName",
    "eq",
    "and",
    "not",
    "(",
    ")",
    "[",
    "]",
    '"',
    '"x"',
    " ",
    ".",
    ":",
    "urn:",
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(words).map((list) => list.join(" ")),
    fc.array(words).map((list) => list.join("")),
  );
  fc.assert(fc.property(texts, (text) => orRefusal(() => parseFilter(text))));
});

test("a canonical resource read again is itself", () => {
  fc.assert(
    fc.property(users, (user) => {
      const once = readBody("User", user, CORE_READING).resource;
      expect(readBody("User", once, CORE_READING).resource).toEqual(once);
    }),
  );
});

test("any JSON is a body or a refusal, never a fault", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom("User" as const, "Group" as const), (body, type) => {
      orRefusal(() => readBody(type, body, CORE_READING));
      orRefusal(() =>
        readBody(
          type,
          { userName: "a", displayName: "a", name: body, emails: body, members: body },
          CORE_READING,
        ),
      );
    }),
  );
});

test("any operation is applied or refused, and applied twice is applied once", () => {
  const names = [
    "title",
    "active",
    "name",
    "name.givenName",
    "emails",
    'emails[type eq "work"]',
    'emails[type eq "work"].value',
    "emails.value",
    "manager",
    "groups",
    "x",
    "[",
  ];
  const values = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom<unknown>("", null, "True", { value: "m" }, [{ type: "work", value: "a" }]),
  );
  const operations = fc.record({
    op: fc.constantFrom("Add", "Replace", "remove"),
    path: fc.constantFrom(...names),
    value: values,
  });
  fc.assert(
    fc.property(users, operations, (user, operation) => {
      orRefusal(() => {
        const patch = readPatch("User", { Operations: [operation] }, CORE_READING);
        const once = applyPatch(CORE_MODELS.User, user, patch).resource;
        const twice = applyPatch(CORE_MODELS.User, once, patch);
        expect(twice.resource).toEqual(once);
        expect(twice.changed).toEqual([]);
      });
    }),
    { numRuns: 1_000 },
  );
});

test("the comparison key of a text is its own key", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => fold(fold(text)) === fold(text)));
  // To list all of Unicode takes seconds where others keep the cores busy.
}, 90_000);

function orRefusal(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
  }
}
