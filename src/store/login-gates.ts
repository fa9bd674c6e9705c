/** How a tenant's product is answered when it asks who may log in, and who may whatever the directory says. */
import { fold } from "../scim/index.ts";
import type { Database, Transaction } from "./database.ts";

/** automatic: enforced once somebody was provisioned. held: not enforced until `enforceAt`, or until it is told. */
export type Enforcement = "automatic" | "held" | "enforced";
export type Choice = "allow" | "refuse";

export interface LoginGate {
  readonly enforcement: Enforcement;
  /** When a held gate closes by itself; null: when it is told. */
  readonly enforceAt: Date | null;
  /** The answer while the integration is off or not enforced yet. */
  readonly whenOff: Choice;
  /** What the product's client does while Rollcall cannot be reached. */
  readonly whenUnreachable: Choice;
}

/** Of a tenant that chose nothing. */
const DEFAULT_GATE: LoginGate = {
  enforcement: "automatic",
  enforceAt: null,
  whenOff: "allow",
  whenUnreachable: "refuse",
};

export async function readLoginGate(db: Database, tenantId: string): Promise<LoginGate> {
  const rows = await db.query<LoginGate>(
    `SELECT enforcement, enforce_at AS "enforceAt", when_off AS "whenOff", when_unreachable AS "whenUnreachable"
       FROM login_gates
      WHERE tenant_id = $1`,
    [tenantId],
  );
  return rows[0] ?? DEFAULT_GATE;
}

/** Changes what is given and leaves the rest. @returns the gate as it is then */
export async function changeLoginGate(
  tx: Transaction,
  tenantId: string,
  change: Partial<LoginGate>,
): Promise<LoginGate> {
  await tx.query("INSERT INTO login_gates (tenant_id) VALUES ($1) ON CONFLICT DO NOTHING", [tenantId]);
  await tx.query("SELECT tenant_id FROM login_gates WHERE tenant_id = $1 FOR UPDATE", [tenantId]);
  const gate = { ...(await readLoginGate(tx, tenantId)), ...change };
  await tx.query(
    `UPDATE login_gates
        SET enforcement = $2, enforce_at = $3, when_off = $4, when_unreachable = $5
      WHERE tenant_id = $1`,
    [tenantId, gate.enforcement, gate.enforceAt, gate.whenOff, gate.whenUnreachable],
  );
  return gate;
}

/**
 * Keeps a gate open that would close by itself: for a tenant that has people from before, whom the identity provider has
 * not provisioned yet. @returns whether anything was changed
 */
export async function holdLoginGate(tx: Transaction, tenantId: string): Promise<boolean> {
  const held = await tx.query(
    `INSERT INTO login_gates (tenant_id, enforcement)
     VALUES ($1, 'held')
         ON CONFLICT (tenant_id) DO UPDATE SET enforcement = 'held' WHERE login_gates.enforcement = 'automatic'
     RETURNING tenant_id`,
    [tenantId],
  );
  return held.length > 0;
}

export interface LoginExemption {
  readonly login: string;
  readonly note: string;
  readonly createdAt: Date;
}

export async function listExemptions(db: Database, tenantId: string): Promise<readonly LoginExemption[]> {
  return db.query<LoginExemption>(
    `SELECT login, note, created_at AS "createdAt"
       FROM login_exemptions
      WHERE tenant_id = $1
      ORDER BY login_key
      LIMIT 1000`,
    [tenantId],
  );
}

/** @param exemption - its login is a userName or an e-mail address; a known one gets the new note */
export async function addExemption(
  tx: Transaction,
  tenantId: string,
  { login, note }: Omit<LoginExemption, "createdAt">,
): Promise<void> {
  await tx.query(
    `INSERT INTO login_exemptions (tenant_id, login_key, login, note)
     VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, login_key) DO UPDATE SET login = excluded.login, note = excluded.note`,
    [tenantId, fold(login), login, note],
  );
}

/** @returns false when the login was not exempt */
export async function removeExemption(tx: Transaction, tenantId: string, login: string): Promise<boolean> {
  const removed = await tx.query(
    "DELETE FROM login_exemptions WHERE tenant_id = $1 AND login_key = $2 RETURNING login_key",
    [tenantId, fold(login)],
  );
  return removed.length > 0;
}
