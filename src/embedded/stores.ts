/**
 * The stores of a Rollcall that was given none, or not all: brought up in its data directory, stopped with it. What
 * was given is used as it is; where everything was, the data directory is not touched.
 */
import type { Logger } from "../platform/logger.ts";
import { makePrivateDir } from "./files.ts";
import { lockDataDir } from "./lock.ts";
import { startPostgres } from "./postgres.ts";
import { findRedis, startRedis } from "./redis.ts";
import { openSecret } from "./secret.ts";
import { createState, removeState } from "./state.ts";

export { readSecret } from "./secret.ts";
export { readState, type State, writeState } from "./state.ts";

export interface StoresOptions {
  readonly dataDir: string;
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  /** Where an embedded queue lives: "redis" or "postgres". Without it, in Redis where a server is on the PATH. */
  readonly queue?: string | undefined;
  readonly secret?: string | undefined;
  readonly logger: Logger;
}

export interface Stores {
  readonly databaseUrl: string;
  /** Undefined when the queue lives in Postgres. */
  readonly redisUrl: string | undefined;
  readonly secret: string;
  readonly dataDir: string;
  /** Stops what was started, the last first. */
  stop(): Promise<void>;
}

/** @throws {Error} when another Rollcall runs on the data directory, or a server does not start */
export async function startStores(options: StoresOptions): Promise<Stores> {
  const { dataDir, logger } = options;
  const databaseUrl = given(options.databaseUrl);
  const redisUrl = given(options.redisUrl);
  const needs = {
    postgres: databaseUrl === undefined,
    redis: redisUrl === undefined && wantsRedis(given(options.queue), databaseUrl),
  };
  const undo: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    if (needs.postgres || needs.redis) {
      makePrivateDir(dataDir);
      undo.push(lockDataDir(dataDir));
    }
    const secret = given(options.secret) ?? openSecret(dataDir);
    const start = async (server: typeof startPostgres): Promise<string> => {
      const running = await server({ dataDir, logger });
      undo.push(() => running.stop());
      return running.url;
    };
    // Redis first: it may be missing, and is the quicker one to say so.
    const stores = {
      redisUrl: redisUrl ?? (needs.redis ? await start(startRedis) : undefined),
      databaseUrl: databaseUrl ?? (await start(startPostgres)),
    };
    if (undo.length > 0) {
      createState(dataDir, stores);
      undo.push(() => removeState(dataDir));
    }
    return { ...stores, secret, dataDir, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A database that was given brings its queue along: a queue of this machine would be unknown to other machines. */
function wantsRedis(queue: string | undefined, databaseUrl: string | undefined): boolean {
  if (queue === "redis") return true;
  if (queue === "postgres") return false;
  if (queue !== undefined) {
    throw new Error(`ROLLCALL_EMBEDDED_QUEUE must be redis or postgres, and is "${queue}"`);
  }
  return databaseUrl === undefined && findRedis() !== undefined;
}

/** `DATABASE_URL=` in an env file means "not set". */
function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
