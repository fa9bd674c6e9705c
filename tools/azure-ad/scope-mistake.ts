/** A scoping filter changed by mistake: many people leave the scope at once, and come back once somebody has seen it. */
import type { Changes } from "./changes.ts";
import { activePeople, cycleRandom } from "./directory.ts";
import type { Directory } from "./directory.ts";

/** Of the incremental cycles, the one in which it happens, and the one in which it is mended. */
const MISTAKEN_IN = 1;
const MENDED_IN = 2;

export interface ScopeMistake {
  /** Of the people in office, from 0 to 1. */
  readonly share: number;
  /** Keys of those who left the scope. */
  readonly out: Set<string>;
}

/** Entra ID disables at the target whoever leaves the scope, like a leaver. */
export function mistakeScope(
  directory: Directory,
  cycle: number,
  { mistake, changes }: { readonly mistake: ScopeMistake; readonly changes: Changes },
): void {
  if (cycle === MISTAKEN_IN) {
    const staff = activePeople(directory).slice(1);
    const count = Math.round(staff.length * mistake.share);
    for (const person of cycleRandom(directory, cycle).sample(staff, count)) {
      person.status = "disabled";
      person.cyclesDisabled = 0;
      changes.people.add(person.key);
    }
    // Who really left in this cycle cannot be told from the others, and comes back with them.
    for (const person of directory.people.values())
      if (person.status === "disabled" && person.cyclesDisabled === 0) mistake.out.add(person.key);
    changes.counts.set("out of scope by mistake", mistake.out.size);
  }
  if (cycle !== MENDED_IN) return;
  const back = [...mistake.out].flatMap((key) => directory.people.get(key) ?? []);
  for (const person of back.filter(({ status }) => status === "disabled")) {
    person.status = "active";
    changes.people.add(person.key);
  }
  changes.counts.set("back in scope", back.length);
}
