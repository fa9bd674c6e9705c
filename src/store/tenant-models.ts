/**
 * The models of each tenant, made once for a version and kept: a version never changes, so there is nothing to
 * refresh. Which version is in force comes with the token (api) and with the transaction's first statement (worker).
 */
import { invariant } from "../platform/invariant.ts";
import { CORE_MODELS, defineModels, type Models } from "../scim/index.ts";
import type { Database } from "./database.ts";
import { findSchemaVersion } from "./tenant-schemas.ts";

// A model with a hundred attributes takes some 100 kB.
const KEPT_MAX = 1_000;

export class TenantModels {
  /** The least recently used first. */
  readonly #models = new Map<string, Models>();

  /** @param version - 0 for a tenant without extensions of its own */
  async find(db: Database, tenantId: string, version: number): Promise<Models> {
    if (version === 0) return CORE_MODELS;
    const key = `${tenantId} ${String(version)}`;
    const models = this.#models.get(key) ?? (await read(db, tenantId, version));
    this.#models.delete(key);
    this.#models.set(key, models);
    const [oldest] = this.#models.keys();
    if (this.#models.size > KEPT_MAX && oldest !== undefined) this.#models.delete(oldest);
    return models;
  }
}

async function read(db: Database, tenantId: string, version: number): Promise<Models> {
  const found = await findSchemaVersion(db, tenantId, version);
  invariant(found, `tenant ${tenantId} has no schema version ${String(version)}`);
  return defineModels(found.extensions);
}
