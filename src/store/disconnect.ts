/** Ending access: of one identity provider, or of everything that speaks for a tenant. */
import type { Transaction } from "./database.ts";
import { revokeTokens } from "./tenants.ts";

/** Its tokens are dead at the commit. @returns false when it was disconnected before, or is not the tenant's */
export async function disconnect(
  tx: Transaction,
  { tenantId, id }: { readonly tenantId: string; readonly id: string },
): Promise<boolean> {
  const ended = await tx.query(
    `UPDATE connections SET disconnected_at = now()
      WHERE tenant_id = $1 AND id = $2 AND disconnected_at IS NULL
  RETURNING id`,
    [tenantId, id],
  );
  await revokeTokens(tx, tenantId, id);
  return ended.length > 0;
}

/** Connections, tokens and product keys. */
export async function endAllAccess(tx: Transaction, tenantId: string): Promise<void> {
  const connections = await tx.query<{ id: string }>("SELECT id FROM connections WHERE tenant_id = $1", [
    tenantId,
  ]);
  for (const { id } of connections) await disconnect(tx, { tenantId, id });
  await tx.query("UPDATE product_keys SET revoked_at = now() WHERE tenant_id = $1 AND revoked_at IS NULL", [
    tenantId,
  ]);
}
