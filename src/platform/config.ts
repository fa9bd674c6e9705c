/**
 * Every setting of every role: its name with unit, its default where one is safe, its description (which is its
 * documentation). Read once at the entry point; everything else receives plain values.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { databaseSettings } from "./database-settings.ts";
import { doorSettings } from "./door-settings.ts";
import { readRedisAddress } from "./redis-address.ts";
import { count } from "./setting-kinds.ts";

const port = z.coerce.number().int().min(0).max(65_535);
const seconds = z.coerce.number().int().positive();
const milliseconds = z.coerce.number().int().positive();

/** Such as 5,300,1800; parts of a second are for tests. */
const secondsList = z
  .string()
  .transform((text) => text.split(",").map(Number))
  .pipe(
    z
      .array(
        z
          .number()
          .positive()
          .max(30 * 86_400),
      )
      .min(2),
  );

export const ROLES = ["api", "worker", "dashboard"] as const;
export type Role = (typeof ROLES)[number];

/** A server, a cluster or sentinels. */
const redisUrl = z.string().superRefine((url, context) => {
  try {
    readRedisAddress(url);
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
  }
});

const roles = z
  .string()
  .transform((text) => text.split(",").map((role) => role.trim()))
  .pipe(z.array(z.enum(ROLES)).min(1))
  .transform((list) => new Set<Role>(list));

const accountRole = z.enum(["viewer", "admin", "owner"]);

/** Such as `Rollcall.Owner=owner,Rollcall.Admin=admin`. */
const accountRoles = z
  .string()
  .transform((text) => text.split(",").filter((pair) => pair.trim() !== ""))
  .transform((pairs) => pairs.map((pair) => pair.split(/=(?=[^=]*$)/).map((side) => side.trim())))
  .pipe(z.array(z.tuple([z.string().min(1), accountRole])))
  .transform((pairs) => new Map(pairs));

/** Shared by all roles; the ones that only one role reads say so in their description. */
export const Config = z.object({
  ROLES: roles.prefault("api,worker,dashboard").describe("Which roles this process runs, comma separated"),
  ...databaseSettings,
  REDIS_URL: redisUrl
    .optional()
    .describe("Redis or Valkey that holds the queue; without it the queue lives in Postgres"),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[a-z0-9_]{1,40}$/)
    .default("rollcall")
    .describe("Prefix of the queue's keys in Redis, and its schema in Postgres"),
  ROLLCALL_SECRET: z
    .string()
    .min(32)
    .describe("Key under which bearer tokens and sessions are hashed; at least 32 characters"),
  ROLLCALL_OWNER_PASSWORD: z
    .string()
    .min(12)
    .optional()
    .describe("Password of the first console account, instead of a printed one-time password"),
  HOST: z.string().min(1).default("127.0.0.1").describe("Address the three ports listen on"),
  API_PORT: port.default(8080).describe("Port of the SCIM endpoint; 0 takes any free one"),
  DASHBOARD_PORT: port.default(8081).describe("Port of the console; 0 takes any free one"),
  METRICS_PORT: port.default(9464).describe("Port of /metrics; 0 takes any free one"),
  PUBLIC_URL: z
    .url()
    .optional()
    .describe("Address under which identity providers reach the api, such as https://scim.example.com"),
  CONSOLE_URL: z
    .url()
    .optional()
    .describe("Address under which people reach the console; https makes its cookies Secure"),
  SESSION_IDLE_MINUTES: count
    .min(5)
    .max(720)
    .default(60)
    .describe(
      "Minutes after which a console session that nobody uses ends, 5 to 720; after 12 hours each does",
    ),
  ...doorSettings,
  LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
    .default("info")
    .describe("Least level that is logged"),
  SUBMIT_TIMEOUT_MS: milliseconds
    .default(20_000)
    .describe("How long a request waits for its write to commit"),
  WRITES_IN_FLIGHT_MAX: count
    .default(256)
    .describe("Writes an api process has on the queue at once; more wait in their tenant's line"),
  TENANT_WRITES_IN_FLIGHT_MAX: count
    .default(128)
    .describe("Of these, writes of one tenant; what others wait behind, so about BATCH_MAX"),
  TENANT_LINE_MAX: count
    .default(2_000)
    .describe("Writes of one tenant that may wait in its line; more are answered 429 with Retry-After"),
  TENANT_LINE_BYTES_MAX: count
    .default(67_108_864)
    .describe("Bytes of the requests of one tenant that are held at once; more are answered 429"),
  ASYNC_PENDING_MAX: count
    .default(10_000)
    .describe("Writes of one tenant that are answered 202 and not applied yet; more are answered 429"),
  BODY_BYTES_MAX: count.default(16_777_216).describe("Largest request body the api reads, in bytes"),
  DISCOVERY_PUBLIC: z
    .stringbool()
    .default(false)
    .describe("Whether ServiceProviderConfig, ResourceTypes and Schemas are answered without a token"),
  MEMBERS_MAX_RETURNED: count
    .optional()
    .describe("Members that an answer shows of one group at most; unset shows all of them"),
  WORKER_CONCURRENCY: count.default(256).describe("Jobs a worker holds at once; they share transactions"),
  BATCH_MAX: count.default(128).describe("Writes applied in one transaction at most"),
  CYCLE_IDLE_SECONDS: seconds.default(300).describe("Quiet time after which a connection's cycle is over"),
  WRITE_RETENTION_DAYS: count
    .default(90)
    .describe("Days for which the ledger and the histories of people are kept, by whole weeks"),
  CYCLE_RETENTION_DAYS: count
    .default(400)
    .describe("Days for which cycles are kept, with their counts and durations"),
  FAILURE_RETENTION_DAYS: count
    .default(400)
    .describe("Days for which failed jobs are kept, whatever became of them"),
  AUDIT_RETENTION_DAYS: count
    .default(730)
    .describe("Days for which the audit of the console and the command line is kept"),
  EVENT_RETENTION_DAYS: count
    .default(30)
    .describe("Days for which events are kept for the feed and for redelivery"),
  WEBHOOK_CONCURRENCY: count
    .default(64)
    .describe("Webhook deliveries a worker has under way at once; 8 of one endpoint"),
  WEBHOOK_TIMEOUT_MS: milliseconds
    .max(10_000)
    .default(10_000)
    .describe("How long a webhook's receiver may take to answer, at most 10 seconds"),
  WEBHOOK_RETRY_SECONDS: secondsList
    .prefault("5,300,1800,7200,18000,36000,50400,72000,86400")
    .describe("Pauses after a webhook delivery's failed attempts, in seconds; about three days in all"),
  WEBHOOK_PAUSE_SECONDS: seconds
    .default(86_400)
    .describe("Seconds of nothing but failures after which a webhook endpoint is paused"),
  WEBHOOK_PROBE_SECONDS: seconds
    .default(3_600)
    .describe("Seconds after which a webhook endpoint that was paused for failing is tried again"),
  WEBHOOK_HTTP_ALLOWED: z
    .stringbool()
    .default(false)
    .describe("Whether webhooks may go to http:// addresses, which anybody in between can read"),
  WEBHOOK_PRIVATE_ALLOWED: z
    .stringbool()
    .default(false)
    .describe("Whether webhooks may go to loopback and private addresses"),
  SMTP_HOST: z
    .string()
    .min(1)
    .optional()
    .describe("Mail server for the digests of failed cycles; unset sends none by e-mail"),
  SMTP_PORT: port.default(587).describe("Port of the mail server"),
  SMTP_TLS: z
    .enum(["starttls", "tls", "none"])
    .default("starttls")
    .describe("Whether mail is encrypted after a greeting, from the first byte (port 465), or not at all"),
  SMTP_USER: z.string().min(1).optional().describe("Login at the mail server; unset asks without one"),
  SMTP_PASSWORD: z.string().min(1).optional().describe("Password at the mail server"),
  SMTP_FROM: z
    .string()
    .regex(/^[^\r\n]*@[^\r\n]+$/)
    .optional()
    .describe("Sender of the mail, such as Rollcall <rollcall@example.com>; needed with SMTP_HOST"),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Where traces are sent by OTLP over HTTP, such as http://collector:4318; unset traces nothing"),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe(
      "Part of the traces that begin here, 0 to 1; one that the caller began goes as the caller says",
    ),
  OIDC_ISSUER: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      "OpenID provider by which people sign in to the console, beside its own accounts; needs OIDC_CLIENT_ID",
    ),
  OIDC_CLIENT_ID: z.string().min(1).optional().describe("The console's client id at the OpenID provider"),
  OIDC_CLIENT_SECRET: z
    .string()
    .min(1)
    .optional()
    .describe("The console's client secret there; without one it is a public client, which PKCE protects"),
  OIDC_SCOPE: z.string().min(1).default("openid profile email").describe("Scopes that are asked for"),
  OIDC_ROLE_CLAIM: z
    .string()
    .min(1)
    .default("roles")
    .describe("Claim that decides the role, such as roles or groups"),
  OIDC_ROLES: accountRoles
    .prefault("")
    .describe(
      "Values of that claim and the role that each gives, such as Rollcall.Owner=owner,Rollcall.Admin=admin",
    ),
  OIDC_DEFAULT_ROLE: accountRole
    .optional()
    .describe("Role of whoever has none of these values; unset keeps them out"),
  OIDC_LABEL: z
    .string()
    .min(1)
    .default("your organisation")
    .describe("What the button of the sign-in page is called after"),
  TOKEN_TTL_DAYS: count.default(365).describe("Days after which a new bearer token expires"),
  METRICS_TENANTS_MAX: count.default(200).describe("Tenants with a label of their own in /metrics"),
});
export type Config = z.infer<typeof Config>;

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** @throws {ConfigError} naming every variable that is missing or malformed, in one message */
export function parseConfig(env: Environment): Config {
  const result = Config.safeParse(readEnvironment(env));
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new ConfigError(`Invalid environment:\n${lines.join("\n")}`);
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What is set, wherever it stands: values that come as files are read, empty ones count as not set.
 * @throws {ConfigError} when a file cannot be read
 */
export function readEnvironment(env: Environment): Environment {
  return withoutEmpty(withFiles(env));
}

/** A secret may come as a file: `ROLLCALL_SECRET_FILE` holds the path of what `ROLLCALL_SECRET` would say. */
function withFiles(env: Environment): Record<string, string | undefined> {
  const merged = { ...env };
  for (const name of [
    "DATABASE_URL",
    "DATABASE_READ_URL",
    "REDIS_URL",
    "ROLLCALL_SECRET",
    "ROLLCALL_OWNER_PASSWORD",
    "OIDC_CLIENT_SECRET",
    "SMTP_PASSWORD",
  ]) {
    const path = env[`${name}_FILE`];
    if (path !== undefined && path !== "") merged[name] = readSecretFile(`${name}_FILE`, path);
  }
  return merged;
}

function readSecretFile(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw new ConfigError(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `API_PORT=` in an env file means "not set", not "empty string". */
function withoutEmpty(env: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
}
