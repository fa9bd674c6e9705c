/**
 * What a receiver of security event tokens wants to be shown: an Authorization header of its own, in the place of the
 * endpoint's secret. RFC 8935 section 2 leaves it to the two of them.
 */
import { createSeal, type Seal } from "../platform/seal.ts";
import type { Transaction } from "./database.ts";
import { type EndpointKey, hurry } from "./webhook-endpoints.ts";

const CHARS_MAX = 4_000;
// RFC 9110 section 11.4: a scheme, and what belongs to it; nothing that would end the header.
const VALUE = /^[\w!#$%&'*+.^`|~-]+ +[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** @returns what is wrong with a header's value, where something is */
export function wrongAuthorization(value: string): string | undefined {
  if (value.length > CHARS_MAX) return `it may have ${CHARS_MAX} characters at most`;
  return VALUE.test(value)
    ? undefined
    : 'it must be a scheme and what belongs to it, in printable ASCII, such as "Bearer 9f2c…"';
}

/**
 * What waits is sent with it at once. It is shown nowhere again.
 * @param wanted - `value`: null goes back to the endpoint's secret
 * @returns false for an endpoint that is sent no tokens, or where there is nothing to take away
 */
export async function setAuthorization(
  tx: Transaction,
  { tenantId, id }: EndpointKey,
  { value, secret }: { readonly value: string | null; readonly secret: string },
): Promise<boolean> {
  const sealed = value === null ? null : sealOf(secret).seal(value, id);
  const changed = await tx.query(
    `UPDATE webhook_endpoints SET receiver_auth = $3, retry_at = NULL
      WHERE tenant_id = $1 AND id = $2 AND format <> 'json' AND delivery = 'push'
        AND ($3::bytea IS NOT NULL OR receiver_auth IS NOT NULL)
      RETURNING id`,
    [tenantId, id, sealed],
  );
  if (changed.length > 0) await hurry(tx, { tenantId, id });
  return changed.length > 0;
}

/** @returns undefined where there is none, or where it does not open under this ROLLCALL_SECRET */
export function openAuthorization(
  sealed: Buffer | null,
  { id, secret }: { readonly id: string; readonly secret: string },
): string | undefined {
  return sealed === null ? undefined : sealOf(secret).open(sealed, id);
}

function sealOf(secret: string): Seal {
  return createSeal(secret, "receiver authorization");
}
