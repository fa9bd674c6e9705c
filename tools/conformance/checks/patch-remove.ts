/** PATCH, operation remove: RFC 7644 section 3.5.2.2. */
import type { CheckGroup } from "../check.ts";
import { ENTERPRISE, USER } from "../urns.ts";
import { patchCheck, refusedPatchCheck } from "./cases.ts";

const SOURCE = { source: "RFC 7644 section 3.5.2.2", level: "MUST" } as const;
const WORK = { value: "{tag}@work.example", type: "work" };
const HOME = { value: "{tag}@home.example", type: "home" };

export const patchRemove: CheckGroup = {
  name: "patch-remove",
  needs: ["patch"],
  checks: [
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.2-remove-attribute",
      title: "remove unassigns an attribute",
      given: { title: "Guide" },
      operations: [{ op: "remove", path: "title" }],
      gives: { title: undefined },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.2-remove-all-values",
      title: "remove of a multi-valued attribute removes all its values",
      given: { emails: [WORK, HOME] },
      operations: [{ op: "remove", path: "emails" }],
      gives: { emails: undefined },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.2-remove-matching",
      title: "remove with a value path removes the elements that match, and no other",
      given: { emails: [WORK, HOME] },
      operations: [{ op: "remove", path: 'emails[type eq "work"]' }],
      gives: { emails: [HOME] },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.2-remove-last-value",
      title: "an attribute whose last element is removed is unassigned",
      given: { emails: [WORK] },
      operations: [{ op: "remove", path: 'emails[type eq "work"]' }],
      gives: { emails: undefined },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.2-remove-sub-attribute",
      title: "remove of a sub-attribute leaves the others",
      given: { name: { givenName: "Ada", familyName: "Byron" } },
      operations: [{ op: "remove", path: "name.givenName" }],
      gives: { "name.givenName": undefined, "name.familyName": "Byron" },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.2-remove-matching-sub-attribute",
      title: "remove with a value path and a sub-attribute leaves the element",
      given: { emails: [{ ...WORK, display: "Work" }, HOME] },
      operations: [{ op: "remove", path: 'emails[type eq "work"].display' }],
      gives: { emails: [{ ...WORK, display: undefined }, HOME] },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.2-remove-extension-attribute",
      title: "remove takes a URN path to an extension's attribute",
      needs: ["enterprise"],
      given: { schemas: [USER, ENTERPRISE], [ENTERPRISE]: { department: "HR", costCenter: "7" } },
      operations: [{ op: "remove", path: `${ENTERPRISE}:department` }],
      gives: { [`${ENTERPRISE}:department`]: undefined, [`${ENTERPRISE}:costCenter`]: "7" },
    }),
    patchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.2-remove-unassigned",
      title: "remove of an attribute without a value succeeds",
      level: "SHOULD",
      operations: [{ op: "remove", path: "title" }],
      gives: { title: undefined },
    }),
    refusedPatchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.2-remove-without-path",
      title: "remove without a path is noTarget",
      given: { title: "Guide" },
      operations: [{ op: "remove" }],
      scimType: "noTarget",
    }),
    refusedPatchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.2-remove-required",
      title: "a required attribute cannot be removed: mutability",
      operations: [{ op: "remove", path: "userName" }],
      scimType: "mutability",
    }),
    refusedPatchCheck({
      ...SOURCE,
      id: "rfc7644-3.5.2.2-remove-read-only",
      title: "a readOnly attribute cannot be removed: mutability",
      operations: [{ op: "remove", path: "meta.created" }],
      scimType: "mutability",
    }),
  ],
};
