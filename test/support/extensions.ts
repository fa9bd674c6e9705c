/** Tenants with attributes of their own: Javelo's, as the repository's example has them, and whatever a test defines. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Extensions } from "../../src/scim/index.ts";
import type { DatabasePool } from "../../src/store/database.ts";
import { parseExtensions } from "../../src/store/extensions-json.ts";
import { type SchemaSet, setSchema } from "../../src/store/tenant-schemas.ts";

export const JAVELO = "urn:ietf:params:scim:schemas:extension:javelo:2.0:User";
export const JAVELO_FILE = join(import.meta.dirname, "../../examples/javelo.json");
export const JAVELO_EXTENSIONS = parseExtensions(JSON.parse(readFileSync(JAVELO_FILE, "utf8")));

/** Extensions of users with these attributes, checked as any are. */
export function userExtension(
  id: string,
  attributes: readonly object[],
  more: { readonly required?: boolean } = {},
): Extensions {
  const described = attributes.map((attribute) => ({ description: "For a test.", ...attribute }));
  return parseExtensions({
    User: [{ id, name: "Test", description: "For a test.", ...more, attributes: described }],
  });
}

export function giveSchema(
  database: DatabasePool,
  tenantId: string,
  extensions: Extensions,
  isForced = false,
): Promise<SchemaSet> {
  return database.transaction((tx) => setSchema(tx, { tenantId, extensions, actor: "test", isForced }));
}
