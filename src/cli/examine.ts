/**
 * What the doctor looks at, one function a part. Each says what it found, or what is wrong and how to mend it, and
 * leaves the installation as it was.
 */
import { createQueueBackend } from "../queue/queues.ts";
import { fieldOf, listRedisServers, openRedis } from "../queue/redis.ts";
import { fingerprint } from "../platform/secrets.ts";
import { within } from "../platform/within.ts";
import type { DatabasePool, Transaction } from "../store/database.ts";
import { readServerFacts } from "../store/server-facts.ts";
import { checkSecret } from "../store/installation.ts";
import { LEAKPROOF, readFence } from "../store/row-security.ts";
import { pendingMigrations } from "../store/migrations.ts";
import { reason } from "./command.ts";
import type { Installation } from "./installation.ts";

export interface Finding {
  readonly part:
    "node" | "postgres" | "replica" | "clock" | "migrations" | "fence" | "secret" | "queue" | "api";
  /** What was found, where nothing is wrong. */
  readonly found?: string;
  readonly problem?: string;
  readonly fix?: string;
  /** Of the server that was found. */
  readonly version?: string;
}

const NODE_MIN = [20, 18] as const;
const POSTGRES_MAJOR_MIN = 14;
// Valkey calls itself Redis 7.2 or later to clients.
const REDIS_MAJOR_MIN = 7;
const CLOCK_SKEW_MS_MAX = 5_000;
const ANSWER_TIMEOUT_MS = 5_000;

export function examineNode(version: string): Finding {
  const part = "node";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return { part, found: version };
  return { part, problem: `this is Node ${version}`, fix: `install Node ${NODE_MIN.join(".")} or later` };
}

/** Its version and latency, and how far its clock is from ours: expiry is Postgres's, signatures and logs are ours. */
export async function examinePostgres(db: DatabasePool): Promise<readonly Finding[]> {
  const part = "postgres";
  try {
    const { version, now, askedAt, answeredAt } = await readServerFacts(db);
    const found = `${version}, answers in ${answeredAt - askedAt} ms`;
    const isOld = Number.parseInt(version, 10) < POSTGRES_MAJOR_MIN;
    const fix = `upgrade to Postgres ${POSTGRES_MAJOR_MIN} or later`;
    return [
      isOld ? { part, version, problem: `this is Postgres ${version}`, fix } : { part, version, found },
      examineClock(now.getTime() - (askedAt + answeredAt) / 2),
    ];
  } catch (error) {
    return [
      {
        part,
        problem: `Postgres does not answer: ${reason(error)}`,
        fix: "start it, or correct DATABASE_URL",
      },
    ];
  }
}

function examineClock(skewMs: number): Finding {
  const seconds = `${(Math.abs(skewMs) / 1000).toFixed(1)} s`;
  if (Math.abs(skewMs) <= CLOCK_SKEW_MS_MAX) return { part: "clock", found: `within ${seconds} of Postgres` };
  const problem = `this machine's clock is ${seconds} ${skewMs > 0 ? "behind" : "ahead of"} Postgres's`;
  return { part: "clock", problem, fix: "keep the time on both by NTP" };
}

export async function examineMigrations({ config }: Installation): Promise<Finding> {
  const part = "migrations";
  try {
    const pending = await pendingMigrations(config.DATABASE_URL);
    if (pending.length === 0) return { part, found: "the schema is up to date" };
    return { part, problem: `the database lacks ${pending.join(", ")}`, fix: "run bin/rollcall migrate" };
  } catch (error) {
    return { part, problem: reason(error), fix: "give the role of DATABASE_URL the rights on its database" };
  }
}

/** Row-level security: whether it is on, binds whoever asks, and lets indexes be used. */
export async function examineFence({ config }: Installation, db: DatabasePool): Promise<Finding> {
  const part = "fence";
  const { isRaised, isPassedBy, findsByIndex } = await readFence(db);
  const grant = "bin/rollcall grant <role> --row-level-security on";
  if (!isRaised && !config.ROW_LEVEL_SECURITY) return { part, found: "row-level security is off" };
  if (!isRaised)
    return {
      part,
      problem: "ROW_LEVEL_SECURITY is set, and the tables have no policies",
      fix: `run ${grant}`,
    };
  if (isPassedBy && config.ROW_LEVEL_SECURITY)
    return {
      part,
      problem: "row-level security does not bind this role, which owns the tables or is a superuser",
      fix: "let DATABASE_URL name the role that was granted (docs/operations.md)",
    };
  if (!findsByIndex)
    return {
      part,
      problem: "behind row-level security, people are not found by e-mail and such by their index",
      fix: `let a superuser run, in this database: ${LEAKPROOF}`,
    };
  return { part, found: "row-level security holds each tenant's rows apart" };
}

export async function examineSecret({ secret }: Installation, db: DatabasePool): Promise<Finding> {
  const part = "secret";
  if (secret === undefined)
    return { part, problem: "ROLLCALL_SECRET is not set", fix: "set the one the service runs with" };
  try {
    await checkSecret(undoing(db), fingerprint(secret));
    return { part, found: "the one that tokens are hashed under" };
  } catch (error) {
    // Its first sentence says what is wrong, the others what to do.
    const [problem = "", ...advice] = reason(error).split(/(?<=\.) /);
    return { part, problem, fix: advice.join(" ") || "restore the former ROLLCALL_SECRET" };
  }
}

/** Whatever is written is rolled back: the check notes a first secret, which is for the service's start to do. */
function undoing(db: DatabasePool): DatabasePool {
  async function transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const undo = new Error("rolled back");
    const results: Result[] = [];
    await db
      .transaction(async (tx) => {
        results.push(await work(tx));
        throw undo;
      })
      .catch((error: unknown) => {
        if (error !== undo) throw error;
      });
    return results[0] as Result;
  }
  return { ...db, transaction };
}

export async function examineQueue({ config }: Installation): Promise<readonly Finding[]> {
  return config.REDIS_URL === undefined
    ? [await examinePostgresQueue(config.DATABASE_URL, config.QUEUE_PREFIX)]
    : examineRedis(config.REDIS_URL);
}

async function examinePostgresQueue(databaseUrl: string, prefix: string): Promise<Finding> {
  const part = "queue";
  const errors: Error[] = [];
  const onError = (error: Error): void => void errors.push(error);
  const queue = createQueueBackend({ redisUrl: undefined, databaseUrl, prefix, onError }).openQueue();
  try {
    await answerOf(queue.waitUntilReady());
    return { part, found: `in Postgres, schema ${prefix}_queue` };
  } catch (error) {
    return { part, problem: reason(error), fix: "run bin/rollcall migrate" };
  } finally {
    await queue.close().catch(onError); // What does not open does not always close either.
  }
}

/** Of a cluster every node, of sentinels the master and its replicas: any of them may have to hold the queue. */
async function examineRedis(url: string): Promise<readonly Finding[]> {
  const part = "queue";
  let lost: Error | undefined;
  const redis = openRedis(url, { maxRetriesPerRequest: 0 }, (error) => (lost ??= error));
  try {
    const servers = await answerOf(listRedisServers(redis, url));
    const findings = servers.map(async ({ name, info }) => {
      const finding = judgeRedis(await answerOf(info()));
      return name === "" ? finding : naming(name, finding);
    });
    return await Promise.all(findings);
  } catch (error) {
    const problem = `Redis does not answer: ${reason(lost ?? error)}`;
    return [{ part, problem, fix: "start it, or correct REDIS_URL" }];
  } finally {
    redis.disconnect();
  }
}

function naming(server: string, { found, problem, ...finding }: Finding): Finding {
  return {
    ...finding,
    ...(found !== undefined && { found: `${server}: ${found}` }),
    ...(problem !== undefined && { problem: `${server}: ${problem}` }),
  };
}

/** @param info - as INFO answers it */
export function judgeRedis(info: string): Finding {
  const part = "queue";
  const field = (name: string): string | undefined => fieldOf(info, name);
  const valkey = field("valkey_version");
  const version = valkey ?? field("redis_version") ?? "unknown";
  const product = valkey === undefined ? "Redis" : "Valkey";
  const policy = field("maxmemory_policy");
  if (Number.parseInt(version, 10) < REDIS_MAJOR_MIN)
    return { part, version, problem: `this is ${product} ${version}`, fix: "upgrade to Redis 7 or Valkey 8" };
  if (policy !== undefined && policy !== "noeviction") {
    const problem = `maxmemory-policy is ${policy}, so jobs may be thrown away under way`;
    return { part, version, problem, fix: "set maxmemory-policy noeviction in its configuration" };
  }
  // Not a problem: a write that is lost on the way is not acknowledged, and its client sends it again.
  const log =
    field("aof_enabled") === "1" ? "append-only file on" : "append-only file off (a restart drops jobs)";
  return { part, version, found: `${product} ${version}, ${policy ?? "policy unknown"}, ${log}` };
}

export async function examineApi(apiUrl: string | undefined): Promise<Finding> {
  const part = "api";
  if (apiUrl === undefined) return { part, found: "not known to run; set PUBLIC_URL to have it asked" };
  const url = `${apiUrl}/health/ready`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    if (response.ok) return { part, found: `ready at ${apiUrl}` };
    const problem = `${url} answers ${response.status}`;
    return { part, problem, fix: "see which check is down in its answer, and the service's log" };
  } catch (error) {
    if (isDistrusted(error))
      return {
        part,
        problem: `nobody here trusts the certificate of ${apiUrl}: ${reason(error)}`,
        fix: "Azure wants one of a public authority; for one of your own, name it in NODE_EXTRA_CA_CERTS",
      };
    return {
      part,
      problem: `${url} does not answer: ${reason(error)}`,
      fix: "start the api, or correct PUBLIC_URL",
    };
  }
}

/** OpenSSL's reasons for a certificate, as Node names them. */
function isDistrusted(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return /CERT|ISSUER|LEAF_SIGNATURE/.test(String(cause?.code));
}

/** @throws {Error} when it does not come in time */
async function answerOf<Result>(work: Promise<Result>): Promise<Result> {
  const answer = await within(
    ANSWER_TIMEOUT_MS,
    work.then((value) => ({ value })),
  );
  if (answer === undefined) throw new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`);
  return answer.value;
}
