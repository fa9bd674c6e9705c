/** PATCH as Microsoft Entra ID sends it, in both of its dialects, and the quirks that implementers have met. */
import type { Check, CheckGroup } from "../check.ts";
import { expectStatus, expectThat, expectValue, expectValues } from "../expect.ts";
import { ENTERPRISE, PATCH_OP, USER } from "../urns.ts";
import { dig } from "../values.ts";
import { patchCheck } from "./cases.ts";

const COMPAT = {
  source: "Microsoft Learn: application-provisioning-config-problem-scim-compatibility",
  level: "ENTRA",
} as const;
const SCIM = { source: "Microsoft Learn: use-scim-to-provision-users-and-groups", level: "ENTRA" } as const;
const MAPPING = { source: "Microsoft Learn: customize-application-attributes", level: "ENTRA" } as const;
const HOME = { value: "{tag}@home.example", type: "home" };
const ROLE = { primary: false, type: "WindowsAzureActiveDirectoryRole", display: "Admin", value: "Admin" };

const activity: readonly Check[] = [
  ...(["Replace", "Add"] as const).map((op) =>
    patchCheck({
      ...COMPAT,
      id: `entra-disable-legacy-${op.toLowerCase()}`,
      title: `${op} of active with the text "False" disables`,
      given: { active: true },
      operations: [{ op, path: "active", value: "False" }],
      gives: { active: false },
    }),
  ),
  patchCheck({
    ...COMPAT,
    id: "entra-disable-compliant",
    title: "replace of active with false disables",
    given: { active: true },
    operations: [{ op: "replace", path: "active", value: false }],
    gives: { active: false },
  }),
  patchCheck({
    ...COMPAT,
    id: "entra-disable-without-path",
    title: "active comes in an object without a path as well, as a text",
    given: { active: true },
    operations: [{ op: "Replace", value: { active: "false" } }],
    gives: { active: false },
  }),
  patchCheck({
    ...COMPAT,
    id: "entra-enable-legacy",
    title: 'Replace of active with the text "True" enables',
    given: { active: false },
    operations: [{ op: "Replace", path: "active", value: "True" }],
    gives: { active: true },
  }),
];

const shapes: readonly Check[] = [
  patchCheck({
    ...COMPAT,
    id: "entra-legacy-verbose",
    title: "one capitalised operation for each attribute",
    needs: ["enterprise"],
    given: { emails: [{ value: "{tag}@old.example", type: "work" }] },
    operations: [
      { op: "Replace", path: "displayName", value: "B U" },
      { op: "Add", path: "name.givenName", value: "B" },
      { op: "Replace", path: 'emails[type eq "work"].value', value: "{tag}@new.example" },
      { op: "Replace", path: "externalId", value: "{tag}-x" },
      { op: "Add", path: `${ENTERPRISE}:employeeNumber`, value: "7" },
    ],
    gives: {
      displayName: "B U",
      "name.givenName": "B",
      emails: [{ value: "{tag}@new.example", type: "work" }],
      externalId: "{tag}-x",
      [`${ENTERPRISE}:employeeNumber`]: "7",
    },
  }),
  patchCheck({
    ...COMPAT,
    id: "entra-compliant-dotted-keys",
    title: "an object without a path has dotted keys and keys with a URN",
    needs: ["enterprise"],
    operations: [
      {
        op: "replace",
        value: {
          displayName: "B",
          "name.givenName": "K",
          "name.familyName": "U",
          [`${ENTERPRISE}:department`]: "HR",
        },
      },
    ],
    gives: {
      displayName: "B",
      "name.givenName": "K",
      "name.familyName": "U",
      [`${ENTERPRISE}:department`]: "HR",
    },
  }),
  patchCheck({
    ...COMPAT,
    id: "entra-wrapped-scalar",
    title: "older jobs wrap a single value in an array with $ref null",
    operations: [{ op: "Add", path: "nickName", value: [{ $ref: null, value: "Babs" }] }],
    gives: { nickName: "Babs" },
  }),
  ...(["Add", "Replace"] as const).map((op) =>
    patchCheck({
      ...SCIM,
      id: `entra-missing-element-${op.toLowerCase()}`,
      title: `${op} to a value path that nothing matches creates the element with its type`,
      given: { emails: [HOME] },
      operations: [{ op, path: 'emails[type eq "work"].value', value: "{tag}@work.example" }],
      gives: { emails: [HOME, { value: "{tag}@work.example", type: "work" }] },
    }),
  ),
  patchCheck({
    ...SCIM,
    id: "entra-missing-address",
    title: "several operations build one address where there was none",
    operations: [
      { op: "Add", path: 'addresses[type eq "work"].streetAddress', value: "1 Way" },
      { op: "Add", path: 'addresses[type eq "work"].locality', value: "Ulm" },
      { op: "Add", path: 'phoneNumbers[type eq "mobile"].value', value: "+49 (1) 23" },
    ],
    gives: {
      addresses: [{ type: "work", streetAddress: "1 Way", locality: "Ulm" }],
      phoneNumbers: [{ type: "mobile", value: "+49 (1) 23" }],
    },
  }),
  patchCheck({
    ...SCIM,
    id: "entra-sub-attribute-letter-case",
    title: "the default mapping writes .Value with a capital",
    operations: [{ op: "Add", path: 'emails[type eq "other"].Value', value: "{tag}@other.example" }],
    gives: { emails: [{ type: "other", value: "{tag}@other.example" }] },
  }),
  patchCheck({
    ...MAPPING,
    id: "entra-primary-as-text",
    title: 'a value path compares primary with the text "True"',
    given: { roles: [{ value: "{tag}-a", primary: true }, { value: "{tag}-b" }] },
    operations: [{ op: "Replace", path: 'roles[primary eq "True"].value', value: "{tag}-c" }],
    gives: { roles: [{ value: "{tag}-c", primary: true }, { value: "{tag}-b" }] },
  }),
  patchCheck({
    ...MAPPING,
    id: "entra-roles-assertive",
    title: "AssertiveAppRoleAssignmentsComplex replaces the whole list of roles",
    given: { roles: [{ value: "Old" }] },
    operations: [
      { op: "replace", path: "roles", value: [ROLE, { ...ROLE, display: "User", value: "User" }] },
    ],
    gives: { roles: [ROLE, { ...ROLE, display: "User", value: "User" }].map(({ value }) => ({ value })) },
  }),
  patchCheck({
    ...MAPPING,
    id: "entra-role-as-json-text",
    title: "SingleAppRoleAssignment adds a role whose value is JSON in a text",
    operations: [
      { op: "Add", path: "roles", value: [{ value: '{"id":"1","value":"25","displayName":"R"}' }] },
    ],
    then: (after) => {
      expectThat(dig(after.body, "roles.0") !== undefined, "no role came of it", after);
    },
  }),
  patchCheck({
    ...SCIM,
    id: "entra-clear-with-empty-text",
    title: "an empty text unassigns an optional attribute",
    source: "Microsoft Entra app gallery validation (AzureAD/SCIMReferenceCode)",
    given: { title: "Guide", emails: [{ value: "{tag}@work.example", type: "work" }, HOME] },
    operations: [{ op: "replace", path: "title", value: "" }],
    then: (after) => {
      const title = dig(after.body, "title");
      expectThat(title === undefined || title === null || title === "", "title is still there", after);
    },
  }),
];

const manager: readonly Check[] = [
  ["text", (id: string) => ({ op: "Add", path: `${ENTERPRISE}:manager`, value: id })] as const,
  [
    "object",
    (id: string) => ({ op: "replace", path: `${ENTERPRISE}:manager`, value: { value: id } }),
  ] as const,
  ["array", (id: string) => ({ op: "Add", path: "manager", value: [{ $ref: null, value: id }] })] as const,
].map(([shape, operation]) => ({
  ...SCIM,
  id: `entra-manager-${shape}`,
  title: `the manager comes as ${shape}, and is answered as an object`,
  needs: ["enterprise"],
  async run(client) {
    const boss = await client.user();
    const user = await client.user();
    expectStatus(await client.patch(user.path, operation(boss.id)), 200, 204);
    expectValue(await client.get(user.path), `${ENTERPRISE}:manager.value`, boss.id);
  },
}));

const rest: readonly Check[] = [
  {
    ...SCIM,
    id: "entra-manager-cleared-with-empty-text",
    title: "an empty text unassigns the manager",
    source: "Microsoft Entra app gallery validation (AzureAD/SCIMReferenceCode)",
    needs: ["enterprise"],
    async run(client) {
      const boss = await client.user();
      const user = await client.user({
        schemas: [USER, ENTERPRISE],
        [ENTERPRISE]: { manager: { value: boss.id } },
      });
      const operation = { op: "replace", path: `${ENTERPRISE}:manager`, value: "" };
      expectStatus(await client.patch(user.path, operation), 200, 204);
      expectValue(await client.get(user.path), `${ENTERPRISE}:manager.value`, undefined);
    },
  },
  {
    ...SCIM,
    id: "entra-foreign-keys",
    title: "keys beside those of PatchOp are ignored",
    source: "Microsoft Entra SCIM Postman collection (AzureAD/SCIMReferenceCode)",
    async run(client) {
      const user = await client.user();
      const Operations = [{ op: "Add", path: "title", value: "Guide", name: "x" }];
      const body = { schemas: [PATCH_OP], id: user.id, Operations };
      expectStatus(await client.send("PATCH", user.path, { body }), 200, 204);
      expectValues(await client.get(user.path), { title: "Guide", id: user.id });
    },
  },
  {
    ...SCIM,
    id: "entra-disabled-stays-readable",
    title: "a disabled user is still found and read",
    async run(client) {
      const user = await client.user();
      await client.patch(user.path, { op: "Replace", path: "active", value: "False" });
      expectValue(await client.get(user.path), "active", false);
      const filter = `userName eq "${String(dig(user.created.body, "userName"))}"`;
      expectValue(await client.get("/Users", { filter }), "totalResults", 1);
    },
  },
];

export const entraPatch: CheckGroup = {
  name: "entra-patch",
  needs: ["patch"],
  checks: [...activity, ...shapes, ...manager, ...rest],
};
