/** A run: clients at work, one fault after the other, then the audit. */
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom, deriveSeed } from "../azure-ad/random.ts";
import { type Audit, audit } from "./audit.ts";
import { FaultNotPossible, removeSmallDisk } from "./disk.ts";
import { FAULTS, type Fault, type FaultSettings } from "./faults.ts";
import { History } from "./history.ts";
import { type Installation, openInstallation } from "./installation.ts";
import { Observer } from "./observer.ts";
import { watchStalls } from "./stall-watch.ts";
import type { QueueKind } from "./stores.ts";
import { processesOf, type Vitals, watchVitals } from "./vitals.ts";
import { startWorkload } from "./workload.ts";

export interface SoakSettings {
  readonly seed: number;
  readonly minutes: number;
  readonly queue: QueueKind;
  readonly clients: number;
  readonly workers: number;
  /** The apis are workers as well. */
  readonly together?: boolean;
  readonly holdSeconds: number;
  /** Names of faults; undefined for all that the backend knows. */
  readonly faults: readonly string[] | undefined;
  readonly root: string;
  readonly keep: boolean;
  readonly onLine: (line: string) => void;
}

export interface SoakReport {
  readonly settings: Pick<SoakSettings, "seed" | "minutes" | "queue">;
  readonly audit: Audit;
  readonly faults: ReadonlyMap<string, number>;
  readonly skipped: readonly string[];
  /** Milliseconds from the end of a fault until every api acknowledged a write again, by fault. */
  readonly recoveries: ReadonlyMap<string, readonly number[]>;
  readonly answers: ReadonlyMap<string, number>;
  readonly vitals: Vitals;
  /** All that was found wrong: by the audit and before. */
  readonly violations: readonly string[];
}

const RECOVERY_MAX_MS = 10_000;
const GIVE_UP_MS = 60_000;
// Kills of a worker are what the service must bear most often: of each round they are a good part.
const REPEATED: Readonly<Record<string, number>> = { "worker-kill": 5, "api-kill": 2, "postgres-cut": 2 };
// A job that was taken from a killed worker is delivered again after its lock is over; then the ledger is at rest.
const SETTLE_MS = 15_000;
const LINES_PER_MINUTE_MAX = 20_000;
const CONNECTIONS_GROWTH_MAX = 1.5;

export async function soak(settings: SoakSettings): Promise<SoakReport> {
  const installation = await openInstallation(settings);
  try {
    return await run(settings, installation);
  } finally {
    removeSmallDisk(installation.directory);
    await installation.close();
    if (settings.keep) settings.onLine(`logs are kept in ${installation.directory}`);
  }
}

async function run(settings: SoakSettings, installation: Installation): Promise<SoakReport> {
  const history = new History();
  const observer = new Observer();
  const vitals = watchVitals(installation);
  const workload = await startWorkload({
    history,
    onSent: observer.onSent,
    seed: settings.seed,
    tokens: installation.tokens,
    ports: installation.apis.map(({ proxy }) => proxy.port),
    isAlwaysLate: settings.queue === "postgres",
  });
  const stalls = watchStalls({ installation, observer, onLine: settings.onLine });
  const injected = await injectAll(settings, installation, observer);
  await stalls.stop();
  await workload.stop(GIVE_UP_MS);
  await sleep(SETTLE_MS);
  const sampled = vitals.stop();
  const audited = await audit(history, {
    url: installation.postgres.directUrl(),
    tenantId: installation.tenantId,
  });
  const { counts, violations } = observer.answers();
  return {
    ...injected,
    settings,
    audit: audited,
    answers: counts,
    vitals: sampled,
    violations: [...violations, ...audited.violations, ...crashesOf(installation), ...growthOf(sampled)],
  };
}

type Injected = Pick<SoakReport, "faults" | "recoveries" | "skipped">;

async function injectAll(
  settings: SoakSettings,
  installation: Installation,
  observer: Observer,
): Promise<Injected> {
  const random = createRandom(deriveSeed(settings.seed, "faults"));
  const faultSettings: FaultSettings = { installation, random, holdMs: settings.holdSeconds * 1_000 };
  const [done, recoveries, skipped] = [
    new Map<string, number>(),
    new Map<string, number[]>(),
    new Set<string>(),
  ];
  const until = performance.now() + settings.minutes * 60_000;
  const round: Fault[] = [];
  const ports = installation.apis.map(({ proxy }) => proxy.port);
  while (performance.now() < until) {
    if (round.length === 0) round.push(...random.sample(roundOf(settings), Infinity));
    const fault = round.pop();
    if (!fault) {
      await sleep(until - performance.now());
      break;
    }
    settings.onLine(`${fault.name} …`);
    const isDone = await inject(fault, faultSettings);
    if (!isDone) {
      skipped.add(fault.name);
      continue;
    }
    done.set(fault.name, (done.get(fault.name) ?? 0) + 1);
    const ms = await observer.recovery(ports, RECOVERY_MAX_MS);
    if (ms === undefined)
      observer.report(`${fault.name}: not every api wrote again within ${RECOVERY_MAX_MS} ms`);
    recoveries.set(fault.name, [...(recoveries.get(fault.name) ?? []), ms ?? Infinity]);
    await sleep(random.below(1_000));
  }
  return { faults: done, recoveries, skipped: [...skipped] };
}

/** @returns false where the machine does not allow it */
async function inject(fault: Fault, settings: FaultSettings): Promise<boolean> {
  try {
    await fault.run(settings);
    return true;
  } catch (error) {
    if (error instanceof FaultNotPossible) return false;
    throw new Error(`the fault ${fault.name} could not be made or undone`, { cause: error });
  }
}

function roundOf({ queue, faults }: SoakSettings): readonly Fault[] {
  return FAULTS.filter(
    ({ name, queues }) => queues.includes(queue) && (faults?.includes(name) ?? true),
  ).flatMap((fault) => Array<Fault>(REPEATED[fault.name] ?? 1).fill(fault));
}

function crashesOf(installation: Installation): readonly string[] {
  return processesOf(installation)
    .filter((process) => process.crashes() > 0)
    .map((process) => `${process.name} ended by itself ${process.crashes()} times`);
}

function growthOf({ connections, linesPerMinute }: Vitals): readonly string[] {
  const found: string[] = [];
  if (linesPerMinute > LINES_PER_MINUTE_MAX) found.push(`${linesPerMinute} lines of log a minute`);
  if (connections.late > connections.early * CONNECTIONS_GROWTH_MAX) {
    found.push(`connections to Postgres grew from ${connections.early} to ${connections.late}`);
  }
  return found;
}
