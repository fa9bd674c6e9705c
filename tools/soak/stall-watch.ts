/**
 * What there is to see while an api acknowledges nothing: who waits for it, what it says of itself, and what Postgres does.
 * A stall is over before anybody looks, and its logs alone do not tell a client that waits from a service that hangs.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import type { Api, Installation } from "./installation.ts";
import type { Observer, Seen } from "./observer.ts";

export interface StallSettings {
  readonly installation: Pick<Installation, "apis" | "directory"> & {
    readonly postgres: Pick<Installation["postgres"], "directUrl">;
  };
  readonly observer: Pick<Observer, "seen">;
  readonly onLine: (line: string) => void;
  /** How long an api may acknowledge nothing before it is looked at. */
  readonly afterMs?: number;
}

// Longer than a store is away, and than an api takes to start.
const AFTER_MS = 15_000;
const LOOK_EVERY_MS = 500;
const ASK_MS = 2_000;

const ACTIVITY = `
  SELECT pid, application_name, state, concat_ws(' ', wait_event_type, wait_event) AS waits_for,
         pg_blocking_pids(pid) AS blocked_by, extract(epoch FROM now() - xact_start)::int AS in_transaction,
         extract(epoch FROM now() - state_change)::int AS in_state, left(regexp_replace(query, '\\s+', ' ', 'g'), 160) AS query
    FROM pg_stat_activity
   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
   ORDER BY application_name, pid`;

/** Looks at an api that stalls, again each time that it has stalled for as long once more, and writes into `stalls.log`. */
export function watchStalls(settings: StallSettings): { stop(): Promise<void> } {
  const { installation, afterMs = AFTER_MS } = settings;
  const startedAt = performance.now();
  const toldAt = new Map<Api, number>();
  let looking: Promise<void> = Promise.resolve();
  const look = (api: Api): void => {
    const { lastAckAt = startedAt } = settings.observer.seen(api.proxy.port);
    const now = performance.now();
    if (now - Math.max(lastAckAt, toldAt.get(api) ?? 0) < afterMs) return;
    toldAt.set(api, now);
    looking = Promise.all([looking, tell(api, now - lastAckAt, settings)]).then(() => undefined);
  };
  const timer = setInterval(() => installation.apis.forEach(look), Math.min(LOOK_EVERY_MS, afterMs));
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

async function tell(api: Api, silentMs: number, settings: StallSettings): Promise<void> {
  const { installation, observer, onLine } = settings;
  const file = join(installation.directory, "stalls.log");
  const seconds = Math.round(silentMs / 1_000);
  onLine(`${api.process.name} has acknowledged no write for ${seconds} s: see ${file}`);
  const seen = observer.seen(api.proxy.port);
  const [ready, metrics, activity] = await Promise.all([
    ask(`http://127.0.0.1:${api.port}/health/ready`),
    askMetrics(api),
    readActivity(installation.postgres.directUrl()),
  ]);
  const parts = [
    `==== ${new Date().toISOString()} ${api.process.name} has acknowledged no write for ${seconds} s`,
    `process ${stateOf(api.process.pid())}`,
    ...clientLines(seen),
    "-- /health/ready",
    ready,
    "-- pg_stat_activity",
    ...activity,
    "-- /metrics",
    metrics,
  ];
  appendFileSync(file, `${parts.join("\n")}\n\n`);
}

function clientLines({ waiting, answers }: Seen): readonly string[] {
  const now = performance.now();
  return [
    `-- answers since: ${[...answers].map(([key, count]) => `${key} × ${count}`).join(", ")}`,
    `-- requests without an answer: ${waiting.length}`,
    ...waiting.map(
      ({ client, wire, since }) =>
        `${client} for ${((now - since) / 1_000).toFixed(1)} s: ${wire.method} ${wire.path}`,
    ),
  ];
}

async function ask(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_MS) });
    return `${response.status}\n${await response.text()}`;
  } catch (error) {
    return `no answer: ${String(error)}`;
  }
}

/** Without the shape of its distributions, which is most of it. */
async function askMetrics({ process }: Pick<Api, "process">): Promise<string> {
  const url = process.metricsUrl();
  if (url === undefined) return "it has not said where they are";
  const lines = (await ask(url)).split("\n");
  return lines.filter((line) => !line.startsWith("#") && !line.includes("_bucket{")).join("\n");
}

async function readActivity(connectionString: string): Promise<readonly string[]> {
  const patience = { connectionTimeoutMillis: ASK_MS, query_timeout: ASK_MS };
  const client = new pg.Client({ connectionString, application_name: "soak", ...patience });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.query<object>(ACTIVITY)).rows.map((row) => JSON.stringify(row));
  } catch (error) {
    return [`no answer: ${String(error)}`];
  } finally {
    client.end().catch(() => undefined);
  }
}

/** As the kernel names it: one that is frozen is "T (stopped)". */
function stateOf(pid: number | undefined): string {
  if (pid === undefined) return "is not there";
  try {
    const state = /^State:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return `${pid}: ${state ?? "unknown"}`;
  } catch {
    return `${pid} is gone`;
  }
}
