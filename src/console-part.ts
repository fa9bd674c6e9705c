/** The console as a part of a process: its settings out of the configuration, and its server. */
import type { RequestListener } from "node:http";
import type { ApiPart } from "./api/api-part.ts";
import { createDashboard } from "./dashboard/app.ts";
import type { OidcSettings } from "./dashboard/oidc.ts";
import { type Config, ConfigError } from "./platform/config.ts";
import { createHttpServer, type FrontSettings, type HttpServer } from "./platform/http-server.ts";
import type { Logger } from "./platform/logger.ts";
import type { DeliveryQueue, WriteQueue } from "./queue/queues.ts";
import type { DatabasePool } from "./store/database.ts";
import type { LaggingReads } from "./store/lagging-reads.ts";
import { issuerOf } from "./store/security-events.ts";

export interface ConsoleStores {
  readonly config: Config;
  readonly front: FrontSettings;
  readonly logger: Logger;
  readonly db: DatabasePool;
  /** Where it reads what may lag. */
  readonly replica: { readonly reads: LaggingReads } | undefined;
  readonly queue: WriteQueue;
  readonly deliveries: DeliveryQueue;
}

/** @param api - where it runs in the same process, so that its address is known without PUBLIC_URL */
export function consolePart(
  { config, front, logger, db, replica, queue, deliveries }: ConsoleStores,
  api: Pick<ApiPart, "url"> | undefined,
): HttpServer {
  const handler: RequestListener = createDashboard({
    database: db,
    reads: replica?.reads,
    queues: [queue, deliveries],
    secret: config.ROLLCALL_SECRET,
    publicUrl: () => publicUrl(config, { front, api }),
    consoleUrl: () => withoutSlash(config.CONSOLE_URL) ?? server.url(),
    issuer: issuerOf(config.PUBLIC_URL),
    tokenTtlDays: config.TOKEN_TTL_DAYS,
    sessionIdleMinutes: config.SESSION_IDLE_MINUTES,
    webhookTargets: {
      isHttpAllowed: config.WEBHOOK_HTTP_ALLOWED,
      isPrivateAllowed: config.WEBHOOK_PRIVATE_ALLOWED,
    },
    hasMail: config.SMTP_HOST !== undefined,
    retention: config,
    secureCookies: config.CONSOLE_URL?.startsWith("https:") ?? front.tls.length > 0,
    oidc: oidcSettings(config),
    logger,
    isLeaving: () => server.isLeaving(),
    isDraining: () => server.isDraining(),
  });
  const server = createHttpServer({
    name: "dashboard",
    host: config.HOST,
    port: config.DASHBOARD_PORT,
    handler,
    logger,
    front,
  });
  return server;
}

function oidcSettings(config: Config): OidcSettings | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId } = config;
  if (issuer === undefined) return undefined;
  if (clientId === undefined) throw new ConfigError("OIDC_ISSUER is set without OIDC_CLIENT_ID");
  return {
    ...{ issuer, clientId },
    clientSecret: config.OIDC_CLIENT_SECRET,
    scope: config.OIDC_SCOPE,
    roleClaim: config.OIDC_ROLE_CLAIM,
    roles: config.OIDC_ROLES,
    defaultRole: config.OIDC_DEFAULT_ROLE,
    label: config.OIDC_LABEL,
  };
}

/** The SCIM endpoint's origin as identity providers are to be told it. */
function publicUrl(
  config: Config,
  { front, api }: { readonly front: FrontSettings; readonly api: Pick<ApiPart, "url"> | undefined },
): string {
  const scheme = front.tls.length > 0 ? "https" : "http";
  return withoutSlash(config.PUBLIC_URL) ?? api?.url() ?? `${scheme}://${config.HOST}:${config.API_PORT}`;
}

function withoutSlash(url: string | undefined): string | undefined {
  return url?.replace(/\/+$/, "");
}
