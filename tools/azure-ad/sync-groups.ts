/** Brings one group at the target to what the directory says: match, create, rename, delete, members in batches. */
import { RequestFailed } from "./client.ts";
import { addMembersPatch, attributePatch, removeMembersPatch } from "./dialect.ts";
import type { Change, PatchBody } from "./dialect.ts";
import type { TeamGroup } from "./directory.ts";
import type { GroupLink } from "./links.ts";
import { asResource, groupBody } from "./mapping.ts";
import type { Resource } from "./mapping.ts";
import { idOf } from "./scim.ts";
import type { Operation } from "./stats.ts";
import type { World } from "./world.ts";

/** Everything but the members. */
export async function syncGroup(world: World, group: TeamGroup): Promise<void> {
  const { scim, links, directory } = world;
  let link = links.groups.get(group.key);
  if (group.deleted) {
    if (link !== undefined) await scim.remove("Groups", link.id);
    links.groups.delete(group.key);
    directory.groups.delete(group.key);
    return;
  }
  link ??= await linkGroup(world, group);
  if (link.uncertain) await refresh(world, group, link);
  const changes: Change[] = [];
  if (link.displayName !== group.displayName) {
    changes.push({ kind: "replace", path: "displayName", value: group.displayName });
  }
  if (link.externalId !== group.key) {
    changes.push({ kind: link.externalId === "" ? "add" : "replace", path: "externalId", value: group.key });
  }
  if (changes.length === 0) return;
  await patchGroup(world, link, "rename group", attributePatch(world.nextDialect(), changes));
  link.displayName = group.displayName;
  link.externalId = group.key;
}

/** Members leave and arrive, a bounded number in a request; then one of them is looked up. */
export async function syncMembers(world: World, group: TeamGroup): Promise<void> {
  const link = world.links.groups.get(group.key);
  if (link === undefined) return;
  if (link.uncertain) await refresh(world, group, link);
  const { wanted, unresolved } = wantedMembers(world, group);
  const leaving = [...link.members].filter((id) => !wanted.has(id));
  const arriving = [...wanted].filter((id) => !link.members.has(id));
  for (const batch of batches(leaving, world.membersPerPatch)) {
    await patchGroup(world, link, "remove members", removeMembersPatch(world.nextDialect(), batch));
    for (const id of batch) link.members.delete(id);
  }
  for (const batch of batches(arriving, world.membersPerPatch)) {
    await patchGroup(world, link, "add members", addMembersPatch(world.nextDialect(), batch));
    for (const id of batch) link.members.add(id);
  }
  await checkOne(world, group, link, [...arriving.slice(0, 1), ...leaving.slice(0, 1)]);
  if (unresolved > 0)
    throw new RequestFailed(`${unresolved} members of ${group.displayName} are not provisioned`);
}

async function linkGroup(world: World, group: TeamGroup): Promise<GroupLink> {
  const { scim, links } = world;
  let found = await matchGroup(world, group);
  if (found === undefined) {
    const created = await scim.create("Groups", groupBody(group));
    if (created !== undefined) {
      const { displayName, key: externalId } = group;
      const link = {
        id: idOf(created),
        displayName,
        externalId,
        members: new Set<string>(),
        uncertain: false,
      };
      links.groups.set(group.key, link);
      return link;
    }
    found = await matchGroup(world, group);
    if (found === undefined)
      throw new RequestFailed(`409 for group ${group.displayName}, yet no match for it`);
  }
  const link = {
    id: idOf(found),
    displayName: "",
    externalId: "",
    members: new Set<string>(),
    uncertain: true,
  };
  links.groups.set(group.key, link);
  return link;
}

async function matchGroup({ scim }: World, group: TeamGroup): Promise<Resource | undefined> {
  const byName = await scim.match("Groups", "displayName", group.displayName);
  return byName ?? (await scim.match("Groups", "externalId", group.key));
}

/** Reads a group whose state at the target is not known: adopted from an earlier run, or after an unclear write. */
async function refresh(world: World, group: TeamGroup, link: GroupLink): Promise<void> {
  const resource = await world.scim.get("Groups", link.id);
  if (resource === undefined) {
    world.links.groups.delete(group.key);
    throw new RequestFailed(`group ${group.displayName} (${link.id}) is gone from the target`);
  }
  link.displayName = textOf(resource["displayName"]);
  link.externalId = textOf(resource["externalId"]);
  link.members = new Set(memberIds(resource));
  link.uncertain = false;
}

/** Ids of a group's members as a server returned them. */
export function memberIds(resource: Resource): string[] {
  const members = resource["members"];
  return Array.isArray(members) ? members.map((member) => textOf(asResource(member)["value"])) : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function wantedMembers(world: World, group: TeamGroup): { wanted: Set<string>; unresolved: number } {
  const wanted = new Set<string>();
  let unresolved = 0;
  for (const key of group.members) {
    const id = world.links.users.get(key)?.id;
    if (id !== undefined) wanted.add(id);
    else if (world.directory.people.get(key)?.status === "active") unresolved += 1;
  }
  return { wanted, unresolved };
}

async function patchGroup(
  world: World,
  link: GroupLink,
  operation: Operation,
  body: PatchBody,
): Promise<void> {
  try {
    await world.scim.patch(operation, `/Groups/${link.id}`, body);
  } catch (error) {
    link.uncertain = true;
    throw error;
  }
}

/** The membership check of the Azure era, on what has just been changed. */
async function checkOne(
  world: World,
  group: TeamGroup,
  link: GroupLink,
  userIds: readonly string[],
): Promise<void> {
  for (const userId of userIds) {
    const isMember = await world.scim.isMember(link.id, userId);
    if (isMember === link.members.has(userId)) continue;
    world.findings.add(
      `group ${group.displayName}: ${userId} is ${isMember ? "still" : "not"} a member right after the change`,
    );
  }
}

function batches<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
