/** Who changed what in the console. A row is written in the transaction of the change; it never holds a secret. */
import type { Database, Transaction } from "./database.ts";

/** Names are data: they never follow a rename of code. */
export type AuditAction =
  | "account.created"
  | "account.locked"
  | "account.role_changed"
  | "account.disabled"
  | "account.enabled"
  | "account.link_created"
  | "account.password_set"
  | "session.created"
  | "session.ended"
  | "tenant.created"
  | "tenant.erased"
  | "person.erased"
  | "database.restored"
  | "connection.disconnected"
  | "schema.set"
  | "connection.created"
  | "connection.dialect_changed"
  | "connection.limits_changed"
  | "token.issued"
  | "token.rotated"
  | "token.revoked"
  | "client_secret.issued"
  | "federation.set"
  | "federation.removed"
  | "client_keys.set"
  | "client_keys.removed"
  | "failure.retried"
  | "failure.dismissed"
  | "failure.reopened"
  | "failure.noted"
  | "failure.assigned"
  | "product_key.created"
  | "product_key.rotated"
  | "product_key.revoked"
  | "login_gate.changed"
  | "login_exemption.added"
  | "login_exemption.removed"
  | "existing_users.imported"
  | "existing_users.forgotten"
  | "reconciliation.completed"
  | "reconciliation.deleted"
  | "role_mapping.added"
  | "role_mapping.removed"
  | "role_mapping.replaced"
  | "digest.set"
  | "guard.set"
  | "guard.removed"
  | "guard.released"
  | "guard.rejected"
  | "guard.lifted"
  | "webhook.created"
  | "webhook.deleted"
  | "webhook.paused"
  | "webhook.resumed"
  | "webhook.secret_rotated"
  | "webhook.redelivered"
  | "webhook.version_changed"
  | "webhook.authorization_set"
  | "webhook.authorization_removed"
  | "signing_key.rotated"
  | "signing_key.revoked";

export interface AuditEntry {
  /** Null for what belongs to the installation, such as an account. */
  readonly tenantId: string | null;
  /** Login of the account, or the part of the product that acted by itself. */
  readonly actor: string;
  readonly action: AuditAction;
  /** What it was done to, in words an admin knows: a login, a slug, a token's hint. */
  readonly subject: string;
}

export async function recordAudit(tx: Transaction, entries: readonly AuditEntry[]): Promise<void> {
  await tx.query(
    `INSERT INTO audit (tenant_id, actor, action, subject)
     SELECT tenant_id, actor, action, subject
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS e (tenant_id, actor, action, subject)`,
    [
      entries.map(({ tenantId }) => tenantId),
      entries.map(({ actor }) => actor),
      entries.map(({ action }) => action),
      entries.map(({ subject }) => subject),
    ],
  );
}

export interface AuditRow extends AuditEntry {
  readonly at: Date;
}

/** What was done to one tenant, newest first. */
export async function listTenantAudit(
  db: Database,
  tenantId: string,
  limit: number,
): Promise<readonly AuditRow[]> {
  return db.query<AuditRow>(
    `SELECT tenant_id AS "tenantId", actor, action, subject, created_at AS at
       FROM audit
      WHERE tenant_id = $1
      ORDER BY id DESC
      LIMIT $2`,
    [tenantId, limit],
  );
}

/** What was done to one thing of a tenant, newest first. */
export async function listSubjectAudit(
  db: Database,
  of: { readonly tenantId: string; readonly subject: string; readonly limit: number },
): Promise<readonly AuditRow[]> {
  return db.query<AuditRow>(
    `SELECT tenant_id AS "tenantId", actor, action, subject, created_at AS at
       FROM audit
      WHERE tenant_id = $1 AND subject = $2
      ORDER BY id DESC
      LIMIT $3`,
    [of.tenantId, of.subject, of.limit],
  );
}
