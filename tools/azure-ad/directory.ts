/** The model directory: what Entra ID holds. It is the truth that the target is brought to, cycle by cycle. */
import { GROUP_NAMES } from "./names.ts";
import { makePerson } from "./people.ts";
import type { Person } from "./people.ts";
import { createRandom, deriveSeed } from "./random.ts";
import type { Random } from "./random.ts";

export interface TeamGroup {
  /** The object id in the source directory, provisioned as externalId. */
  readonly key: string;
  readonly number: number;
  displayName: string;
  readonly members: Set<string>;
  deleted: boolean;
}

export interface Directory {
  readonly seed: number;
  /** Marks the names of what is made after the first day; empty when the tenant is known to be fresh. */
  readonly tag: string;
  readonly groupSize: number;
  readonly people: Map<string, Person>;
  readonly groups: Map<string, TeamGroup>;
  nextPerson: number;
  nextGroup: number;
}

export interface DirectorySpec {
  readonly seed: number;
  readonly users: number;
  readonly groups: number;
  readonly groupSize: number;
  readonly tag: string;
}

const REPORTS_PER_MANAGER = 8;

/** The directory of the first day: the same for the same seed and sizes. */
export function createDirectory(spec: DirectorySpec): Directory {
  const directory: Directory = {
    seed: spec.seed,
    tag: spec.tag,
    groupSize: spec.groupSize,
    people: new Map(),
    groups: new Map(),
    nextPerson: 0,
    nextGroup: 0,
  };
  const staff: Person[] = [];
  for (let number = 0; number < spec.users; number += 1) {
    const person = addPerson(directory, "");
    // A tree: everyone but the first reports to somebody made before.
    person.managerKey = staff[Math.floor((number - 1) / REPORTS_PER_MANAGER)]?.key;
    staff.push(person);
  }
  for (let number = 0; number < spec.groups; number += 1) {
    const group = addGroup(directory, "");
    const random = createRandom(deriveSeed(spec.seed, `members ${number}`));
    for (const person of random.sample(staff, spec.groupSize)) group.members.add(person.key);
  }
  return directory;
}

/** Adds the next person; the caller gives a manager. */
export function addPerson(directory: Directory, tag: string): Person {
  const person = makePerson({ seed: directory.seed, number: directory.nextPerson, tag });
  directory.nextPerson += 1;
  directory.people.set(person.key, person);
  return person;
}

/** Adds the next group, without members. */
export function addGroup(directory: Directory, tag: string): TeamGroup {
  const number = directory.nextGroup;
  const random = createRandom(deriveSeed(directory.seed, `group ${number} ${tag}`));
  const name = GROUP_NAMES[number % GROUP_NAMES.length] ?? "Group";
  // Display names are what groups are matched by, so no two may be alike.
  const suffix = `${number < GROUP_NAMES.length ? "" : ` ${number}`}${tag === "" ? "" : ` ${tag}`}`;
  const group = {
    key: random.guid(),
    number,
    displayName: `${name}${suffix}`,
    members: new Set<string>(),
    deleted: false,
  };
  directory.nextGroup += 1;
  directory.groups.set(group.key, group);
  return group;
}

/** People who are in office, in a stable order. */
export function activePeople(directory: Directory): Person[] {
  return [...directory.people.values()].filter((person) => person.status === "active");
}

/** Groups that exist, in a stable order. */
export function livingGroups(directory: Directory): TeamGroup[] {
  return [...directory.groups.values()].filter((group) => !group.deleted);
}

/** The random numbers of one cycle's changes. */
export function cycleRandom(directory: Directory, cycle: number): Random {
  return createRandom(deriveSeed(directory.seed, `cycle ${cycle} ${directory.tag}`));
}
