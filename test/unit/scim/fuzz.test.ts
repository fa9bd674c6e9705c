/**
 * Random input to whatever parses what strangers send: answered or refused, never a fault of ours. A
 * short run with every test; `npm run fuzz` makes it long.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CORE_READING,
  parseFilter,
  parseProjection,
  readBody,
  readBulk,
  readPatch,
  ScimError,
} from "../../../src/scim/index.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 2_000);

const pieces = fc.constantFrom(
  ...[
    "userName",
    "emails",
    "name.givenName",
    "urn:ietf:params:scim:schemas:core:2.0:User:",
    "members",
    "x",
    "$ref",
  ],
  ...[
    "eq",
    "ne",
    "co",
    "pr",
    "and",
    "or",
    "not",
    "(",
    ")",
    "[",
    "]",
    ".",
    ":",
    " ",
    "\\",
    '"',
    '"work"',
    "true",
    "null",
  ],
  ...["-1e9", "\u0000", "\ud800", "😀", "İ", "ß", "%", "'", "--", "{", "}", ","],
);
const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.array(pieces, { maxLength: 20 }).map((list) => list.join("")),
  fc.array(pieces, { maxLength: 20 }).map((list) => list.join(" ")),
);
const keys = fc.oneof(
  texts,
  fc.constantFrom("__proto__", "constructor", "toString", "hasOwnProperty", "value", "type"),
);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    texts,
    fc.constantFrom<unknown>(null, true, false, 0, -0, 1e308, NaN, [], {}, ""),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(keys, tie("value"), { maxKeys: 4 }),
  ),
})).value;

function answersOrRefuses(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    expect(error.detail.text.length).toBeLessThan(20_000);
  }
}

test("filters", () => {
  fc.assert(
    fc.property(texts, (text) => answersOrRefuses(() => parseFilter(text))),
    { numRuns: RUNS },
  );
});

test("paths, and values under them", () => {
  const operation = fc.record({ op: fc.constantFrom("add", "Replace", "remove"), path: texts, value: json });
  fc.assert(
    fc.property(operation, fc.constantFrom("User" as const, "Group" as const), (each, type) =>
      answersOrRefuses(() => readPatch(type, { Operations: [each] }, CORE_READING)),
    ),
    { numRuns: RUNS },
  );
});

test("bodies, of resources, patches and bulk requests", () => {
  fc.assert(
    fc.property(json, (body) => {
      answersOrRefuses(() => readBody("User", body, CORE_READING));
      answersOrRefuses(() => readBody("Group", { displayName: "g", members: body }, CORE_READING));
      answersOrRefuses(() => readPatch("User", { Operations: [{ op: "add", value: body }] }, CORE_READING));
      answersOrRefuses(() => readBulk({ Operations: [body] }));
    }),
    { numRuns: RUNS },
  );
});

test("projections", () => {
  fc.assert(
    fc.property(texts, (text) => answersOrRefuses(() => parseProjection(text, undefined))),
    { numRuns: RUNS },
  );
});

test("what cannot be an attribute pollutes no prototype", () => {
  const body = JSON.parse(
    '{"userName":"a","__proto__":{"polluted":1},"name":{"__proto__":{"polluted":1}}}',
  ) as object;
  readBody("User", body, CORE_READING);
  readPatch("User", { Operations: [{ op: "add", value: body }] }, CORE_READING);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});
