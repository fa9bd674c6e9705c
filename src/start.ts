/**
 * What every role does. Where no stores are given it brings up its own; then it migrates, starts the parts
 * of its roles, says where they listen, and stays until SIGTERM or SIGINT, which drain and stop all it started; a second
 * one ends it at once.
 */
import { resolve } from "node:path";
import { startDemo } from "./demo.ts";
import { ensureOwner } from "./dashboard/owner.ts";
import { openSelfSigned } from "./embedded/self-signed.ts";
import { startStores, writeState } from "./embedded/stores.ts";
import {
  type Config,
  ConfigError,
  type Environment,
  parseConfig,
  readEnvironment,
  ROLES,
} from "./platform/config.ts";
import { createLogger } from "./platform/logger.ts";
import { endAtOnce, type StopSignal } from "./platform/signals.ts";
import { packageVersion } from "./platform/version.ts";
import { prepareStores, reachPostgres } from "./prepare.ts";
import { createService, type Service } from "./service.ts";
import { waitForPostgres } from "./wait-for-postgres.ts";

type Stop = () => Promise<number>;

const USAGE = `Usage: bin/start [--demo] [--tls-self-signed], or of the package: rollcall start …

Starts Rollcall: the SCIM endpoint, the worker and the console, with stores of its own unless DATABASE_URL and
REDIS_URL are set. --demo adds a tenant "demo" that a simulated Azure AD provisions.
--tls-self-signed serves HTTPS under a certificate of its own making, for trying out; Azure does not accept it.
Settings are environment variables; docs/configuration.md lists them.`;

// The simulator's beat is forty seconds: its cycles end well before the next one begins.
const DEMO_SETTINGS: Environment = { CYCLE_IDLE_SECONDS: "10" };

// npm hands on a Ctrl-C that the terminal has given to the whole group already.
const SAME_WORD_MS = 250;

const env = environment();
// What was started so far, newest last; each stops what it names and says whether it ended well.
const stops: Stop[] = [];
let stopping: Promise<never> | undefined;
let askedAt: number | undefined;

const args = new Set(process.argv.slice(2));

export async function run(): Promise<void> {
  const unknown = [...args].find((arg) => arg !== "--demo" && arg !== "--tls-self-signed");
  if (unknown !== undefined) {
    print(USAGE);
    process.exit(unknown === "--help" || unknown === "-h" ? 0 : 2);
  }
  try {
    await start(args.has("--demo"));
  } catch (error) {
    if (stopping === undefined) print(explain(error));
    await (stopping ??= stopAll(1));
  }
}

async function start(isDemo: boolean): Promise<void> {
  const tls = args.has("--tls-self-signed") ? await selfSigned() : {};
  const config = await openStores({ ...(isDemo ? DEMO_SETTINGS : {}), ...tls });
  const logger = createLogger({ service: [...config.ROLES].join("+"), level: config.LOG_LEVEL });
  const waitMs = config.DATABASE_WAIT_SECONDS * 1_000;
  if (waitMs > 0) await waitForPostgres(() => reachPostgres(config), { waitMs, logger });
  await prepareStores(config);
  const service = createService(config, logger, packageVersion());
  await service.start();
  stops.push(() => service.stop().then(() => 0));
  const { api, dashboard, metrics } = service.addresses();
  writeState(dataDir(), { apiUrl: config.PUBLIC_URL ?? api });
  if (api !== undefined) print(`SCIM      ${config.PUBLIC_URL ?? api}/scim/v2`);
  if (dashboard !== undefined) print(`Console   ${config.CONSOLE_URL ?? dashboard}`);
  print(`Metrics   ${metrics}/metrics`);
  if (dashboard !== undefined) await printOwner(config, service);
  print("Rollcall is ready");
  if (isDemo) await provisionDemo(config, service);
}

async function provisionDemo(config: Config, service: Service): Promise<void> {
  const { ROLLCALL_SECRET: secret, TOKEN_TTL_DAYS: tokenTtlDays } = config;
  const { db } = service;
  const { api: apiUrl } = service.addresses();
  if (apiUrl === undefined) throw new Error("--demo needs the api role in this process");
  // A certificate of our own making is one that the simulator beside us must be told to trust.
  const NODE_EXTRA_CA_CERTS = config.TLS_CERT_FILE?.[0] ?? env["NODE_EXTRA_CA_CERTS"];
  const demo = await startDemo({ db, secret, tokenTtlDays, apiUrl, env: { ...env, NODE_EXTRA_CA_CERTS } });
  stops.push(() => demo.stop());
}

async function openStores(defaults: Environment): Promise<Config> {
  assertKnowsStores();
  const stores = await startStores({
    dataDir: dataDir(),
    databaseUrl: env["DATABASE_URL"],
    redisUrl: env["REDIS_URL"],
    queue: env["ROLLCALL_EMBEDDED_QUEUE"],
    secret: env["ROLLCALL_SECRET"],
    logger: createLogger({ service: "stores", level: env["LOG_LEVEL"] ?? "info" }),
  });
  stops.push(() => stores.stop().then(() => 0));
  const { databaseUrl: DATABASE_URL, redisUrl: REDIS_URL, secret: ROLLCALL_SECRET } = stores;
  return parseConfig({ ...defaults, ...env, DATABASE_URL, REDIS_URL, ROLLCALL_SECRET });
}

/** @returns settings that name the certificate, which is made where there is none */
async function selfSigned(): Promise<Environment> {
  if (env["TLS_CERT_FILE"] !== undefined)
    throw new ConfigError(
      "--tls-self-signed makes a certificate, and TLS_CERT_FILE names one: choose either",
    );
  const urls = [env["PUBLIC_URL"], env["CONSOLE_URL"]].filter(
    (url) => url !== undefined && URL.canParse(url),
  );
  const hosts = urls.map((url) => new URL(url ?? "").hostname.replace(/^\[|\]$/g, ""));
  const { certFile, keyFile, fingerprint } = await openSelfSigned(dataDir(), hosts);
  print(`TLS       self-signed, ${certFile}, SHA-256 ${fingerprint}`);
  return { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile };
}

/** Roles in processes of their own share their stores, so each must be told where they are. */
function assertKnowsStores(): void {
  const roles = env["ROLES"]?.split(",") ?? ROLES;
  if (roles.length === ROLES.length || env["DATABASE_URL"] !== undefined) return;
  throw new ConfigError(
    `ROLES=${roles.join(",")} runs some of the roles only: set DATABASE_URL (and REDIS_URL, and the same ROLLCALL_SECRET everywhere) so that it finds the others`,
  );
}

async function printOwner(config: Config, { db }: Service): Promise<void> {
  const owner = await ensureOwner(db, { password: config.ROLLCALL_OWNER_PASSWORD });
  if (!owner.created) return;
  const isGiven = config.ROLLCALL_OWNER_PASSWORD !== undefined;
  print(
    `Sign in   ${owner.login} with ${isGiven ? "ROLLCALL_OWNER_PASSWORD" : `the password ${owner.password}`}`,
  );
}

/** SIGTERM or SIGINT has come. */
export function end(signal: StopSignal): void {
  const now = Date.now();
  askedAt ??= now;
  if (now - askedAt > SAME_WORD_MS) endAtOnce(signal);
  stopping ??= stopAll(0);
}

async function stopAll(code: number): Promise<never> {
  let worst = code;
  for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
    worst = Math.max(
      worst,
      await stop().catch((error: unknown) => {
        print(explain(error));
        return 1;
      }),
    );
  }
  process.exit(worst);
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (!(error instanceof Error)) return `Rollcall did not start: ${String(error)}`;
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `Rollcall did not start: ${error.message}${cause}`;
}

function environment(): Environment {
  try {
    return readEnvironment(process.env);
  } catch (error) {
    print(explain(error));
    process.exit(1);
  }
}

function dataDir(): string {
  return resolve(env["ROLLCALL_DATA_DIR"] ?? ".rollcall");
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
