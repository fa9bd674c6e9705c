/**
 * Requests that were turned away at the door: whose door was meant, as far as that can be known, and what was wrong.
 * A row per connection and reason, counted, so that nobody fills the table by knocking.
 */
import type { Database, Transaction } from "./database.ts";

/**
 * `altered`: begins like a token of ours and is none; `path`: a right token, at an address that is no endpoint; `clock`:
 * expired by Postgres's clock and not yet by the api's; `plain`: over plain HTTP, where that is not taken;
 * `address`: a right token, from an address that the connection does not allow; `client`: who asked for an access token did
 * not show that it is the client.
 */
export type KnockReason =
  | "missing"
  | "malformed"
  | "unknown"
  | "altered"
  | "product_key"
  | "client_secret"
  | "expired"
  | "revoked"
  | "disconnected"
  | "clock"
  | "path"
  | "plain"
  | "address"
  | "client";

export interface Knock {
  readonly reason: KnockReason;
  readonly times: number;
  /** Null where nobody knows. */
  readonly tenantId: string | null;
  readonly connectionId: string | null;
  readonly tokenHint: string | null;
  readonly method: string;
  readonly path: string;
  readonly userAgent: string | null;
  /** From where it came; null where the connection was gone already. */
  readonly address: string | null;
}

const ADD = `
  INSERT INTO knocks AS k (tenant_id, connection_id, reason, times, token_hint, method, path, user_agent, address)
  SELECT n."tenantId", n."connectionId", n.reason, n.times, n."tokenHint", n.method, n.path, n."userAgent",
         n.address
    FROM json_to_recordset($1::json)
      AS n ("tenantId" uuid, "connectionId" uuid, reason text, times bigint, "tokenHint" text, method text, path text,
            "userAgent" text, address text)
   ORDER BY n."connectionId", n.reason
      ON CONFLICT (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'),
                   coalesce(connection_id, '00000000-0000-0000-0000-000000000000'), reason)
      DO UPDATE SET times = k.times + excluded.times, last_at = now(), token_hint = excluded.token_hint,
                    method = excluded.method, path = excluded.path, user_agent = excluded.user_agent,
                    address = excluded.address`;

/** @param knocks - at most one of each connection and reason */
export async function addKnocks(tx: Transaction, knocks: readonly Knock[]): Promise<void> {
  if (knocks.length === 0) return;
  await tx.query({ name: "add-knocks", text: ADD }, [JSON.stringify(knocks)]);
}

export interface KnownKnock extends Omit<Knock, "tenantId" | "connectionId"> {
  readonly firstAt: Date;
  readonly lastAt: Date;
}

const COLUMNS = `
  reason, times::float8 AS times, token_hint AS "tokenHint", method, path, user_agent AS "userAgent", address,
  first_at AS "firstAt", last_at AS "lastAt"`;

/** What was turned away at one connection's door, the latest first. */
export async function listKnocks(
  db: Database,
  { tenantId, connectionId }: { readonly tenantId: string; readonly connectionId: string },
): Promise<readonly KnownKnock[]> {
  return db.query<KnownKnock>(
    `SELECT ${COLUMNS} FROM knocks
      WHERE tenant_id = $1 AND connection_id = $2
      ORDER BY last_at DESC, reason LIMIT 20`,
    [tenantId, connectionId],
  );
}

/** What was turned away, and nobody knows at whose door, the latest first. */
export async function listStrangeKnocks(db: Database): Promise<readonly KnownKnock[]> {
  return db.query<KnownKnock>(
    `SELECT ${COLUMNS} FROM knocks WHERE tenant_id IS NULL ORDER BY last_at DESC, reason LIMIT 20`,
  );
}

export interface SeenToken {
  readonly hash: Buffer;
  readonly hint: string;
}

export interface RecognisedToken {
  /** Place in the list that was asked about. */
  readonly index: number;
  readonly tenantId: string;
  readonly connectionId: string;
  readonly hint: string;
  /** False where it only begins alike. */
  readonly isExact: boolean;
  readonly isRevoked: boolean;
  readonly isDisconnected: boolean;
  readonly expiresAt: Date;
  /** By Postgres's clock, which decides. */
  readonly isExpired: boolean;
}

// The hint of a token is its first characters; two connections' tokens may begin alike, and then the newest is meant.
const RECOGNISE = `
  SELECT DISTINCT ON (s.index)
         (s.index - 1)::int AS index, k.tenant_id AS "tenantId", k.connection_id AS "connectionId", k.hint,
         k.token_hash = s.hash AS "isExact", k.revoked_at IS NOT NULL AS "isRevoked",
         c.disconnected_at IS NOT NULL AS "isDisconnected", k.expires_at AS "expiresAt",
         k.expires_at <= now() AS "isExpired"
    FROM unnest($1::bytea[], $2::text[]) WITH ORDINALITY AS s (hash, hint, index)
    JOIN tokens k ON k.token_hash = s.hash OR k.hint = s.hint
    JOIN connections c ON c.tenant_id = k.tenant_id AND c.id = k.connection_id
   ORDER BY s.index, k.token_hash = s.hash DESC, k.created_at DESC, k.id DESC`;

/** Whose tokens these are or were, or resemble; the unknown ones are absent. */
export async function recogniseTokens(
  db: Database,
  tokens: readonly SeenToken[],
): Promise<readonly RecognisedToken[]> {
  if (tokens.length === 0) return [];
  return db.query<RecognisedToken>({ name: "recognise-tokens", text: RECOGNISE }, [
    tokens.map(({ hash }) => hash),
    tokens.map(({ hint }) => hint),
  ]);
}

/** @returns whose connections these clients are, by the client's id; the unknown ones are absent */
export async function recogniseClients(
  db: Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query<{ id: string; tenantId: string }>(
    `SELECT id, tenant_id AS "tenantId" FROM connections WHERE id = ANY ($1::uuid[])`,
    [ids],
  );
  return new Map(rows.map(({ id, tenantId }) => [id, tenantId]));
}
