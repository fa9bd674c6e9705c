/** PATCH, operation add: RFC 7644 section 3.5.2.1. */
import type { Check, CheckGroup } from "../check.ts";
import { expectStatus, expectThat, expectValue } from "../expect.ts";
import { ENTERPRISE, USER } from "../urns.ts";
import { dig, list } from "../values.ts";
import { patchCheck } from "./cases.ts";

const SOURCE = { source: "RFC 7644 section 3.5.2.1", level: "MUST" } as const;
const WORK = { value: "{tag}@work.example", type: "work" };
const HOME = { value: "{tag}@home.example", type: "home" };

const cases: readonly Check[] = [
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2.1-add-attribute",
    title: "add gives an attribute that has no value a value",
    operations: [{ op: "add", path: "title", value: "Guide" }],
    gives: { title: "Guide" },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2.1-add-replaces-single",
    title: "add replaces the value of a single-valued attribute",
    given: { title: "Guide" },
    operations: [{ op: "add", path: "title", value: "Lead" }],
    gives: { title: "Lead" },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2.1-add-appends",
    title: "add appends to a multi-valued attribute",
    given: { emails: [WORK] },
    operations: [{ op: "add", path: "emails", value: [HOME] }],
    gives: { emails: [WORK, HOME] },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2.1-add-one-element",
    title: "add takes one element of a multi-valued attribute without an array around it",
    given: { emails: [WORK] },
    operations: [{ op: "add", path: "emails", value: HOME }],
    gives: { emails: [WORK, HOME] },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2.1-add-existing-value",
    title: "add of a value that is there already adds no second one",
    given: { emails: [WORK] },
    operations: [{ op: "add", path: "emails", value: [WORK] }],
    gives: { emails: [WORK] },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2.1-add-complex-merges",
    title: "add to a complex attribute keeps the sub-attributes that are not named",
    given: { name: { givenName: "Ada", familyName: "Byron" } },
    operations: [{ op: "add", path: "name", value: { familyName: "Lovelace" } }],
    gives: { name: { givenName: "Ada", familyName: "Lovelace" } },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2.1-add-sub-attribute",
    title: "add takes the path of a sub-attribute",
    given: { name: { familyName: "Byron" } },
    operations: [{ op: "add", path: "name.givenName", value: "Ada" }],
    gives: { name: { givenName: "Ada", familyName: "Byron" } },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2.1-add-without-path",
    title: "add without a path takes an object of attributes",
    given: { emails: [WORK] },
    operations: [{ op: "add", value: { title: "Guide", emails: [HOME], name: { givenName: "Ada" } } }],
    gives: { title: "Guide", emails: [WORK, HOME], "name.givenName": "Ada" },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.10-add-core-urn-path",
    title: "a path may have the URN of the core schema in front",
    source: "RFC 7644 section 3.10",
    operations: [{ op: "add", path: `${USER}:name.givenName`, value: "Ada" }],
    gives: { "name.givenName": "Ada" },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2-add-path-letter-case",
    title: "attribute names in paths and values do without letter case",
    source: "RFC 7643 section 2.1",
    operations: [
      { op: "add", path: "NICKNAME", value: "Babs" },
      { op: "add", value: { Title: "Guide" } },
    ],
    gives: { nickName: "Babs", title: "Guide" },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2-add-extension-path",
    title: "a URN path to an extension gives the user the extension and its schema",
    source: "RFC 7644 section 3.5.2",
    needs: ["enterprise"],
    operations: [{ op: "add", path: `${ENTERPRISE}:department`, value: "HR" }],
    gives: { [`${ENTERPRISE}:department`]: "HR" },
    then: (after) => {
      expectThat(list(after.body, "schemas").includes(ENTERPRISE), "schemas is without the extension", after);
    },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2.1-add-extension-object",
    title: "add without a path takes an extension as an object under its URN",
    needs: ["enterprise"],
    operations: [{ op: "add", value: { [ENTERPRISE]: { department: "HR", costCenter: "7" } } }],
    gives: { [`${ENTERPRISE}:department`]: "HR", [`${ENTERPRISE}:costCenter`]: "7" },
  }),
  patchCheck({
    ...SOURCE,
    id: "rfc7644-3.5.2-primary-moves-on-add",
    title: "adding a primary element takes primary from the one that had it",
    source: "RFC 7644 section 3.5.2",
    given: { emails: [{ ...WORK, primary: true }] },
    operations: [{ op: "add", path: "emails", value: [{ ...HOME, primary: true }] }],
    gives: { emails: [WORK, { ...HOME, primary: true }] },
    then: (after) => {
      const primaries = list(after.body, "emails").filter((email) => dig(email, "primary") === true);
      expectThat(primaries.length === 1, `${primaries.length} emails are primary`, after);
    },
  }),
];

const unchanged: Check = {
  ...SOURCE,
  id: "rfc7644-3.5.2.1-add-existing-keeps-last-modified",
  title: "add of what is there already leaves lastModified",
  level: "SHOULD",
  async run(client) {
    const user = await client.user({ title: "Guide" });
    expectStatus(await client.patch(user.path, { op: "add", path: "title", value: "Guide" }), 200, 204);
    expectValue(
      await client.get(user.path),
      "meta.lastModified",
      dig(user.created.body, "meta.lastModified"),
    );
  },
};

export const patchAdd: CheckGroup = { name: "patch-add", needs: ["patch"], checks: [...cases, unchanged] };
