/**
 * A full disk under Postgres: the table of users is moved to a small file system of its own, which a file of ballast
 * then fills, so that the table can no longer grow. Needs the right to mount; without it the fault says so and passes.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync, chownSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { FaultSettings } from "./faults.ts";

const SIZE_MB = 24;
const BLOCK = Buffer.alloc(65_536);

export class FaultNotPossible extends Error {
  override readonly name = "FaultNotPossible";
}

export async function fillDisk({ installation, random, holdMs }: FaultSettings): Promise<void> {
  const place = join(installation.directory, "small-disk");
  await prepareSmallDisk(installation.postgres.directUrl(), installation.directory, place);
  const ballast = join(place, "ballast");
  try {
    fill(ballast);
    await sleep(500 + random.below(holdMs));
  } finally {
    rmSync(ballast, { force: true });
  }
}

export function removeSmallDisk(directory: string): void {
  const place = join(directory, "small-disk");
  if (existsSync(place)) execFileSync("umount", ["-l", place], { stdio: "ignore" });
}

/** Once per installation: the tables that grow with every write live on the small disk from then on. */
async function prepareSmallDisk(url: string, directory: string, place: string): Promise<void> {
  if (existsSync(place)) return;
  mkdirSync(place);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE_MB}m`, "tmpfs", place], { stdio: "pipe" });
  } catch (error) {
    rmSync(place, { recursive: true });
    throw new FaultNotPossible("a full disk needs the right to mount a small file system", { cause: error });
  }
  const { uid, gid } = statSync(join(directory, "postgres", "data"));
  const tables = join(place, "tables");
  mkdirSync(tables);
  chownSync(tables, uid, gid);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE TABLESPACE small LOCATION '${tables}'`);
    for (const table of ["users", "groups", "group_members"]) {
      await client.query(`ALTER TABLE ${table} SET TABLESPACE small`);
    }
  } finally {
    await client.end();
  }
}

function fill(ballast: string): void {
  try {
    for (;;) writeFileSync(ballast, BLOCK, { flag: "a" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}
