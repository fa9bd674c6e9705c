/** The verification pass: reads the whole directory back and compares it with what was provisioned. */
import { RequestFailed } from "./client.ts";
import type { GroupLink, UserLink } from "./links.ts";
import { readLeaves } from "./mapping.ts";
import type { Leaves, Resource } from "./mapping.ts";
import type { Kind } from "./scim.ts";
import { idOf } from "./scim.ts";
import { memberIds } from "./sync-groups.ts";
import type { World } from "./world.ts";

export interface VerificationReport {
  readonly users: number;
  readonly groups: number;
  readonly memberships: number;
  /** Including what was met on the way: a value that had changed by itself between two cycles. */
  readonly differences: number;
  readonly first: readonly string[];
}

export interface VerifyOptions {
  /** Resources that this run knows nothing of are no difference. */
  readonly keep: boolean;
}

const PAGE_SIZE = 100;

/** Compares every user field, state, manager, group name and member; adds what differs to the findings. */
export async function verify(world: World, { keep }: VerifyOptions): Promise<VerificationReport> {
  const { links, findings } = world;
  let memberships = 0;
  try {
    const users = await readBack(world, "Users", readLeaves);
    for (const [key, link] of links.users) {
      const leaves = take(users, link.id);
      if (isOpen(world, key, link)) continue;
      compareUser(world, link, leaves);
    }
    if (!keep) reportSurplus(world, "user", users, (leaves) => String(leaves.get("userName")));

    const groups = await readBack(world, "Groups", readGroup);
    for (const [key, link] of links.groups) {
      const group = take(groups, link.id);
      memberships += link.members.size;
      if (isOpen(world, key, link)) continue;
      compareGroup(world, link, group);
    }
    if (!keep) reportSurplus(world, "group", groups, ({ displayName }) => displayName);
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    findings.add(`the directory could not be read back: ${error.message}`);
  }
  world.progress.end();
  return {
    users: links.users.size,
    groups: links.groups.size,
    memberships,
    differences: findings.total(),
    first: findings.first(),
  };
}

interface GroupRead {
  readonly displayName: string;
  readonly externalId: unknown;
  readonly members: readonly string[];
}

function readGroup(resource: Resource): GroupRead {
  return {
    displayName: String(resource["displayName"]),
    externalId: resource["externalId"],
    members: memberIds(resource),
  };
}

/** All pages by index (RFC 7644 §3.4.2.4). The server may give fewer than asked for, never the same one twice. */
async function readBack<T>(
  world: World,
  kind: Kind,
  read: (resource: Resource) => T,
): Promise<Map<string, T>> {
  const { scim, findings, progress } = world;
  const all = new Map<string, T>();
  for (let startIndex = 1; ;) {
    const { totalResults, resources } = await scim.page(kind, startIndex, PAGE_SIZE);
    if (startIndex === 1) progress.phase(`reading back ${kind.toLowerCase()}`, totalResults);
    for (const resource of resources) {
      const id = idOf(resource);
      if (all.has(id)) findings.add(`/${kind}/${id} was listed twice`);
      all.set(id, read(resource));
      progress.step();
    }
    startIndex += resources.length;
    if (resources.length > 0 && startIndex <= totalResults) continue;
    if (startIndex <= totalResults) {
      findings.add(`/${kind} says it holds ${totalResults}, but its list ends after ${startIndex - 1}`);
    }
    return all;
  }
}

function take<T>(all: Map<string, T>, id: string): T | undefined {
  const value = all.get(id);
  all.delete(id);
  return value;
}

/** Failed changes are told as such; what the target holds of them is not known. */
function isOpen(world: World, key: string, link: UserLink | GroupLink): boolean {
  return link.uncertain || world.links.escrow.has(key);
}

function compareUser({ findings }: World, link: UserLink, actual: Leaves | undefined): void {
  const name = `user ${String(link.leaves.get("userName"))} (${link.id})`;
  if (actual === undefined) {
    findings.add(`${name} is missing`);
    return;
  }
  for (const path of new Set([...link.leaves.keys(), ...actual.keys()])) {
    compareValue({ findings }, `${name}: ${path}`, link.leaves.get(path), actual.get(path));
  }
}

function compareGroup({ findings }: World, link: GroupLink, actual: GroupRead | undefined): void {
  const name = `group ${link.displayName} (${link.id})`;
  if (actual === undefined) {
    findings.add(`${name} is missing`);
    return;
  }
  compareValue({ findings }, `${name}: displayName`, link.displayName, actual.displayName);
  compareValue({ findings }, `${name}: externalId`, link.externalId, actual.externalId);
  const found = new Set(actual.members);
  for (const id of link.members) if (!found.has(id)) findings.add(`${name}: member ${id} is missing`);
  for (const id of found) if (!link.members.has(id)) findings.add(`${name}: member ${id} is not expected`);
  if (found.size !== actual.members.length) findings.add(`${name}: a member is listed twice`);
}

function compareValue(
  { findings }: Pick<World, "findings">,
  what: string,
  expected: unknown,
  actual: unknown,
): void {
  if (expected === actual) return;
  findings.add(`${what}: provisioned ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`);
}

/** What nobody provisioned. While a create is in escrow it may have happened all the same. */
function reportSurplus<T>(
  world: World,
  kind: string,
  rest: Map<string, T>,
  nameOf: (value: T) => string,
): void {
  if (world.links.escrow.entries().size > 0) return;
  for (const [id, value] of rest) world.findings.add(`${kind} ${nameOf(value)} (${id}) is not expected`);
}
