/**
 * Requests turned away before anybody was known: a wrong token, an expired one, a wrong path. Gathered in memory and
 * written about once a second, one row per connection and reason, so that the console can say why Azure's test fails.
 * Tokens are held by their hash until then, and not stored at all.
 */
import type { IncomingHttpHeaders } from "node:http";
import { Beat } from "../platform/beat.ts";
import type { Logger } from "../platform/logger.ts";
import { CLIENT_SECRET_PREFIX, hashToken, PRODUCT_KEY_PREFIX, tokenHint } from "../platform/secrets.ts";
import { ScimError } from "../scim/index.ts";
import type { DatabasePool } from "../store/database.ts";
import {
  addKnocks,
  type Knock,
  type KnockReason,
  recogniseClients,
  recogniseTokens,
  type RecognisedToken,
} from "../store/knocks.ts";
import { bearerOf } from "./bearer.ts";

export interface KnockLogSettings {
  readonly db: DatabasePool;
  readonly logger: Logger;
  /** ROLLCALL_SECRET, under which tokens are hashed. */
  readonly secret: string;
  readonly now?: () => Date;
}

interface Seen {
  readonly reason:
    | "missing"
    | "malformed"
    | "unknown"
    | "product_key"
    | "client_secret"
    | "path"
    | "plain"
    | "address"
    | "client";
  /** Who asked at the token endpoint, as far as it said; null elsewhere. */
  readonly clientId: string | null;
  /** Null where no token came. */
  readonly token: { readonly hash: Buffer; readonly hint: string } | null;
  times: number;
  method: string;
  path: string;
  userAgent: string | null;
  address: string | null;
}

export interface Turned {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly address?: string | null;
}

const FLUSH_EVERY_MS = 1_000;
// Kinds of knocks held at once: whoever tries token after token fills no memory; the rest counts as one of them.
const KINDS_MAX = 200;
const PATH_CHARS_MAX = 200;
const USER_AGENT_CHARS_MAX = 120;
const CLIENT_ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

export class KnockLog {
  readonly #settings: KnockLogSettings;
  #seen = new Map<string, Seen>();
  readonly #beat = new Beat(() => this.#flush(), FLUSH_EVERY_MS);

  constructor(settings: KnockLogSettings) {
    this.#settings = settings;
  }

  start(): void {
    this.#beat.start();
  }

  stop(): Promise<void> {
    return this.#beat.stop();
  }

  /** Notes a request that ended in this error, if it is one of the door's. */
  note(error: unknown, request: Turned): void {
    if (!(error instanceof ScimError)) return;
    const bearer = bearerOf(request.headers.authorization);
    if (error.code === "unauthenticated") this.#add(reasonOf(bearer), bearer, request);
    else if (error.code === "plain-http") this.#add("plain", bearer, request);
    else if (error.code === "address-not-allowed") this.#add("address", bearer, request);
    // Whose path it is can only be said of a request with a token.
    else if (error.code === "endpoint-not-found" && "token" in bearer) this.#add("path", bearer, request);
  }

  /** Notes a request that was turned away at the token endpoint. */
  noteClient(reason: "client" | "address", clientId: string | undefined, request: Turned): void {
    const id = clientId !== undefined && CLIENT_ID.test(clientId) ? clientId : null;
    this.#count({ reason, token: null, clientId: id }, request);
  }

  #add(reason: Seen["reason"], bearer: ReturnType<typeof bearerOf>, request: Turned): void {
    const token = "token" in bearer ? this.#known(bearer.token) : null;
    this.#count({ reason, token, clientId: null }, request);
  }

  #count(kind: Pick<Seen, "reason" | "token" | "clientId">, request: Turned): void {
    const key = `${kind.reason} ${kind.clientId ?? kind.token?.hash.toString("base64") ?? ""}`;
    const known = this.#seen.get(key);
    if (known === undefined && this.#seen.size >= KINDS_MAX) return;
    const seen = known ?? { ...kind, times: 0, method: "", path: "", userAgent: null, address: null };
    seen.times += 1;
    seen.method = request.method;
    seen.path = printable(request.target.split("?", 1)[0] ?? "", PATH_CHARS_MAX);
    const userAgent = request.headers["user-agent"];
    seen.userAgent = userAgent === undefined ? null : printable(userAgent, USER_AGENT_CHARS_MAX);
    seen.address = request.address ?? null;
    this.#seen.set(key, seen);
  }

  #known(token: string): Seen["token"] {
    return { hash: hashToken(this.#settings.secret, token), hint: tokenHint(token) };
  }

  async #flush(): Promise<void> {
    const seen = [...this.#seen.values()];
    this.#seen = new Map();
    if (seen.length === 0) return;
    const { db, logger, now = () => new Date() } = this.#settings;
    try {
      const withToken = seen.filter((each) => each.token !== null);
      const recognised = await recogniseTokens(
        db,
        withToken.flatMap(({ token }) => (token === null ? [] : [token])),
      );
      const byToken = new Map(recognised.map((found) => [withToken[found.index], found]));
      const clients = await recogniseClients(
        db,
        seen.flatMap(({ clientId }) => clientId ?? []),
      );
      const knocks = seen.flatMap((each) =>
        each.clientId === null
          ? knockOf(each, byToken.get(each), now())
          : knockOfClient(each, clients.get(each.clientId)),
      );
      await db.transaction((tx) => addKnocks(tx, merged(knocks)));
    } catch (err) {
      logger.warn({ err, knocks: seen.length }, "requests turned away at the door are not recorded");
    }
  }
}

function reasonOf(bearer: ReturnType<typeof bearerOf>): Seen["reason"] {
  if (!("token" in bearer)) return bearer.failure;
  if (bearer.token.startsWith(CLIENT_SECRET_PREFIX)) return "client_secret";
  return bearer.token.startsWith(PRODUCT_KEY_PREFIX) ? "product_key" : "unknown";
}

/** Nothing where a token that opens knocked at a wrong door of somebody else's. */
function knockOf(seen: Seen, found: RecognisedToken | undefined, now: Date): readonly Knock[] {
  const { reason, times, method, path, userAgent, address } = seen;
  const isExact = found?.isExact === true;
  if (reason === "path" && !(isExact && isOpen(found))) return [];
  const whose = found && {
    tenantId: found.tenantId,
    connectionId: found.connectionId,
    tokenHint: found.hint,
  };
  return [
    {
      ...(whose ?? { tenantId: null, connectionId: null, tokenHint: null }),
      ...{ times, method, path, userAgent, address },
      reason: reason === "unknown" && found ? whyOf(found, now) : reason,
    },
  ];
}

/** @param tenantId - undefined where there is no such client */
function knockOfClient(seen: Seen, tenantId: string | undefined): readonly Knock[] {
  const { reason, clientId, times, method, path, userAgent, address } = seen;
  const whose =
    tenantId === undefined ? { tenantId: null, connectionId: null } : { tenantId, connectionId: clientId };
  return [{ ...whose, tokenHint: null, reason, times, method, path, userAgent, address }];
}

function isOpen({ isRevoked, isDisconnected, isExpired }: RecognisedToken): boolean {
  return !isRevoked && !isDisconnected && !isExpired;
}

function whyOf(found: RecognisedToken, now: Date): KnockReason {
  if (!found.isExact) return "altered";
  if (found.isDisconnected) return "disconnected";
  if (found.isRevoked) return "revoked";
  return found.expiresAt > now ? "clock" : "expired";
}

/** One of each connection and reason, as the table wants them. */
function merged(knocks: readonly Knock[]): readonly Knock[] {
  const each = new Map<string, Knock>();
  for (const knock of knocks) {
    const key = `${knock.connectionId} ${knock.reason}`;
    const times = knock.times + (each.get(key)?.times ?? 0);
    each.set(key, { ...knock, times });
  }
  return [...each.values()];
}

/** As Postgres can hold it and a page can show it. */
function printable(text: string, charsMax: number): string {
  return text.replace(/\p{Cc}+/gu, " ").slice(0, charsMax);
}
