/**
 * Whom a connection's statements concern, as the policies of row-level security read it (docs/decisions/0051). A session
 * setting holds it, and each connection remembers what it was last told, so that it is told only what is new to it.
 */

/** As the setting has it: an array of ids, or everybody. */
export type TenantScope = string & { readonly brand?: "TenantScope" };

export const EVERY_TENANT: TenantScope = "*";

const SETTING = "rollcall.tenants";

/** What a connection begins with: jobs and the console go over all tenants, and say nothing more. */
export const FENCE_OPTIONS = `-c ${SETTING}=${EVERY_TENANT}`;

const ENTER = { name: "enter-scope", text: `SELECT set_config('${SETTING}', $1, false)` };
const ID = /^[0-9a-f-]{36}$/;

interface Connection {
  query(statement: { name: string; text: string; values: unknown[] }): Promise<unknown>;
}

/** What the connections of a pool were told. */
export class TenantScopes {
  readonly #known = new WeakMap<Connection, TenantScope>();

  /** @throws {Error} for what is no id, since it would be part of an array's text */
  of(tenantIds: readonly string[]): TenantScope {
    const wrong = tenantIds.find((id) => !ID.test(id));
    if (wrong !== undefined) throw new Error("a scope is made of ids of tenants");
    return `{${[...new Set(tenantIds)].sort().join(",")}}`;
  }

  /**
   * Not waited for by whoever calls it: what it sends next travels behind it.
   * @returns undefined where the connection knows; otherwise its failure must be that of what follows
   */
  enter(connection: Connection, scope: TenantScope): Promise<unknown> | undefined {
    if ((this.#known.get(connection) ?? EVERY_TENANT) === scope) return undefined;
    this.#known.set(connection, scope);
    return connection.query({ ...ENTER, values: [scope] }).catch((error: unknown) => {
      // It may have been told or not; either way it is told again.
      this.#known.set(connection, "");
      throw error;
    });
  }
}
