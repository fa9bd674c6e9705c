/** A whole simulation of Azure AD's provisioning job against one tenant: cycles, verification, report. */
import { setTimeout as sleep } from "node:timers/promises";
import type { RetryOptions } from "./client.ts";
import { createClient, Quarantined, RequestFailed } from "./client.ts";
import { changesSince, probe, provision, wholeDirectory } from "./cycles.ts";
import { createDialects } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";
import { createDirectory } from "./directory.ts";
import { createTransport } from "./http.ts";
import { createFindings, createLinks } from "./links.ts";
import { createProgress } from "./progress.ts";
import type { Output } from "./progress.ts";
import { cycleLine, verdict } from "./report.ts";
import type { CycleReport, Report } from "./report.ts";
import { createScim } from "./scim.ts";
import { createStats } from "./stats.ts";
import type { Stats, Totals } from "./stats.ts";
import { verify } from "./verify.ts";
import type { VerificationReport } from "./verify.ts";
import type { World } from "./world.ts";

export interface SimulationOptions {
  /** The Tenant URL without query or trailing slash. */
  readonly url: string;
  readonly token: string;
  readonly users: number;
  readonly groups: number;
  readonly groupSize: number;
  /** The initial cycle included; 0 goes on until stopped. */
  readonly cycles: number;
  /** Seconds between the starts of two cycles; 0 is at once. */
  readonly beat: number;
  readonly concurrency: number;
  readonly dialect: Dialect | "mixed";
  readonly seed: number;
  /** Members per PATCH; 20 if absent. */
  readonly batch?: number;
  /** The tenant may hold what this run knows nothing of. */
  readonly keep?: boolean;
  /** Of the people, from 0 to 1, who leave the scope by mistake in the second cycle and come back in the third. */
  readonly mistakenShare?: number;
  /** Verifies after every so many cycles as well; absent or 0 is only at the end. */
  readonly verifyEvery?: number;
  readonly retry?: RetryOptions;
  readonly timeoutMs?: number;
  /** Where progress is shown; nowhere if absent. */
  readonly output?: Output | undefined;
  /** Ends the simulation early: what is under way ends, then comes the verification. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each cycle; the next one begins when it resolves. */
  readonly onCycle?: (report: CycleReport) => Promise<void>;
}

/** About a minute of patience in all, so that a restart of the service goes unnoticed. */
const RETRY_DEFAULT: RetryOptions = { tries: 8, baseMs: 250, maxMs: 15_000 };
/** What .NET's client waits by default; Entra ID publishes no figure. */
const TIMEOUT_DEFAULT_MS = 100_000;
const BATCH_DEFAULT = 20;
const CYCLES_KEPT_MAX = 100;

/** Runs all cycles and the verification. Rejects only on a bug: trouble with the service is in the report. */
export async function runSimulation(options: SimulationOptions): Promise<Report> {
  const startedAt = new Date();
  const stats = createStats();
  const transport = createTransport({
    url: options.url,
    token: options.token,
    connections: options.concurrency,
    timeoutMs: options.timeoutMs ?? TIMEOUT_DEFAULT_MS,
  });
  const client = createClient({ transport, stats, retry: options.retry ?? RETRY_DEFAULT });
  const run: Run = { options, stats, world: createWorld(options, createScim(client)), cycles: [] };
  let quarantined: string | undefined;
  let verification: VerificationReport | undefined;
  try {
    await runCycles(run);
    verification = await verify(run.world, { keep: options.keep === true });
  } catch (error) {
    if (!(error instanceof Quarantined)) throw error;
    quarantined = error.message;
    run.world.progress.end();
  } finally {
    transport.close();
  }
  const unmended = [...run.world.links.escrow.entries().values()];
  return {
    startedAt: startedAt.toISOString(),
    seconds: seconds(Date.now() - startedAt.getTime()),
    operations: stats.operations(),
    cycles: run.cycles,
    errors: stats.errors(),
    unmended,
    quarantined,
    verification,
    clean: verification?.differences === 0 && unmended.length === 0,
  };
}

interface Run {
  readonly options: SimulationOptions;
  readonly stats: Stats;
  readonly world: World;
  readonly cycles: CycleReport[];
}

function createWorld(options: SimulationOptions, scim: World["scim"]): World {
  // Where an earlier run may have left its joiners, this run's get names of their own.
  const tag = options.keep === true ? Date.now().toString(36) : "";
  return {
    scim,
    directory: createDirectory({ ...options, tag }),
    links: createLinks(),
    findings: createFindings(),
    nextDialect: createDialects(options.dialect),
    membersPerPatch: options.batch ?? BATCH_DEFAULT,
    pool: { concurrency: options.concurrency, isStopping: () => options.signal?.aborted === true },
    progress: createProgress(options.output),
    mistake:
      options.mistakenShare === undefined
        ? undefined
        : { share: options.mistakenShare, out: new Set<string>() },
  };
}

async function runCycles(run: Run): Promise<void> {
  const { options, world } = run;
  const { isStopping } = world.pool;
  const verifyEvery = options.verifyEvery ?? 0;
  let nextStart = Date.now();
  for (let cycle = 0; options.cycles === 0 || cycle < options.cycles; cycle += 1) {
    await waitUntil(nextStart, options.signal);
    if (isStopping()) return;
    nextStart = Date.now() + options.beat * 1000;
    await runCycle(run, cycle);
    const isLast = cycle + 1 === options.cycles;
    if (verifyEvery > 0 && !isLast && (cycle + 1) % verifyEvery === 0) {
      world.progress.line(verdict(await verify(world, { keep: options.keep === true })));
    }
  }
  if (world.links.escrow.entries().size === 0 || isStopping()) return;
  world.progress.line("escrow: what failed is tried once more");
  await provision(world, { people: new Set(), groups: new Set() });
}

async function runCycle({ options, stats, world, cycles }: Run, cycle: number): Promise<void> {
  const before = stats.totals();
  const startedAt = performance.now();
  const scope =
    cycle === 0 ? { ...wholeDirectory(world), summary: "everything in scope" } : changesSince(world, cycle);
  world.progress.line(`cycle ${cycle + 1}: ${scope.summary}`);
  try {
    await probe(world, cycle);
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    // Entra ID does not begin with a service it has never reached; later it comes back with the next cycle.
    if (cycle === 0) throw new Quarantined(`connection test failed: ${error.message}`);
    for (const key of [...scope.people, ...scope.groups]) world.links.escrow.put(key, error.message);
    return;
  }
  await provision(world, scope);
  const ms = performance.now() - startedAt;
  const after = stats.totals();
  const requests = after.requests - before.requests;
  const writes = after.writes - before.writes;
  const report: CycleReport = {
    cycle: cycle + 1,
    kind: cycle === 0 ? "initial" : "incremental",
    seconds: seconds(ms),
    requests,
    writes,
    done: difference(after.done, before.done),
    requestsPerSecond: Math.round((requests * 1000) / ms),
    writesPerSecond: Math.round((writes * 1000) / ms),
  };
  cycles.push(report);
  if (cycles.length > CYCLES_KEPT_MAX) cycles.shift();
  world.progress.line(cycleLine(report));
  await options.onCycle?.(report);
}

function difference(after: Totals["done"], before: Totals["done"]): Totals["done"] {
  const operations = Object.entries(after) as [keyof Totals["done"], number][];
  return Object.fromEntries(
    operations
      .map(([operation, count]) => [operation, count - (before[operation] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

async function waitUntil(at: number, signal: AbortSignal | undefined): Promise<void> {
  const ms = at - Date.now();
  if (ms <= 0 || signal?.aborted === true) return;
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    // The signal ends the wait; the caller sees it by itself.
    if ((error as Error).name !== "AbortError") throw error;
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 10) / 100;
}
