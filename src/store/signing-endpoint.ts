/** A webhook endpoint as whoever sends to it needs it: with what signs for it, and what its receiver wants to be shown. */
import type { Database } from "./database.ts";
import { openAuthorization } from "./endpoint-authorization.ts";
import { type Delivering, type EndpointKey, type PauseReason, sealOf } from "./webhook-endpoints.ts";

interface Sent extends EndpointKey, Delivering {
  readonly tenantSlug: string;
  readonly url: string;
  readonly payloadVersion: number;
  readonly pauseReason: PauseReason | null;
}

interface SealedEndpoint extends Sent {
  readonly secret: Buffer;
  readonly oldSecret: Buffer | null;
  readonly receiverAuth: Buffer | null;
}

/** An endpoint with the secrets that sign for it now, the newest first. */
export interface SigningEndpoint extends Sent {
  readonly secrets: readonly string[];
  /** The Authorization header that a receiver of tokens has asked for in the place of the secret. */
  readonly authorization: string | undefined;
}

const FIND = `
  SELECT e.tenant_id AS "tenantId", t.slug AS "tenantSlug", e.id, e.url, e.payload_version AS "payloadVersion",
         e.format, e.delivery, e.audience, e.pause_reason AS "pauseReason", e.secret,
         CASE WHEN e.old_secret_until > now() THEN e.old_secret END AS "oldSecret", e.receiver_auth AS "receiverAuth"
    FROM webhook_endpoints e
    JOIN tenants t ON t.id = e.tenant_id
   WHERE e.tenant_id = $1 AND e.id = $2`;

/** @returns undefined when there is none; its secrets do not open under another ROLLCALL_SECRET */
export async function findSigningEndpoint(
  db: Database,
  { tenantId, id }: EndpointKey,
  rollcallSecret: string,
): Promise<SigningEndpoint | undefined> {
  const statement = { name: "find-signing-endpoint", text: FIND };
  const [row] = await db.query<SealedEndpoint>(statement, [tenantId, id]);
  if (row === undefined) return undefined;
  const { secret, oldSecret, receiverAuth, ...endpoint } = row;
  const seal = sealOf(rollcallSecret);
  const sealed = oldSecret === null ? [secret] : [secret, oldSecret];
  return {
    ...endpoint,
    secrets: sealed.flatMap((bytes) => seal.open(bytes, id) ?? []),
    authorization: openAuthorization(receiverAuth, { id, secret: rollcallSecret }),
  };
}
