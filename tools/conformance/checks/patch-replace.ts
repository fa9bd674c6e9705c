/** PATCH, operation replace: RFC 7644 section 3.5.2.3. */
import type { CheckGroup } from "../check.ts";
import { expectThat } from "../expect.ts";
import { ENTERPRISE } from "../urns.ts";
import { dig, list } from "../values.ts";
import { patchCheck, refusedPatchCheck } from "./cases.ts";

const SOURCE = { source: "RFC 7644 section 3.5.2.3", level: "MUST" } as const;
const WORK = { value: "{tag}@work.example", type: "work" };
const HOME = { value: "{tag}@home.example", type: "home" };
const OTHER = { value: "{tag}@other.example", type: "other" };

export const patchReplace: CheckGroup = {
  name: "patch-replace",
  needs: ["patch"],
  checks: [
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-replace-attribute",
      title: "replace replaces a value",
      given: { title: "Guide" },
      operations: [{ op: "replace", path: "title", value: "Lead" }],
      gives: { title: "Lead" },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-replace-absent",
      title: "replace of an attribute without a value adds it",
      operations: [{ op: "replace", path: "title", value: "Lead" }],
      gives: { title: "Lead" },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-replace-complex-merges",
      title: "replace of a complex attribute keeps the sub-attributes that are not named",
      given: { name: { givenName: "Ada", familyName: "Byron" } },
      operations: [{ op: "replace", path: "name", value: { familyName: "Lovelace" } }],
      gives: { name: { givenName: "Ada", familyName: "Lovelace" } },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-replace-sub-attribute",
      title: "replace takes the path of a sub-attribute",
      given: { name: { givenName: "Ada", familyName: "Byron" } },
      operations: [{ op: "replace", path: "name.familyName", value: "Lovelace" }],
      gives: { name: { givenName: "Ada", familyName: "Lovelace" } },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-replace-all-values",
      title: "replace of a multi-valued attribute replaces all its values",
      given: { emails: [WORK, HOME] },
      operations: [{ op: "replace", path: "emails", value: [OTHER] }],
      gives: { emails: [OTHER] },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-replace-without-path",
      title: "replace without a path takes an object of attributes, and leaves the others",
      given: { title: "Guide", nickName: "Babs" },
      operations: [{ op: "replace", value: { title: "Lead", name: { givenName: "Ada" } } }],
      gives: { title: "Lead", nickName: "Babs", "name.givenName": "Ada" },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-replace-matching-sub-attribute",
      title: "a value path with a sub-attribute changes the elements that match, and no other",
      given: { emails: [WORK, HOME] },
      operations: [{ op: "replace", path: 'emails[type eq "work"].value', value: "{tag}@new.example" }],
      gives: { emails: [{ value: "{tag}@new.example", type: "work" }, HOME] },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-replace-every-match",
      title: "a value path changes every element that matches",
      given: { emails: [WORK, HOME] },
      operations: [{ op: "replace", path: 'emails[value sw "{tag}"].display', value: "Mail" }],
      gives: {
        emails: [
          { ...WORK, display: "Mail" },
          { ...HOME, display: "Mail" },
        ],
      },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-replace-element",
      title: "a value path without a sub-attribute takes an element's new sub-attributes",
      given: { emails: [WORK, HOME] },
      operations: [{ op: "replace", path: 'emails[type eq "work"]', value: { ...OTHER, type: "work" } }],
      gives: { emails: [{ ...OTHER, type: "work" }, HOME] },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-value-path-logic",
      title: "a value path takes and, or, not and parentheses",
      given: { emails: [WORK, HOME, OTHER] },
      operations: [
        {
          op: "replace",
          path: 'emails[(type eq "work" or type eq "home") and not (value sw "{tag}@home")].display',
          value: "Hit",
        },
      ],
      gives: { emails: [{ ...WORK, display: "Hit" }, HOME, OTHER] },
      then: (after) => {
        const hits = list(after.body, "emails").filter((email) => dig(email, "display") === "Hit");
        expectThat(hits.length === 1, `${hits.length} elements changed`, after);
      },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-replace-extension-path",
      title: "replace takes a URN path to an extension's attribute",
      needs: ["enterprise"],
      given: {
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        [ENTERPRISE]: { department: "HR" },
      },
      operations: [{ op: "replace", path: `${ENTERPRISE}:department`, value: "IT" }],
      gives: { [`${ENTERPRISE}:department`]: "IT" },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2-primary-moves-on-replace",
      title: "setting primary on one element takes it from the other",
      source: "RFC 7644 section 3.5.2",
      given: { emails: [{ ...WORK, primary: true }, HOME] },
      operations: [{ op: "replace", path: 'emails[type eq "home"].primary', value: true }],
      gives: { emails: [WORK, { ...HOME, primary: true }] },
      then: (after) => {
        const primaries = list(after.body, "emails").filter((email) => dig(email, "primary") === true);
        expectThat(primaries.length === 1, `${primaries.length} emails are primary`, after);
      },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-replace-user-name",
      title: "userName can be changed",
      operations: [{ op: "replace", path: "userName", value: "{tag}-new@conformance.example" }],
      gives: { userName: "{tag}-new@conformance.example" },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7643-2.5-replace-with-null",
      title: "replace with null unassigns",
      source: "RFC 7643 section 2.5",
      given: { title: "Guide" },
      operations: [{ op: "replace", path: "title", value: null }],
      gives: { title: undefined },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7643-2.5-replace-with-empty-array",
      title: "replace of a multi-valued attribute with [] unassigns it",
      source: "RFC 7643 section 2.5",
      given: { emails: [WORK] },
      operations: [{ op: "replace", path: "emails", value: [] }],
      gives: { emails: undefined },
    }),
    refusedPatchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.3-no-target",
      title: "replace with a value path that nothing matches, and nothing can be made of, is noTarget",
      given: { emails: [WORK] },
      operations: [{ op: "replace", path: 'emails[value sw "nobody-"].display', value: "x" }],
      scimType: "noTarget",
    }),
  ],
};
