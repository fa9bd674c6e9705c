/** Brings one user at the target to what the directory says: match, create, update, disable, delete. */
import { matchesByExternalId } from "./changes.ts";
import { RequestFailed } from "./client.ts";
import { attributePatch, managerPatch } from "./dialect.ts";
import type { Change } from "./dialect.ts";
import type { UserLink } from "./links.ts";
import { MANAGER_PATH, mapPerson, readLeaves, userBody } from "./mapping.ts";
import type { Leaves, Resource } from "./mapping.ts";
import type { Person } from "./people.ts";
import { idOf } from "./scim.ts";
import type { Operation } from "./stats.ts";
import type { World } from "./world.ts";

/** Everything but the manager, which needs both people to exist. */
export async function syncUser(world: World, person: Person): Promise<void> {
  const link = world.links.users.get(person.key);
  if (person.status === "purged") {
    await purgeUser(world, person, link);
    return;
  }
  if (link === undefined) {
    await linkUser(world, person);
    return;
  }
  const resource = await world.scim.get("Users", link.id);
  if (resource === undefined) {
    world.findings.add(`user ${person.userName} (${link.id}) is gone from the target`);
    world.links.users.delete(person.key);
    await linkUser(world, person);
    return;
  }
  const leaves = readLeaves(resource);
  if (!link.uncertain) noteDrift(world, person, link.leaves, leaves);
  link.leaves = leaves;
  link.uncertain = false;
  await updateUser(world, person, link);
}

/** The manager reference, in a request of its own once both people are linked. */
export async function syncManager(world: World, person: Person): Promise<void> {
  const link = world.links.users.get(person.key);
  if (link === undefined || person.status === "purged" || person.managerKey === undefined) return;
  const managerId = world.links.users.get(person.managerKey)?.id;
  if (managerId === undefined)
    throw new RequestFailed(`the manager of ${person.userName} is not provisioned`);
  const believed = link.leaves.get(MANAGER_PATH);
  if (believed === managerId) return;
  const body = managerPatch(world.nextDialect(), believed === undefined ? "add" : "replace", managerId);
  await patchUser(world, link, "set manager", body);
  link.leaves.set(MANAGER_PATH, managerId);
}

async function purgeUser(world: World, person: Person, link: UserLink | undefined): Promise<void> {
  if (link !== undefined) {
    await world.scim.remove("Users", link.id);
    world.links.users.delete(person.key);
    for (const group of world.links.groups.values()) group.members.delete(link.id);
  }
  world.directory.people.delete(person.key);
}

/** Match, or create; a conflict on create means that somebody has the name by now, so match again. */
async function linkUser(world: World, person: Person): Promise<void> {
  let found = await matchUser(world, person);
  if (found === undefined) {
    // Who is disabled already is never created.
    if (person.status !== "active") return;
    const leaves = mapPerson(person);
    const created = await world.scim.create("Users", userBody(leaves));
    if (created !== undefined) {
      world.links.users.set(person.key, { id: idOf(created), leaves, uncertain: false });
      return;
    }
    found = await matchUser(world, person);
    if (found === undefined) throw new RequestFailed(`409 for ${person.userName}, yet no match for it`);
  }
  const link: UserLink = { id: idOf(found), leaves: readLeaves(found), uncertain: false };
  world.links.users.set(person.key, link);
  await updateUser(world, person, link);
}

/** One query for each matching attribute, in order of precedence, up to the first hit. */
async function matchUser(world: World, person: Person): Promise<Resource | undefined> {
  const byName = await world.scim.match("Users", "userName", person.userName);
  if (byName !== undefined || !matchesByExternalId(person)) return byName;
  return world.scim.match("Users", "externalId", person.mailNickname);
}

async function updateUser(world: World, person: Person, link: UserLink): Promise<void> {
  const changes = difference(link.leaves, mapPerson(person));
  if (changes.length === 0) return;
  await patchUser(world, link, operationOf(changes), attributePatch(world.nextDialect(), changes));
  for (const { path, value } of changes) link.leaves.set(path, value);
}

async function patchUser(
  world: World,
  link: UserLink,
  operation: Operation,
  body: ReturnType<typeof attributePatch>,
): Promise<void> {
  try {
    await world.scim.patch(operation, `/Users/${link.id}`, body);
  } catch (error) {
    link.uncertain = true;
    throw error;
  }
}

/** What the source has and the target lacks or holds otherwise. Missing source values are not flowed. */
function difference(actual: Leaves, wanted: Leaves): Change[] {
  const changes: Change[] = [];
  for (const [path, value] of wanted) {
    const held = actual.get(path);
    if (held === value) continue;
    changes.push({ kind: held === undefined ? "add" : "replace", path, value });
  }
  return changes;
}

function operationOf(changes: readonly Change[]): Operation {
  const active = changes.find(({ path }) => path === "active");
  if (active === undefined) return "patch user";
  return active.value === true ? "reactivate user" : "deactivate user";
}

function noteDrift(world: World, person: Person, believed: Leaves, actual: Leaves): void {
  for (const path of new Set([...believed.keys(), ...actual.keys()])) {
    if (believed.get(path) === actual.get(path)) continue;
    const [was, is] = [JSON.stringify(believed.get(path)), JSON.stringify(actual.get(path))];
    world.findings.add(
      `user ${person.userName}: ${path} was provisioned as ${was}, found as ${is} before an update`,
    );
  }
}
