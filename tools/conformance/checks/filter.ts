/** Filters of users: operators, types, logic, value paths. RFC 7644 section 3.4.2.2. */
import type { CheckGroup } from "../check.ts";
import { ENTERPRISE, USER } from "../urns.ts";
import { filterCheck, type FilterCase, type Person, refusedFilterCheck } from "./cases.ts";

const SOURCE = { source: "RFC 7644 section 3.4.2.2", level: "MUST" } as const;

type Row = readonly [name: string, title: string, filter: string, finds: readonly Person[]];

/** Ada has work and home mail, a title, and capitals in her userName; Bob is inactive, with work mail; Cy has no name. */
const OPERATORS: readonly Row[] = [
  ["eq", "eq finds the equal value", 'displayName eq "{tag} Ada"', ["ada"]],
  ["ne", "ne finds the others", 'userName sw "{tag}" and displayName ne "{tag} Ada"', ["bob", "cy"]],
  ["co", "co finds the values that contain it", 'userName co "{tag}.b"', ["bob"]],
  ["sw", "sw finds the beginning", 'displayName sw "{tag} A"', ["ada"]],
  ["ew", "ew finds the end", 'name.familyName ew "{tag}lace"', ["ada", "bob"]],
  ["pr", "pr finds those that have a value", 'title pr and userName sw "{tag}"', ["ada"]],
  [
    "pr-complex",
    "pr of a complex attribute wants a sub-attribute",
    'name pr and userName sw "{tag}"',
    ["ada", "bob"],
  ],
  [
    "gt",
    "gt compares texts by their order",
    'displayName gt "{tag} Ada" and userName sw "{tag}"',
    ["bob", "cy"],
  ],
  ["ge", "ge takes the equal one in", 'displayName ge "{tag} Bob" and userName sw "{tag}"', ["bob", "cy"]],
  ["lt", "lt compares texts by their order", 'displayName lt "{tag} Bob" and userName sw "{tag}"', ["ada"]],
  ["le", "le takes the equal one in", 'displayName le "{tag} Bob" and userName sw "{tag}"', ["ada", "bob"]],
  ["boolean-true", "eq compares booleans", 'active eq true and userName sw "{tag}"', ["ada", "cy"]],
  ["boolean-false", "eq false finds what is false", 'active eq false and userName sw "{tag}"', ["bob"]],
  ["null", "eq null finds those without a value", 'title eq null and userName sw "{tag}"', ["bob", "cy"]],
  ["id", "id can be filtered on", 'id eq "{ada}"', ["ada"]],
  ["escape", "a text may hold escaped quotes", 'title eq "Head of \\"Engines\\"" and id eq "{ada}"', ["ada"]],
  ["unicode-escape", "a text may hold \\u escapes", 'displayName eq "{tag}\\u0020Ada"', ["ada"]],
];

const CASES: readonly Row[] = [
  [
    "case-name",
    "attribute names do without letter case",
    'USERNAME eq "{tag}.bob@conformance.example"',
    ["bob"],
  ],
  [
    "case-operator",
    "operators do without letter case",
    'displayName EQ "{tag} Ada" Or displayName Eq "{tag} Bob"',
    ["ada", "bob"],
  ],
  [
    "case-insensitive",
    "userName is compared without letter case",
    'userName eq "{tag}.ADA@conformance.example"',
    ["ada"],
  ],
  ["case-exact", "externalId is compared with letter case", 'externalId eq "{tag}-ext-a"', []],
  ["case-exact-hit", "externalId is found as it was written", 'externalId eq "{tag}-Ext-A"', ["ada"]],
];

const LOGIC: readonly Row[] = [
  ["and", "and wants both", 'displayName sw "{tag}" and active eq false', ["bob"]],
  ["or", "or wants one", 'displayName eq "{tag} Ada" or displayName eq "{tag} Cy"', ["ada", "cy"]],
  [
    "not",
    "not turns a group around",
    'userName sw "{tag}" and not (displayName eq "{tag} Ada")',
    ["bob", "cy"],
  ],
  [
    "precedence",
    "and binds more than or",
    'displayName eq "{tag} Ada" or displayName eq "{tag} Bob" and active eq true',
    ["ada"],
  ],
  [
    "parentheses",
    "parentheses come first",
    '(displayName eq "{tag} Ada" or displayName eq "{tag} Bob") and active eq false',
    ["bob"],
  ],
  [
    "not-precedence",
    "not binds more than and",
    'not (displayName eq "{tag} Ada") and userName sw "{tag}" and active eq true',
    ["cy"],
  ],
  [
    "nested",
    "groups nest",
    'userName sw "{tag}" and not ((active eq false) or (title pr and not (title co "none")))',
    ["cy"],
  ],
];

const PATHS: readonly Row[] = [
  [
    "sub-attribute",
    "a sub-attribute is named with a dot",
    'name.givenName eq "Ada" and userName sw "{tag}"',
    ["ada"],
  ],
  [
    "any-value",
    "any value of a multi-valued attribute will do",
    'emails.value eq "{tag}.ada@home.example"',
    ["ada"],
  ],
  [
    "value-path",
    "a value path wants one element that fits",
    'emails[type eq "work" and value co "{tag}"]',
    ["ada", "bob"],
  ],
  [
    "value-path-one-element",
    "both conditions of a value path are about the same element",
    'emails[type eq "work" and value ew "@home.example"] and userName sw "{tag}"',
    ["bob"],
  ],
  [
    "dotted-several-elements",
    "two conditions outside a value path may be about two elements",
    'emails.type eq "work" and emails.value co "@home.example" and userName sw "{tag}"',
    ["ada", "bob"],
  ],
  [
    "value-path-or",
    "a value path takes or",
    'emails[value sw "{tag}" and (type eq "home" or primary eq true)]',
    ["ada"],
  ],
  ["value-path-not", "a value path takes not", 'emails[value sw "{tag}" and not (type eq "work")]', ["ada"]],
  [
    "pr-multi",
    "pr of a multi-valued attribute wants an element",
    'emails pr and userName sw "{tag}"',
    ["ada", "bob"],
  ],
  [
    "urn",
    "an attribute may have its URN in front",
    `${USER}:userName eq "{tag}.bob@conformance.example"`,
    ["bob"],
  ],
  [
    "date-gt",
    "dates are compared as dates",
    'meta.created gt "2001-01-01T00:00:00Z" and userName sw "{tag}"',
    ["ada", "bob", "cy"],
  ],
  [
    "date-lt",
    "a date in the past is before all of them",
    'meta.created lt "2001-01-01T00:00:00Z" and userName sw "{tag}"',
    [],
  ],
  [
    "date-offset",
    "dates with an offset are compared by the instant",
    'meta.lastModified gt "2001-01-01T23:59:59.5+14:00" and userName sw "{tag}"',
    ["ada", "bob", "cy"],
  ],
  [
    "extension-absent",
    "an extension without values matches nothing",
    `${ENTERPRISE}:department eq "{tag}"`,
    [],
  ],
];

const ENTRA: readonly FilterCase[] = [
  {
    id: "entra-filter-work-mail",
    title: 'emails[type eq "work"].value can be the matching attribute',
    filter: 'emails[type eq "work"].value eq "{tag}.ada@work.example"',
    finds: ["ada"],
  },
  {
    id: "entra-filter-other-element",
    title: "a value path before .value looks at the same element",
    filter: 'emails[type eq "work"].value eq "{tag}.ada@home.example"',
    finds: [],
  },
  {
    id: "entra-filter-and",
    title: "id and userName joined by and",
    filter: 'id eq "{bob}" and userName eq "{tag}.bob@conformance.example"',
    finds: ["bob"],
  },
  {
    id: "entra-filter-primary-as-text",
    title: 'primary is compared with the text "True" as well',
    filter: 'emails[primary eq "True"].value eq "{tag}.ada@work.example"',
    finds: ["ada"],
  },
].map((facts) => ({
  ...facts,
  source: "Microsoft Learn: use-scim-to-provision-users-and-groups",
  level: "ENTRA",
  finds: facts.finds as Person[],
}));

const MALFORMED: readonly (readonly [string, string])[] = [
  ["no-operator", "userName"],
  ["unknown-operator", 'userName is "x"'],
  ["no-value", "userName eq"],
  ["open-text", 'userName eq "x'],
  ["open-parenthesis", '(userName eq "x"'],
  ["trailing", 'userName eq "x" y'],
  ["dangling-and", 'userName eq "x" and'],
  ["open-bracket", 'emails[type eq "work"'],
  ["empty-group", "()"],
  ["boolean-order", "active gt true"],
];

export const filter: CheckGroup = {
  name: "filter",
  needs: ["filter"],
  checks: [
    ...[...OPERATORS, ...CASES, ...LOGIC, ...PATHS].map(([name, title, text, finds]) =>
      filterCheck({ ...SOURCE, id: `rfc7644-3.4.2.2-${name}`, title, filter: text, finds }),
    ),
    ...ENTRA.map(filterCheck),
    ...MALFORMED.map(([name, text]) =>
      refusedFilterCheck({
        ...SOURCE,
        id: `rfc7644-3.4.2.2-malformed-${name}`,
        title: `the filter ${text} is 400 invalidFilter`,
        filter: text,
      }),
    ),
    refusedFilterCheck({
      ...SOURCE,
      id: "rfc7644-3.4.2.2-unknown-attribute",
      title: "a filter on an attribute that does not exist is 400 invalidFilter",
      level: "SHOULD",
      filter: 'noSuchAttribute eq "x"',
    }),
  ],
};
