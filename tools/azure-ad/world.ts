/** What every step of a cycle works with, and how a step that fails is put aside. */
import { RequestFailed } from "./client.ts";
import type { Dialect } from "./dialect.ts";
import type { Directory } from "./directory.ts";
import type { Findings, Links } from "./links.ts";
import type { PoolOptions } from "./pool.ts";
import type { Progress } from "./progress.ts";
import type { ScopeMistake } from "./scope-mistake.ts";
import type { Scim } from "./scim.ts";

export interface World {
  readonly scim: Scim;
  readonly directory: Directory;
  readonly links: Links;
  /** Surprises met on the way: the target held something else than was provisioned. */
  readonly findings: Findings;
  readonly nextDialect: () => Dialect;
  readonly membersPerPatch: number;
  readonly pool: PoolOptions;
  readonly progress: Progress;
  readonly mistake?: ScopeMistake | undefined;
}

/** Runs one object's change. A failed one goes into escrow; one that succeeds leaves it. */
export async function orEscrow(world: World, key: string, change: () => Promise<void>): Promise<void> {
  try {
    await change();
    world.links.escrow.clear(key);
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    world.links.escrow.put(key, error.message);
  } finally {
    world.progress.step();
  }
}
