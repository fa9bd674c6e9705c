/** The connection that a page is about, by the names in its path. */
import type { Database } from "../../store/database.ts";
import { type Connection, findConnection, findTenant } from "../../store/tenants.ts";
import { isId } from "../page.ts";
import { texts } from "../texts/texts.ts";

export const NO_CONNECTION = texts.common.noConnection;

/** @returns the connection a path such as `/tenants/:slug/connections/:id` names, if it is there */
export async function connectionOf(
  db: Database,
  params: Readonly<Record<string, string>>,
): Promise<Connection | undefined> {
  const { slug = "", id = "" } = params;
  const tenant = await findTenant(db, slug);
  return tenant === undefined || !isId(id) ? undefined : findConnection(db, tenant.id, id);
}
