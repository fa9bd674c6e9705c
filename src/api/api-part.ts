/** The api as a part of a process: its server, the channel its outcomes come back on, and what it notes on a beat. */
import type { IncomingMessage } from "node:http";
import { newId } from "../platform/ids.ts";
import { clientOf } from "../platform/client-of.ts";
import { createHttpServer, type FrontSettings } from "../platform/http-server.ts";
import type { Part } from "../platform/lifecycle.ts";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Tracer } from "../platform/tracer.ts";
import type { WriteQueue } from "../queue/queues.ts";
import type { ReplyReceiver } from "../queue/replies.ts";
import type { LineLimits } from "../queue/lines.ts";
import { outcomeOfRow } from "../queue/outcome-of-row.ts";
import type { OwnWorker } from "../queue/own-worker.ts";
import { Submitter, type WriteKey } from "../queue/submit.ts";
import { acceptWrite, takeRepeatedAccepted } from "../store/accepted-writes.ts";
import type { DatabasePool } from "../store/database.ts";
import { findLedgerRows } from "../store/ledger.ts";
import { readRestoreEpoch } from "../store/restore-target.ts";
import type { TenantModels } from "../store/tenant-models.ts";
import { createNotifier } from "../store/notifier.ts";
import { Activity } from "./activity.ts";
import { Answers } from "./answers.ts";
import { AuthFailures } from "./auth-failures.ts";
import { ConnectionLimits } from "./connection-limits.ts";
import { createApi } from "./app.ts";
import { type BodyReading, BodyRoom } from "./body-room.ts";
import { createCursorSeal } from "./cursor.ts";
import { DoorLog } from "./door-log.ts";
import { createEventCursors } from "./product/event-cursor.ts";
import { HeadWatch } from "./product/head-watch.ts";
import { KnockLog } from "./knock-log.ts";
import { AccessTokens } from "./oauth/access-tokens.ts";
import { IssuerKeys } from "./oauth/issuer-keys.ts";
import { Principals } from "./principals.ts";
import { Receipts } from "./receipts.ts";
import { KeyUse } from "./product/key-use.ts";
import type { SubmitDeps } from "./submit-write.ts";

export interface ApiSettings {
  readonly db: DatabasePool;
  readonly queue: WriteQueue;
  /** Where the process is a worker too. */
  readonly ownWorker: OwnWorker | undefined;
  readonly replies: ReplyReceiver;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly models: TenantModels;
  readonly logger: Logger;
  readonly secret: string;
  readonly host: string;
  readonly front: FrontSettings;
  readonly port: number;
  /** PUBLIC_URL; without it, what the client's Host header says. */
  readonly publicUrl: string | undefined;
  readonly submitTimeoutMs: number;
  readonly lineLimits: LineLimits;
  /** ASYNC_PENDING_MAX. */
  readonly asyncPendingMax: number;
  readonly bodyBytesMax: number;
  /** AUTH_FAILURES_PER_MINUTE. */
  readonly authFailuresPerMinute: number;
  /** RATE_LIMIT_SHARES. */
  readonly rateLimitShares: number;
  /** OAUTH_TOKEN_SECONDS. */
  readonly oauthTokenSeconds: number;
  /** FEDERATION_PRIVATE_ALLOWED. */
  readonly isPrivateIssuerAllowed: boolean;
  readonly discoveryPublic: boolean;
  /** MEMBERS_MAX_RETURNED; undefined is all. */
  readonly membersMax: number | undefined;
  readonly cycleIdleSeconds: number;
  /** By which it is decided whether a cycle still runs: milliseconds since the epoch. */
  readonly now: () => number;
}

export interface ApiPart extends Part {
  /** Where the api listens, without a path. */
  url(): string;
  /** Brings the gauges of its lines up to date. */
  expose(): void;
}

export function apiPart(settings: ApiSettings): ApiPart {
  const { db, logger, queue, replies, metrics } = settings;
  const apiId = newId();
  const submitter = createSubmitter(settings);
  const answers = new Answers({ db, apiId, logger });
  const activity = new Activity(settings);
  const doorLog = new DoorLog(db, logger);
  const knockLog = new KnockLog({ db, logger, secret: settings.secret });
  const keyUse = new KeyUse(db, logger);
  const headWatch = new HeadWatch(db, logger);
  const { principals, ...door } = doorOf(settings);
  let restoreEpoch = "";
  const app = createApi({
    ...settings,
    findPrincipal: principals.find,
    ...door,
    bodies: bodiesOf(settings),
    ...{ activity, doorLog, knockLog, keyUse, headWatch },
    eventCursors: createEventCursors(settings.secret, () => restoreEpoch),
    submit: { ...submitOf(settings), submitter, answers, apiId },
    cursors: createCursorSeal(settings.secret),
    baseUrl: (request) => `${settings.publicUrl ?? originOf(request)}/scim/v2`,
    checks: { database: () => db.query("SELECT 1"), queue: () => queue.getJobCounts("waiting") },
    isLeaving: () => server.isLeaving(),
  });
  const server = createHttpServer({ ...settings, name: "api", handler: app });

  return {
    name: "api",
    url: () => server.url(),
    expose() {
      const { waiting, inFlight, tenantsWaiting } = submitter.state();
      metrics.lineWrites.set(waiting);
      metrics.lineTenants.set(tenantsWaiting);
      metrics.writesInFlight.set(inFlight);
    },
    async start() {
      // A database is restored while nothing runs on it.
      restoreEpoch = await readRestoreEpoch(db);
      await replies.listen(apiId, submitter.receive);
      await principals.start();
      for (const beating of [answers, activity, doorLog, knockLog, keyUse]) beating.start();
      await server.start();
    },
    leave: () => server.leave(),
    async stop() {
      // Those who wait for events are let go, and come again elsewhere.
      headWatch.close();
      // Requests in hand still wait for their outcomes, so the reply channel closes after the server.
      await server.stop();
      await submitter.close();
      for (const beating of [answers, activity, doorLog, knockLog, keyUse]) await beating.stop();
      await principals.stop();
      await replies.close();
    },
  };
}

function doorOf(settings: ApiSettings) {
  const { authFailuresPerMinute, rateLimitShares, secret, publicUrl, oauthTokenSeconds } = settings;
  const audience = publicUrl === undefined ? "urn:rollcall:scim" : `${publicUrl}/scim/v2`;
  const accessTokens = new AccessTokens({ secret, audience, ttlSeconds: oauthTokenSeconds });
  return {
    accessTokens,
    principals: createPrincipals(settings, accessTokens),
    issuerKeys: new IssuerKeys(settings.isPrivateIssuerAllowed),
    authFailures: new AuthFailures(authFailuresPerMinute),
    connectionLimits: new ConnectionLimits(rateLimitShares),
  };
}

function bodiesOf({ bodyBytesMax, lineLimits, metrics }: ApiSettings): BodyReading {
  const onTurnedAway = turnedAwayBy(metrics);
  return {
    bytesMax: bodyBytesMax,
    room: new BodyRoom(lineLimits.tenantBytesMax),
    onNoRoom: (tenantSlug) => onTurnedAway(tenantSlug, "line_full"),
  };
}

function turnedAwayBy(metrics: Metrics): SubmitDeps["onTurnedAway"] {
  return (tenantSlug, reason) => metrics.writesTurnedAway.inc({ tenant: metrics.tenant(tenantSlug), reason });
}

function createPrincipals({ db, secret, logger }: ApiSettings, accessTokens: AccessTokens): Principals {
  const onError = (err: unknown): void => logger.warn({ err }, "word of changed access is not heard");
  return new Principals({ db, secret, accessTokens, notifier: createNotifier(db, onError) });
}

function createSubmitter(settings: ApiSettings): Submitter {
  const { db, queue, ownWorker, metrics, logger } = settings;
  return new Submitter({
    queue,
    ownWorker,
    findOutcomes: async (writes: readonly WriteKey[]) => {
      const rows = await findLedgerRows(db.of(writes.map(({ tenantId }) => tenantId)), writes);
      return new Map(rows.map((row) => [row.writeId, outcomeOfRow(row)]));
    },
    onFallback: (count) => metrics.outcomeFallbacks.inc(count),
    onError: (err) => logger.warn({ err }, "a write's way to the queue or its outcome is disturbed"),
    onQueued: (seconds) => metrics.lineWait.observe(seconds),
    timeoutMs: settings.submitTimeoutMs,
    limits: settings.lineLimits,
  });
}

function submitOf(settings: ApiSettings): Omit<SubmitDeps, "submitter" | "answers" | "apiId"> {
  const { metrics, lineLimits } = settings;
  return {
    receipts: new Receipts(),
    onTurnedAway: turnedAwayBy(metrics),
    bulkWritesMax: lineLimits.tenantInFlightMax,
    accept: acceptOn(settings),
  };
}

function acceptOn({ db, asyncPendingMax }: ApiSettings): SubmitDeps["accept"] {
  return (command, requestKey) =>
    db.of([command.tenantId]).transaction(async (tx) => {
      const repeated = await takeRepeatedAccepted(tx, { ...command, requestKey });
      if (repeated !== undefined) return repeated;
      const isAccepted = await acceptWrite(tx, { ...command, command }, asyncPendingMax);
      return isAccepted ? command.writeId : undefined;
    });
}

function originOf(request: IncomingMessage): string {
  return `${clientOf(request).isSecure ? "https" : "http"}://${request.headers.host ?? "localhost"}`;
}
