/** Who is told of a connection's cycles that ended with failures: an address that is posted to, and people by e-mail. */
import { z } from "zod";
import { createSeal, type Seal } from "../platform/seal.ts";
import { createWebhookSecret } from "../platform/webhook-signature.ts";
import type { ConnectionKey } from "./cycles.ts";
import type { Database, Transaction } from "./database.ts";

export const DIGEST_CHANNELS = ["webhook", "email"] as const;
export type DigestChannel = (typeof DIGEST_CHANNELS)[number];

export interface DigestSettings {
  readonly url: string | null;
  readonly emails: readonly string[];
}

export const EMAILS_MAX = 10;

/**
 * Addresses as a person writes them, with commas, semicolons or spaces between them, each once.
 * @throws {RangeError} saying which is none, or that there are too many
 */
export function readEmails(text: string): readonly string[] {
  const emails = [...new Set(text.split(/[\s,;]+/).filter((part) => part !== ""))];
  if (emails.length > EMAILS_MAX)
    throw new RangeError(`There may be ${EMAILS_MAX} e-mail addresses at most.`);
  const wrong = emails.find((email) => !z.email().safeParse(email).success);
  if (wrong !== undefined) throw new RangeError(`“${wrong}” is no e-mail address.`);
  return emails;
}

/** In words, without the addresses: they are people's. */
export function describeDigest({ url, emails }: DigestSettings): string {
  const told = [
    ...(url === null ? [] : ["by webhook"]),
    ...(emails.length === 0
      ? []
      : [`by e-mail to ${emails.length === 1 ? "one address" : `${emails.length} addresses`}`]),
  ];
  return told.length === 0 ? "Nobody is told" : `Told ${told.join(" and ")}`;
}

export const NOBODY: DigestSettings = { url: null, emails: [] };

export async function findDigestSettings(db: Database, key: ConnectionKey): Promise<DigestSettings> {
  const rows = await db.query<DigestSettings>(
    `SELECT url, emails FROM failure_digests WHERE tenant_id = $1 AND connection_id = $2`,
    [key.tenantId, key.connectionId],
  );
  return rows[0] ?? NOBODY;
}

/** @returns the secret that signs what is posted; undefined where nothing is, or it opens under another ROLLCALL_SECRET */
export async function findDigestSecret(
  db: Database,
  { tenantId, connectionId }: ConnectionKey,
  secret: string,
): Promise<string | undefined> {
  const rows = await db.query<{ secret: Buffer | null }>(
    `SELECT secret FROM failure_digests WHERE tenant_id = $1 AND connection_id = $2`,
    [tenantId, connectionId],
  );
  const sealed = rows[0]?.secret;
  return sealed ? sealOf(secret).open(sealed, connectionId) : undefined;
}

export interface DigestChange {
  readonly settings: DigestSettings;
  /** Another secret, although the address stays. */
  readonly renewsSecret: boolean;
  /** ROLLCALL_SECRET. */
  readonly secret: string;
}

/**
 * Sets who is told from now on; what still waits for somebody who is no longer told is dropped.
 * @returns the new secret, where there is one: another address gets another
 */
export async function setDigest(
  tx: Transaction,
  { tenantId, connectionId }: ConnectionKey,
  { settings: { url, emails }, renewsSecret, secret }: DigestChange,
): Promise<string | undefined> {
  const values = [tenantId, connectionId];
  await tx.query(
    `DELETE FROM digest_deliveries
      WHERE tenant_id = $1 AND connection_id = $2 AND state = 'pending'
        AND ((channel = 'webhook' AND $3::text IS NULL) OR (channel = 'email' AND cardinality($4::text[]) = 0))`,
    [...values, url, emails],
  );
  if (url === null && emails.length === 0) {
    await tx.query("DELETE FROM failure_digests WHERE tenant_id = $1 AND connection_id = $2", values);
    return undefined;
  }
  const [before] = await tx.query<{ url: string | null }>(
    `SELECT url FROM failure_digests WHERE tenant_id = $1 AND connection_id = $2 FOR UPDATE`,
    values,
  );
  const isNew = url !== null && (renewsSecret || before?.url !== url);
  const created = isNew ? createWebhookSecret() : undefined;
  const sealed = created === undefined ? null : sealOf(secret).seal(created, connectionId);
  await tx.query(UPSERT, [...values, url, sealed, emails]);
  return created;
}

// The secret stays where no new one was made and there is still an address.
const UPSERT = `
  INSERT INTO failure_digests (tenant_id, connection_id, url, secret, emails)
  VALUES ($1, $2, $3,
          CASE WHEN $3::text IS NOT NULL
               THEN coalesce($4::bytea, (SELECT secret FROM failure_digests WHERE tenant_id = $1 AND connection_id = $2))
          END, $5)
      ON CONFLICT (tenant_id, connection_id) DO UPDATE
     SET url = excluded.url, secret = excluded.secret, emails = excluded.emails`;

function sealOf(secret: string): Seal {
  return createSeal(secret, "digest secret");
}
