/** Settings of Postgres: the one that is written to, and one that may be read. Part of the configuration, for its length. */
import { z } from "zod";
import { count } from "./setting-kinds.ts";

const url = z.url({ protocol: /^postgres(ql)?$/ });

// How far both are is asked once a second; where the primary's log stood is remembered for as long as the most.
const LAG_SECONDS = { min: 5, max: 3_600 };
const WAIT_SECONDS_MAX = 3_600;

export const databaseSettings = {
  DATABASE_URL: url.describe("Postgres that holds the directory"),
  DATABASE_READ_URL: url
    .optional()
    .describe("Streaming replica of that Postgres, for those pages and files of the console that may lag"),
  DATABASE_READ_MAX_LAG_SECONDS: count
    .min(LAG_SECONDS.min)
    .max(LAG_SECONDS.max)
    .default(30)
    .describe("Lag of the replica above which the primary is read instead, 5 to 3600 seconds"),
  DATABASE_WAIT_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(WAIT_SECONDS_MAX)
    .default(0)
    .describe(
      "How long a process that starts waits for a Postgres that cannot be reached, 0 to 3600 seconds",
    ),
  DATABASE_POOL_MAX: count
    .default(16)
    .describe("Connections to Postgres a process may open for its own work"),
  ROW_LEVEL_SECURITY: z
    .stringbool()
    .default(false)
    .describe(
      "Whether each statement tells Postgres which tenants it concerns, for policies that hold it to them",
    ),
} as const;
