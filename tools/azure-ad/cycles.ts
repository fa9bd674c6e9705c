/** A cycle: probe, then users, managers, groups and members, each kind after what it refers to. */
import { happen } from "./changes.ts";
import { eachOf } from "./pool.ts";
import { createRandom, deriveSeed } from "./random.ts";
import { mistakeScope } from "./scope-mistake.ts";
import { syncGroup, syncMembers } from "./sync-groups.ts";
import { syncManager, syncUser } from "./sync-users.ts";
import type { World } from "./world.ts";
import { orEscrow } from "./world.ts";

export interface Scope {
  readonly people: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

/** Everything there is: the scope of the initial cycle. */
export function wholeDirectory({ directory }: World): Scope {
  return { people: new Set(directory.people.keys()), groups: new Set(directory.groups.keys()) };
}

/** Lets time pass in the directory; gives what changed since, and what to tell of it. */
export function changesSince(
  { directory, mistake }: World,
  cycle: number,
): Scope & { readonly summary: string } {
  const changes = happen(directory, cycle);
  if (mistake !== undefined) mistakeScope(directory, cycle, { mistake, changes });
  const { people, groups, counts } = changes;
  const summary = [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
  return { people, groups, summary };
}

/** Proves address and credential before anything is written, as Test Connection does. */
export async function probe({ scim, directory }: World, cycle: number): Promise<void> {
  const random = createRandom(deriveSeed(directory.seed, `probe ${cycle} ${Date.now()}`));
  await scim.probe("Users", random.guid());
  await scim.probe("Groups", random.guid());
}

/** Brings what is in scope, and what waits in escrow, to the target. */
export async function provision(world: World, scope: Scope): Promise<void> {
  const { directory, progress, pool } = world;
  const people = withEscrow(world, scope.people).flatMap((key) => directory.people.get(key) ?? []);
  progress.phase("users", people.length);
  await eachOf(people, pool, (person) => orEscrow(world, person.key, () => syncUser(world, person)));

  // A person in escrow is left for the next cycle as a whole.
  const settled = people.filter(({ key }) => !world.links.escrow.has(key));
  progress.phase("managers", settled.length);
  await eachOf(settled, pool, (person) => orEscrow(world, person.key, () => syncManager(world, person)));

  const groups = withEscrow(world, scope.groups).flatMap((key) => directory.groups.get(key) ?? []);
  progress.phase("groups", groups.length);
  await eachOf(groups, pool, (group) => orEscrow(world, group.key, () => syncGroup(world, group)));

  const filled = groups.filter(({ key, deleted }) => !deleted && !world.links.escrow.has(key));
  progress.phase("group members", filled.length);
  await eachOf(filled, pool, (group) => orEscrow(world, group.key, () => syncMembers(world, group)));
  progress.end();
}

function withEscrow({ links }: World, keys: ReadonlySet<string>): string[] {
  return [...new Set([...keys, ...links.escrow.entries().keys()])];
}
