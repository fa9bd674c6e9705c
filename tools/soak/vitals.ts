/** Samples what must not grow while nothing is kept: memory of each process, connections to Postgres, lines of log. */
import { readFileSync } from "node:fs";
import pg from "pg";
import type { Installation } from "./installation.ts";

export interface Vitals {
  /** Resident memory of the largest process, MiB, early and late in the run. */
  readonly memory: Growth;
  /** Connections of the service to Postgres. */
  readonly connections: Growth;
  /** Lines that all processes logged, a minute. */
  readonly linesPerMinute: number;
}

export interface Growth {
  readonly early: number;
  readonly late: number;
  readonly max: number;
}

const EVERY_MS = 1_000;
const CONNECT_MS = 2_000;
const COUNT = "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name LIKE 'rollcall%'";

export function watchVitals(installation: Installation): { stop(): Vitals } {
  const memory: number[] = [];
  const connections: number[] = [];
  const startedAt = performance.now();
  let isSampling = false;
  const sample = async (): Promise<void> => {
    if (isSampling) return;
    isSampling = true;
    const pids = processesOf(installation).flatMap((process) => process.pid() ?? []);
    memory.push(Math.max(0, ...pids.map(residentMiB)));
    const count = await countConnections(installation.postgres.directUrl());
    if (count !== undefined) connections.push(count);
    isSampling = false;
  };
  const timer = setInterval(() => void sample(), EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      const lines = processesOf(installation).reduce((sum, process) => sum + process.lines(), 0);
      const minutes = (performance.now() - startedAt) / 60_000;
      return {
        memory: growthOf(memory),
        connections: growthOf(connections),
        linesPerMinute: Math.round(lines / minutes),
      };
    },
  };
}

export function processesOf({ apis, workers }: Installation): Installation["workers"] {
  return [...apis.map(({ process }) => process), ...workers];
}

/** The medians of the first and the last fifth: a sample taken in the middle of a fault says little. */
function growthOf(samples: readonly number[]): Growth {
  const fifth = Math.max(1, Math.floor(samples.length / 5));
  const rounded = (value: number): number => Math.round(value * 10) / 10;
  return {
    early: rounded(medianOf(samples.slice(0, fifth))),
    late: rounded(medianOf(samples.slice(-fifth))),
    max: rounded(Math.max(0, ...samples)),
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function residentMiB(pid: number): number {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0; // It has just been killed.
  }
}

/** @returns undefined while Postgres is away */
async function countConnections(connectionString: string): Promise<number | undefined> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: CONNECT_MS,
    application_name: "soak",
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ count: number }>(COUNT);
    return rows[0]?.count;
  } catch {
    return undefined;
  } finally {
    client.end().catch(() => undefined);
  }
}
