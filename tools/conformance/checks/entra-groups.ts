/** Groups as Microsoft Entra ID provisions them, in both of its dialects. */
import type { Check, CheckGroup } from "../check.ts";
import type { Made } from "../client.ts";
import { expectIds, expectList, expectStatus, expectThat, expectValue } from "../expect.ts";
import { GROUP } from "../urns.ts";
import { dig, list } from "../values.ts";
import { expectMembers, makeTeam, type Team } from "./groups.ts";

const SCIM = { source: "Microsoft Learn: use-scim-to-provision-users-and-groups", level: "ENTRA" } as const;
const POSTMAN = "Microsoft SCIM Postman collection (AzureAD/SCIMReferenceCode)";
const ADSCIM = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

interface MemberCase {
  readonly id: string;
  readonly title: string;
  readonly source?: string;
  /** `cy` is no member. */
  readonly operations: (team: Team & { readonly cy: Made }) => readonly unknown[];
  readonly leaves: (team: Team & { readonly cy: Made }) => readonly Made[];
}

const CASES: readonly MemberCase[] = [
  {
    id: "remove-member-by-value",
    title: "Remove of members with a value removes that one, and never all",
    operations: ({ ada }) => [{ op: "Remove", path: "members", value: [{ $ref: null, value: ada.id }] }],
    leaves: ({ bob }) => [bob],
  },
  {
    id: "remove-foreign-member-by-value",
    title: "Remove of members with the value of no member removes none",
    operations: ({ cy }) => [{ op: "Remove", path: "members", value: [{ value: cy.id }] }],
    leaves: ({ ada, bob }) => [ada, bob],
  },
  {
    id: "add-member-legacy",
    title: "Add of a member with $ref null",
    operations: ({ cy }) => [{ op: "Add", path: "members", value: [{ $ref: null, value: cy.id }] }],
    leaves: ({ ada, bob, cy }) => [ada, bob, cy],
  },
  {
    id: "add-member-compliant",
    title: "add of a member",
    operations: ({ cy }) => [{ op: "add", path: "members", value: [{ value: cy.id }] }],
    leaves: ({ ada, bob, cy }) => [ada, bob, cy],
  },
  {
    id: "add-member-as-text",
    title: "add of a member whose value is a bare text",
    source: POSTMAN,
    operations: ({ cy }) => [{ op: "add", path: "members", value: cy.id }],
    leaves: ({ ada, bob, cy }) => [ada, bob, cy],
  },
  {
    id: "add-and-remove-members",
    title: "one PATCH adds a member and removes another",
    source: "Microsoft Entra SCIM validator",
    operations: ({ ada, cy }) => [
      { op: "Add", path: "members", value: [{ value: cy.id }] },
      { op: "Remove", path: "members", value: [{ value: ada.id }] },
    ],
    leaves: ({ bob, cy }) => [bob, cy],
  },
  {
    id: "replace-members",
    title: "the validator adds a member with replace",
    source: "Microsoft Entra SCIM validator",
    operations: ({ cy }) => [{ op: "replace", path: "members", value: [{ value: cy.id }] }],
    leaves: ({ cy }) => [cy],
  },
  {
    id: "remove-several-members",
    title: "Remove of members with two values removes both",
    operations: ({ ada, bob }) => [
      { op: "Remove", path: "members", value: [{ value: ada.id }, { value: bob.id }] },
    ],
    leaves: () => [],
  },
];

const members = CASES.map(({ id, operations, leaves, ...facts }): Check => ({
  ...SCIM,
  ...facts,
  id: `entra-${id}`,
  needs: ["patch"],
  async run(client) {
    const team = {
      ...(await makeTeam(client)),
      cy: await client.user({ userName: "{tag}-cy@conformance.example" }),
    };
    expectStatus(await client.patch(team.group.path, ...operations(team)), 200, 204);
    await expectMembers(client, team.group, leaves(team));
  },
}));

const rest: readonly Check[] = [
  {
    ...SCIM,
    id: "entra-create-group",
    title: "the documented sample is taken, its foreign schema included",
    async run(client) {
      const { created } = await client.group({
        schemas: [GROUP, ADSCIM],
        externalId: "{tag}",
        meta: { resourceType: "Group" },
        members: [],
      });
      expectThat(
        list(created.body, "schemas").includes(GROUP),
        "schemas is without the core schema",
        created,
      );
      expectValue(created, "externalId", client.tag);
    },
  },
  {
    ...SCIM,
    id: "entra-match-group",
    title: "a group is found by displayName, without its members",
    async run(client) {
      const { group } = await makeTeam(client);
      const filter = `displayName eq "${String(dig(group.created.body, "displayName"))}"`;
      const answer = await client.get("/Groups", { excludedAttributes: "members", filter });
      expectIds(answer, [group.id]);
      expectThat(dig(answer.body, "Resources.0.members") === undefined, "the members are there", answer);
    },
  },
  {
    ...SCIM,
    id: "entra-rename-group",
    title: "Replace of displayName renames and leaves the members",
    needs: ["patch"],
    async run(client) {
      const { group, ada, bob } = await makeTeam(client);
      const operation = { op: "Replace", path: "displayName", value: `${client.tag} new` };
      expectStatus(await client.patch(group.path, operation), 200, 204);
      expectValue(await expectMembers(client, group, [ada, bob]), "displayName", `${client.tag} new`);
    },
  },
  {
    ...SCIM,
    id: "entra-patch-members-no-content",
    title: "a PATCH of members is answered with 204, not with the whole list",
    level: "SHOULD",
    needs: ["patch"],
    async run(client) {
      const { group, ada } = await makeTeam(client);
      const operation = { op: "Remove", path: "members", value: [{ value: ada.id }] };
      expectStatus(await client.patch(group.path, operation), 204);
    },
  },
  ...["id-first", "members-first"].map((order): Check => ({
    ...SCIM,
    id: `entra-membership-${order}`,
    title: "a membership is asked for by the ids of group and member",
    async run(client) {
      const { group, ada } = await makeTeam(client);
      const outsider = await client.user();
      const ask = async (user: string): Promise<number> => {
        const terms = [`id eq "${group.id}"`, `members eq "${user}"`];
        if (order === "members-first") terms.reverse();
        const answer = await client.get("/Groups", { filter: terms.join(" and "), attributes: "id" });
        return expectList(answer).length;
      };
      expectThat((await ask(ada.id)) === 1, "a member is not found");
      expectThat((await ask(outsider.id)) === 0, "someone who is no member is found");
    },
  })),
  {
    ...SCIM,
    id: "entra-disabled-keeps-membership",
    title: "a disabled user stays a member, since memberships are not sent again",
    source: "Microsoft Learn: how-provisioning-works",
    needs: ["patch"],
    async run(client) {
      const { group, ada, bob } = await makeTeam(client);
      await client.patch(ada.path, { op: "Replace", path: "active", value: "False" });
      await expectMembers(client, group, [ada, bob]);
    },
  },
];

export const entraGroups: CheckGroup = {
  name: "entra-groups",
  needs: ["groups"],
  checks: [...members, ...rest],
};
