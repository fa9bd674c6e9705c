/** Random users and random filters over them, from few enough words that filters often match. For fast-check. */
import fc from "fast-check";
import { JAVELO } from "./extensions.ts";
import type { CompareOperator, Filter, Literal, Resource } from "../../src/scim/index.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

// Letter case, wildcards of LIKE, quotes, what lies beyond ASCII and beyond the basic plane.
const WORDS = [
  "a",
  "A",
  "ab",
  "aB",
  "b",
  "%",
  "_",
  "a%b",
  "'",
  '"',
  "\\",
  "é",
  "É",
  "ß",
  "ﬁ",
  "Σ",
  "ς",
  "😀",
  "z😀",
];
const word = fc.constantFrom(...WORDS);
const type = fc.constantFrom("work", "Work", "home");
const workTime = fc.constantFrom(0, 0.5, 0.8, 1);
// The first two are the same moment.
const hired = fc.constantFrom(
  "2024-03-01T09:00:00+01:00",
  "2024-03-01T08:00:00Z",
  "2020-01-01T00:00:00.500Z",
);

const text = fc.option(word, { nil: undefined });
const email = fc.record({
  value: text,
  type: fc.option(type, { nil: undefined }),
  primary: fc.option(fc.boolean(), { nil: undefined }),
});

/** Users without what is unassigned, in canonical form; userName is not unique among them. */
export const users: fc.Arbitrary<Resource> = fc
  .record({
    userName: word,
    externalId: text,
    title: text,
    active: fc.option(fc.boolean(), { nil: undefined }),
    name: fc.option(fc.record({ givenName: text, familyName: text }), { nil: undefined }),
    emails: fc.option(fc.array(email, { maxLength: 3 }), { nil: undefined }),
    // Of a tenant's own, with letter case and without, and of types that the standard's attributes hardly have.
    [JAVELO]: fc.option(
      fc.record({
        job: text,
        employeeNumber: text,
        workTime: fc.option(workTime, { nil: undefined }),
        firstHiredOn: fc.option(hired, { nil: undefined }),
      }),
      { nil: undefined },
    ),
    [ENTERPRISE]: fc.option(
      fc.record({ department: text, manager: fc.option(fc.record({ value: word }), { nil: undefined }) }),
      { nil: undefined },
    ),
  })
  .map((user) => compact(user) as Resource);

/** Drops what is unassigned, to any depth, as reading a body does. */
function compact(value: unknown): unknown {
  if (Array.isArray(value)) {
    const list = value.map(compact).filter((item) => item !== undefined);
    return list.length === 0 ? undefined : list;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, compact(inner)] as const);
  const kept = entries.filter(([, inner]) => inner !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

const textOperator = fc.constantFrom<CompareOperator>("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le");
const equality = fc.constantFrom<CompareOperator>("eq", "ne");
const ordering = fc.constantFrom<CompareOperator>("eq", "ne", "gt", "ge", "lt", "le");

interface Target {
  readonly urn?: string;
  readonly name: string;
  readonly sub?: string;
}

const textTarget = fc.constantFrom<Target>(
  { name: "userName" },
  { name: "externalId" },
  { name: "title" },
  { name: "nickName" },
  { name: "name", sub: "givenName" },
  { name: "emails" },
  { name: "emails", sub: "value" },
  { name: "emails", sub: "type" },
  { urn: ENTERPRISE, name: "department" },
  { urn: ENTERPRISE, name: "manager", sub: "value" },
  { urn: JAVELO, name: "job" },
  { urn: JAVELO, name: "employeeNumber" },
);

function compare(
  target: fc.Arbitrary<Target>,
  operator: fc.Arbitrary<CompareOperator>,
  value: fc.Arbitrary<Literal>,
): fc.Arbitrary<Filter> {
  return fc.record({ kind: fc.constant("compare" as const), path: target, operator, value });
}

const present = (target: fc.Arbitrary<Target>): fc.Arbitrary<Filter> =>
  fc.record({ kind: fc.constant("present" as const), path: target });

/** @param ids - of users and groups that exist, so that comparisons of ids sometimes hold */
export function filters(ids: readonly string[], times: readonly string[]): fc.Arbitrary<Filter> {
  const id = fc.constantFrom(...ids, "no-id");
  const element = joined(
    fc.oneof(
      compare(
        fc.constantFrom<Target>({ name: "value" }, { name: "type" }),
        textOperator,
        fc.oneof(word, type),
      ),
      compare(fc.constant<Target>({ name: "primary" }), equality, fc.boolean()),
      present(fc.constantFrom<Target>({ name: "value" }, { name: "primary" })),
      compare(fc.constant<Target>({ name: "type" }), equality, fc.constant(null)),
    ),
    2,
  );
  const leaf = fc.oneof(
    { weight: 4, arbitrary: compare(textTarget, textOperator, fc.oneof(word, type)) },
    { weight: 1, arbitrary: compare(textTarget, equality, fc.constant(null)) },
    {
      weight: 1,
      arbitrary: present(
        fc.oneof(
          textTarget,
          fc.constantFrom<Target>({ name: "emails" }, { name: "name" }, { name: "groups" }),
        ),
      ),
    },
    { weight: 1, arbitrary: compare(fc.constant<Target>({ name: "active" }), equality, fc.boolean()) },
    {
      weight: 1,
      arbitrary: compare(fc.constant<Target>({ name: "emails", sub: "primary" }), equality, fc.boolean()),
    },
    {
      weight: 1,
      arbitrary: compare(
        fc.constantFrom<Target>({ name: "id" }, { name: "groups", sub: "value" }),
        textOperator,
        id,
      ),
    },
    {
      weight: 1,
      arbitrary: compare(
        fc.constantFrom<Target>({ name: "meta", sub: "created" }, { name: "meta", sub: "lastModified" }),
        ordering,
        fc.constantFrom(...times),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.oneof(
        compare(fc.constant<Target>({ urn: JAVELO, name: "workTime" }), ordering, workTime),
        compare(fc.constant<Target>({ urn: JAVELO, name: "firstHiredOn" }), ordering, hired),
        present(fc.constant<Target>({ urn: JAVELO, name: "workTime" })),
      ),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("valuePath" as const),
        path: fc.constant<Target>({ name: "emails" }),
        filter: element,
      }),
    },
  );
  return joined(leaf, 3);
}

/** Terms joined by and, or and not. */
function joined(leaf: fc.Arbitrary<Filter>, maxDepth: number): fc.Arbitrary<Filter> {
  const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth },
      leaf,
      fc.record({
        kind: fc.constantFrom("and" as const, "or" as const),
        operands: fc.array(tie("filter"), { minLength: 2, maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant("not" as const), operand: tie("filter") }),
    ),
  }));
  return filter;
}

/** The filter as a client would write it. */
export function print(filter: Filter): string {
  switch (filter.kind) {
    case "and":
    case "or":
      return filter.operands.map((operand) => `(${print(operand)})`).join(` ${filter.kind} `);
    case "not":
      return `not (${print(filter.operand)})`;
    case "present":
      return `${printPath(filter.path)} pr`;
    case "compare":
      return `${printPath(filter.path)} ${filter.operator} ${JSON.stringify(filter.value)}`;
    case "valuePath":
      return `${printPath(filter.path)}[${print(filter.filter)}]`;
  }
}

function printPath({ urn, name, sub }: Target): string {
  return `${urn === undefined ? "" : `${urn}:`}${name}${sub === undefined ? "" : `.${sub}`}`;
}
