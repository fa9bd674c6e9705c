/** Groups and their members: RFC 7643 section 4.2, RFC 7644 section 3.5.2. */
import type { Check, CheckGroup } from "../check.ts";
import type { Made, ScimClient } from "../client.ts";
import { expectErrorForm, expectIds, expectLeftOut, expectList, expectRefusal } from "../expect.ts";
import { expectStatus, expectThat, expectValue, expectValues } from "../expect.ts";
import type { Answer } from "../http.ts";
import { dig, list, texts } from "../values.ts";

const GROUP = { source: "RFC 7643 section 4.2", level: "MUST" } as const;
const PATCH = { source: "RFC 7644 section 3.5.2", level: "MUST" } as const;

export interface Team {
  readonly group: Made;
  readonly ada: Made;
  readonly bob: Made;
}

/** A group whose members are Ada and Bob. */
export async function makeTeam(client: ScimClient): Promise<Team> {
  const ada = await client.user({ userName: "{tag}-ada@conformance.example" });
  const bob = await client.user({ userName: "{tag}-bob@conformance.example" });
  const group = await client.group({ members: [{ value: ada.id }, { value: bob.id }] });
  return { group, ada, bob };
}

/** The group has exactly these members. @returns the answer that says so */
export async function expectMembers(
  client: ScimClient,
  group: Made,
  users: readonly Made[],
): Promise<Answer> {
  const answer = await client.get(group.path);
  expectStatus(answer, 200);
  const found = texts(answer.body, "members", "value");
  const expected = users.map(({ id }) => id).sort();
  const same = found.join() === expected.join();
  expectThat(same, `the group has ${found.length} members, expected ${expected.length} (or others)`, answer);
  return answer;
}

const resources: readonly Check[] = [
  {
    ...GROUP,
    id: "rfc7643-4.2-create",
    title: "a group is created with 201, meta and Location",
    async run(client) {
      const { created, id } = await client.group({ displayName: "{tag} team" });
      expectValues(created, { displayName: `${client.tag} team`, "meta.resourceType": "Group" });
      const location = created.headers.get("location");
      expectThat(location !== null, "Location is missing", created);
      expectThat(location.endsWith(`/Groups/${id}`), "Location does not end in /Groups/<id>", created);
      expectValue(created, "meta.location", location);
    },
  },
  {
    ...GROUP,
    id: "rfc7643-4.2-display-name-required",
    title: "a group without displayName is refused",
    run: async (client) =>
      expectRefusal(await client.post("/Groups", client.groupBody({ displayName: undefined })), 400),
  },
  {
    ...GROUP,
    id: "rfc7643-4.2-create-with-members",
    title: "a group is created with members",
    async run(client) {
      const { group, ada, bob } = await makeTeam(client);
      await expectMembers(client, group, [ada, bob]);
    },
  },
  {
    ...GROUP,
    id: "rfc7643-4.2-member-reference",
    title: "a member has $ref, the address of the user",
    level: "SHOULD",
    async run(client) {
      const { group, ada, bob } = await makeTeam(client);
      const answer = await expectMembers(client, group, [ada, bob]);
      const wrong = list(answer.body, "members").find(
        (member) => !String(dig(member, "$ref")).endsWith(`/Users/${String(dig(member, "value"))}`),
      );
      expectThat(wrong === undefined, "a $ref is not the address of the user", answer);
    },
  },
  {
    source: "RFC 7643 section 4.1.2",
    level: "SHOULD",
    id: "rfc7643-4.1.2-groups-of-user",
    title: "a user's groups name the groups that it is a member of",
    async run(client) {
      const { group, ada } = await makeTeam(client);
      expectValue(await client.get(ada.path), "groups", [{ value: group.id }]);
    },
  },
  {
    source: "RFC 7643 section 4.1.2",
    level: "MUST",
    id: "rfc7643-4.1.2-groups-read-only",
    title: "a user's groups cannot be changed through the user",
    needs: ["patch"],
    async run(client) {
      const { group, ada, bob } = await makeTeam(client);
      await client.patch(ada.path, { op: "remove", path: "groups" });
      await expectMembers(client, group, [ada, bob]);
    },
  },
  {
    ...GROUP,
    id: "rfc7644-3.5.1-replace-group",
    title: "PUT replaces name and members",
    source: "RFC 7644 section 3.5.1",
    async run(client) {
      const { group, bob } = await makeTeam(client);
      const body = client.groupBody({ displayName: "{tag} new", members: [{ value: bob.id }] });
      expectStatus(await client.put(group.path, body), 200);
      expectValue(await expectMembers(client, group, [bob]), "displayName", `${client.tag} new`);
    },
  },
  {
    source: "RFC 7644 section 3.6",
    level: "MUST",
    id: "rfc7644-3.6-delete-group",
    title: "a deleted group is 404, and its members stay",
    async run(client) {
      const { group, ada } = await makeTeam(client);
      expectStatus(await client.delete(group.path), 204);
      expectErrorForm(await client.get(group.path), 404);
      const user = await client.get(ada.path);
      expectStatus(user, 200);
      expectLeftOut(user, "groups");
    },
  },
  {
    source: "RFC 7644 section 3.6",
    level: "SHOULD",
    id: "rfc7644-3.6-deleted-member",
    title: "a deleted user is no member any more",
    async run(client) {
      const { group, ada, bob } = await makeTeam(client);
      await client.delete(ada.path);
      await expectMembers(client, group, [bob]);
    },
  },
  {
    source: "RFC 7644 section 3.12",
    level: "SHOULD",
    id: "rfc7644-3.12-unknown-member",
    title: "a member that does not exist is refused",
    async run(client) {
      const body = client.groupBody({ members: [{ value: "00000000-0000-4000-8000-000000000000" }] });
      expectStatus(await client.post("/Groups", body), 400, 404);
    },
  },
  {
    source: "RFC 7644 section 3.12",
    level: "MUST",
    id: "rfc7644-3.12-group-unknown",
    title: "an unknown group is 404 with a SCIM error",
    run: async (client) =>
      expectErrorForm(await client.get("/Groups/00000000-0000-4000-8000-000000000000"), 404),
  },
];

interface MemberCase {
  readonly id: string;
  readonly title: string;
  readonly operations: (team: Team, client: ScimClient) => readonly unknown[];
  readonly leaves: (team: Team) => readonly Made[];
}

const CASES: readonly MemberCase[] = [
  {
    id: "3.5.2.1-member-again",
    title: "adding a member that is one already changes nothing",
    operations: ({ ada }) => [{ op: "add", path: "members", value: [{ value: ada.id }] }],
    leaves: ({ ada, bob }) => [ada, bob],
  },
  {
    id: "3.5.2.2-remove-member",
    title: "a value path removes one member",
    operations: ({ ada }) => [{ op: "remove", path: `members[value eq "${ada.id}"]` }],
    leaves: ({ bob }) => [bob],
  },
  {
    id: "3.5.2.2-remove-no-member",
    title: "removing someone who is no member succeeds and changes nothing",
    operations: () => [{ op: "remove", path: 'members[value eq "no-such-id"]' }],
    leaves: ({ ada, bob }) => [ada, bob],
  },
  {
    id: "3.5.2.2-remove-all-members",
    title: "remove of members without a value removes all",
    operations: () => [{ op: "remove", path: "members" }],
    leaves: () => [],
  },
  {
    id: "3.5.2.3-replace-members",
    title: "replace of members replaces all",
    operations: ({ bob }) => [{ op: "replace", path: "members", value: [{ value: bob.id }] }],
    leaves: ({ bob }) => [bob],
  },
  {
    id: "3.5.2-swap-members",
    title: "one PATCH removes a member and adds it again",
    operations: ({ ada }) => [
      { op: "remove", path: `members[value eq "${ada.id}"]` },
      { op: "add", path: "members", value: [{ value: ada.id }] },
    ],
    leaves: ({ ada, bob }) => [ada, bob],
  },
];

const members: readonly Check[] = [
  ...CASES.map(({ id, title, operations, leaves }): Check => ({
    ...PATCH,
    id: `rfc7644-${id}`,
    title,
    needs: ["patch"],
    async run(client) {
      const team = await makeTeam(client);
      expectStatus(await client.patch(team.group.path, ...operations(team, client)), 200, 204);
      await expectMembers(client, team.group, leaves(team));
    },
  })),
  {
    ...PATCH,
    id: "rfc7644-3.5.2-atomic-members",
    title: "when a later operation fails, the members are as before",
    needs: ["patch"],
    async run(client) {
      const { group, ada, bob } = await makeTeam(client);
      const operations = [{ op: "remove", path: "members" }, { op: "remove" }];
      expectRefusal(await client.patch(group.path, ...operations), 400);
      await expectMembers(client, group, [ada, bob]);
    },
  },
  {
    source: "RFC 7644 section 3.9",
    level: "MUST",
    id: "rfc7644-3.9-excluded-members",
    title: "excludedAttributes=members leaves the members out, of one group and of lists",
    async run(client) {
      const { group } = await makeTeam(client);
      const query = { excludedAttributes: "members" };
      const one = await client.get(group.path, query);
      expectStatus(one, 200);
      expectLeftOut(one, "members");
      const many = await client.get("/Groups", { ...query, filter: `id eq "${group.id}"` });
      expectThat(expectList(many).length === 1, "the group is not found", many);
      expectLeftOut(many, "Resources.0.members");
    },
  },
  {
    source: "RFC 7644 section 3.4.2.2",
    level: "MUST",
    id: "rfc7644-3.4.2.2-members-value",
    title: "groups are found by a member",
    needs: ["filter"],
    async run(client) {
      const { group, ada } = await makeTeam(client);
      expectIds(await client.get("/Groups", { filter: `members.value eq "${ada.id}"` }), [group.id]);
      expectIds(await client.get("/Groups", { filter: `members[value eq "${ada.id}"]` }), [group.id]);
    },
  },
];

export const groups: CheckGroup = { name: "groups", needs: ["groups"], checks: [...resources, ...members] };
