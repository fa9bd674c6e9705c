/**
 * The models that a batch is applied by. A payload is understood by the version of its tenant's schemas that the api
 * read it by, which may be older than the one in force, or newer than any this process has met; what is written for
 * searching has the form of the version in force.
 */
import { invariant } from "../platform/invariant.ts";
import type { Models } from "../scim/index.ts";
import type { WriteCommand } from "../queue/contracts.ts";
import type { Database } from "../store/database.ts";
import type { TenantModels } from "../store/tenant-models.ts";

type Versioned = Pick<WriteCommand, "tenantId" | "schemaVersion">;

export class BatchModels {
  readonly #models = new Map<string, Models>();
  readonly #inForce: ReadonlyMap<string, number>;

  private constructor(inForce: ReadonlyMap<string, number>) {
    this.#inForce = inForce;
  }

  /** @param inForce - the version in force by tenant, as the batch's transaction sees it */
  static async load(
    db: Database,
    commands: readonly Versioned[],
    { inForce, models }: { readonly inForce: ReadonlyMap<string, number>; readonly models: TenantModels },
  ): Promise<BatchModels> {
    const batch = new BatchModels(inForce);
    for (const command of commands) {
      const { tenantId } = command;
      for (const version of [batch.#versionOf(command), batch.#versionOf({ tenantId })]) {
        const key = keyOf(tenantId, version);
        if (!batch.#models.has(key)) batch.#models.set(key, await models.find(db, tenantId, version));
      }
    }
    return batch;
  }

  /** Those that the command's payload was read by; an api that does not say means those in force. */
  of(command: Versioned): Models {
    const models = this.#models.get(keyOf(command.tenantId, this.#versionOf(command)));
    invariant(models, "a batch meets a tenant that it has not loaded");
    return models;
  }

  inForce(tenantId: string): Models {
    return this.of({ tenantId });
  }

  #versionOf({ tenantId, schemaVersion }: Versioned): number {
    return schemaVersion ?? this.#inForce.get(tenantId) ?? 0;
  }
}

function keyOf(tenantId: string, version: number): string {
  return `${tenantId} ${String(version)}`;
}
