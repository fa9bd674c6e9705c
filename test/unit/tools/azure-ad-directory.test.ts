/** The model directory: reproducible, realistic, and changing in every way a company does. */
import { describe, expect, test } from "vitest";
import { happen } from "../../../tools/azure-ad/changes.ts";
import type { Directory } from "../../../tools/azure-ad/directory.ts";
import { createDirectory } from "../../../tools/azure-ad/directory.ts";
import { MANAGER_PATH, mapPerson, readLeaves, userBody } from "../../../tools/azure-ad/mapping.ts";

const build = (seed: number): Directory =>
  createDirectory({ seed, users: 200, groups: 15, groupSize: 10, tag: "" });
const people = (directory: Directory) => [...directory.people.values()];
const groups = (directory: Directory) => [...directory.groups.values()];

describe("the first day", () => {
  test("is the same for the same seed and another for another", () => {
    expect(build(3)).toEqual(build(3));
    expect(people(build(3)).map(mapPerson)).not.toEqual(people(build(4)).map(mapPerson));
  });

  test("does not depend on how many others there are", () => {
    const few = createDirectory({ seed: 3, users: 5, groups: 1, groupSize: 2, tag: "" });

    expect(people(few)).toEqual(people(build(3)).slice(0, 5));
  });

  test("has sign-in names and group names that differ also without regard to case", () => {
    const directory = build(3);

    expect(new Set(people(directory).map(({ userName }) => userName.toLowerCase())).size).toBe(200);
    expect(new Set(groups(directory).map(({ displayName }) => displayName.toLowerCase())).size).toBe(15);
  });

  test("has names of several scripts, apostrophes, and attributes only some have", () => {
    const names = people(build(3)).map(({ familyName }) => familyName);
    const phones = people(build(3)).map(({ mobile }) => mobile);

    expect(names.some((name) => /\p{Script=Cyrillic}/u.test(name))).toBe(true);
    expect(names.some((name) => /\p{Script=Han}/u.test(name))).toBe(true);
    expect(names).toContain("O'Brien");
    expect(phones).toContain(undefined);
    expect(phones.some((phone) => phone !== undefined)).toBe(true);
  });

  test("has managers that form a tree", () => {
    const directory = build(3);
    const [root, ...rest] = people(directory);

    expect(root?.managerKey).toBeUndefined();
    for (const person of rest) {
      expect(directory.people.get(person.managerKey ?? "")!.number).toBeLessThan(person.number);
    }
  });
});

describe("time that passes", () => {
  test("brings the same changes for the same seed, and every kind within six cycles", () => {
    const [one, two] = [build(3), build(3)];
    const kinds = new Set<string>();
    for (let cycle = 1; cycle <= 6; cycle += 1) {
      const changes = happen(one, cycle);
      expect(happen(two, cycle)).toEqual(changes);
      for (const kind of changes.counts.keys()) kinds.add(kind);
    }

    expect(one).toEqual(two);
    expect([...kinds].sort()).toEqual([
      "deleted groups",
      "group renames",
      "joiners",
      "leavers",
      "members added",
      "members removed",
      "movers",
      "new groups",
      "new managers",
      "purged",
      "renames",
      "returners",
    ]);
  });

  test("leaves nobody under a manager who is gone", () => {
    const directory = build(5);
    for (let cycle = 1; cycle <= 8; cycle += 1) {
      happen(directory, cycle);
      for (const { managerKey, status } of people(directory)) {
        if (status === "purged" || managerKey === undefined) continue;
        expect(directory.people.get(managerKey)?.status).toBe("active");
      }
    }
  });

  test("gives joiners of a tagged run names of their own", () => {
    const plain = build(3);
    const tagged = { ...build(3), tag: "r1" };
    happen(plain, 1);
    happen(tagged, 1);
    const joiners = (directory: Directory) =>
      people(directory)
        .slice(200)
        .map(({ userName }) => userName);

    expect(joiners(tagged).length).toBeGreaterThan(0);
    expect(joiners(tagged).filter((name) => joiners(plain).includes(name))).toEqual([]);
  });
});

test("a person mapped to a SCIM user reads back as what was mapped", () => {
  for (const person of people(build(3))) {
    const leaves = mapPerson(person);

    expect(readLeaves(userBody(leaves))).toEqual(leaves);
  }
});

test("a manager returned as a bare string is not taken for a reference", () => {
  const enterprise = MANAGER_PATH.slice(0, MANAGER_PATH.lastIndexOf(":"));

  expect(readLeaves({ [enterprise]: { manager: { value: "u1" } } }).get(MANAGER_PATH)).toBe("u1");
  expect(readLeaves({ [enterprise]: { manager: "u1" } }).get(MANAGER_PATH)).toMatch(/not a reference/);
});
