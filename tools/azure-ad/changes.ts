/** What happens in a company between two cycles: joiners, movers, leavers, returners, renames, group life. */
import { activePeople, addGroup, addPerson, cycleRandom, livingGroups } from "./directory.ts";
import type { Directory, TeamGroup } from "./directory.ts";
import { DEPARTMENTS, FAMILY_NAMES, TITLES } from "./names.ts";
import { rename } from "./people.ts";
import type { Person } from "./people.ts";
import type { Random } from "./random.ts";

export interface Changes {
  readonly people: Set<string>;
  readonly groups: Set<string>;
  /** How many of each kind, for the log. */
  readonly counts: Map<string, number>;
}

/** Cycles in the recycle bin before it is emptied; thirty days in life. */
const BIN_CYCLES = 2;
const JOINERS_SHARE = 0.02;
const MOVERS_SHARE = 0.04;
const LEAVERS_SHARE = 0.015;
const RENAMES_SHARE = 0.01;
const RETURNERS_SHARE = 0.25;
/** People who are also matched by externalId when their userName is not found: renames happen to them. */
const SECOND_MATCH_EVERY = 4;

/** Whether the mapping looks this person up by externalId as well. */
export function matchesByExternalId(person: Person): boolean {
  return person.number % SECOND_MATCH_EVERY === 0;
}

/** Changes the directory as the time up to incremental cycle `cycle` would, and says who is concerned. */
export function happen(directory: Directory, cycle: number): Changes {
  const changes: Changes = { people: new Set(), groups: new Set(), counts: new Map() };
  const random = cycleRandom(directory, cycle);
  const scene: Scene = { directory, random, changes };
  emptyBinAndReturn(scene);
  // The first person is the root of the manager tree and stays. Nobody changes twice in a cycle.
  const staff = random.sample(activePeople(directory).slice(1), Number.POSITIVE_INFINITY);
  const free = staff.filter((person) => !changes.people.has(person.key));
  const share = (part: number): number => Math.max(1, Math.round(staff.length * part));
  // Two at least: one may return, one is purged.
  for (const person of free.splice(0, Math.max(2, share(LEAVERS_SHARE)))) leave(scene, person);
  for (const person of free.splice(0, share(MOVERS_SHARE))) move(scene, person);
  const renamed = free.filter(matchesByExternalId).slice(0, share(RENAMES_SHARE));
  for (const person of renamed) marry(scene, person);
  for (let count = share(JOINERS_SHARE); count > 0; count -= 1) join(scene);
  changeGroups(scene, cycle);
  return changes;
}

interface Scene {
  readonly directory: Directory;
  readonly random: Random;
  readonly changes: Changes;
}

function note({ changes }: Scene, kind: string, count = 1): void {
  if (count > 0) changes.counts.set(kind, (changes.counts.get(kind) ?? 0) + count);
}

/** A quarter of those who left last return; those who have been in the bin long enough are purged. */
function emptyBinAndReturn(scene: Scene): void {
  const { directory, random, changes } = scene;
  const bin = [...directory.people.values()].filter((person) => person.status === "disabled");
  for (const person of bin) person.cyclesDisabled += 1;
  const young = bin.filter((person) => person.cyclesDisabled < BIN_CYCLES);
  for (const person of random.sample(young, Math.ceil(young.length * RETURNERS_SHARE))) {
    person.status = "active";
    person.cyclesDisabled = 0;
    changes.people.add(person.key);
    note(scene, "returners");
  }
  for (const person of bin) {
    if (person.status !== "disabled" || person.cyclesDisabled < BIN_CYCLES) continue;
    person.status = "purged";
    changes.people.add(person.key);
    // The target drops the memberships of a deleted user itself: no PATCH follows.
    for (const group of directory.groups.values()) group.members.delete(person.key);
    note(scene, "purged");
  }
}

/** Soft delete. Memberships stay; whoever reported to the leaver gets the leaver's manager. */
function leave(scene: Scene, person: Person): void {
  person.status = "disabled";
  person.cyclesDisabled = 0;
  scene.changes.people.add(person.key);
  note(scene, "leavers");
  for (const report of scene.directory.people.values()) {
    if (report.managerKey !== person.key || report.status === "purged") continue;
    report.managerKey = person.managerKey;
    scene.changes.people.add(report.key);
    note(scene, "new managers");
  }
}

function move(scene: Scene, person: Person): void {
  const { random, directory, changes } = scene;
  person.department = random.pick(DEPARTMENTS);
  person.title = random.pick(TITLES);
  if (random.chance(0.3)) person.telephone = `${person.office.dialCode} 555 ${1000 + random.below(9000)}`;
  if (random.chance(0.5)) person.managerKey = managerFor(directory, random, person)?.key;
  changes.people.add(person.key);
  note(scene, "movers");
}

function marry(scene: Scene, person: Person): void {
  const [familyName, ascii] = scene.random.pick(FAMILY_NAMES);
  rename(person, familyName, ascii);
  scene.changes.people.add(person.key);
  note(scene, "renames");
}

function join(scene: Scene): void {
  const { directory, random, changes } = scene;
  const person = addPerson(directory, directory.tag);
  person.managerKey = managerFor(directory, random, person)?.key;
  changes.people.add(person.key);
  note(scene, "joiners");
  const [group] = random.sample(livingGroups(directory), 1);
  if (group === undefined) return;
  group.members.add(person.key);
  changes.groups.add(group.key);
}

/** Somebody made earlier, so that the tree stays one; the first person always qualifies. */
function managerFor(directory: Directory, random: Random, person: Person): Person | undefined {
  const elders = activePeople(directory).filter(({ number }) => number < person.number);
  return elders.length === 0 ? undefined : random.pick(elders);
}

function changeGroups(scene: Scene, cycle: number): void {
  const { directory, random, changes } = scene;
  const touched = random.sample(livingGroups(directory), Math.ceil(directory.groups.size / 3));
  for (const group of touched) exchangeMembers(scene, group);
  const [renamed] = touched;
  if (cycle % 2 === 1 && renamed !== undefined) {
    // Derived from the number, so that no second group ever has the name.
    renamed.displayName = `${renamed.displayName.replace(/ \(was .*\)$/u, "")} (was ${renamed.number}.${cycle})`;
    changes.groups.add(renamed.key);
    note(scene, "group renames");
  }
  if (cycle % 2 === 0) {
    const group = addGroup(directory, directory.tag);
    for (const person of random.sample(activePeople(directory), directory.groupSize)) {
      group.members.add(person.key);
    }
    changes.groups.add(group.key);
    note(scene, "new groups");
  }
  const [doomed] = random.sample(livingGroups(directory), 1);
  if (cycle % 3 === 0 && doomed !== undefined) {
    doomed.deleted = true;
    changes.groups.add(doomed.key);
    note(scene, "deleted groups");
  }
}

function exchangeMembers(scene: Scene, group: TeamGroup): void {
  const { directory, random, changes } = scene;
  const count = Math.max(1, Math.round(directory.groupSize / 10));
  const leaving = random.sample([...group.members], count);
  for (const key of leaving) group.members.delete(key);
  const outside = activePeople(directory).filter(
    ({ key }) => !group.members.has(key) && !leaving.includes(key),
  );
  const arriving = random.sample(outside, count);
  for (const { key } of arriving) group.members.add(key);
  changes.groups.add(group.key);
  note(scene, "members removed", leaving.length);
  note(scene, "members added", arriving.length);
}
