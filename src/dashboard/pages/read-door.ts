/** What a connection's door knows: tokens, who was turned away, and when Azure was last heard. */
import { findClientKeys } from "../../store/client-keys.ts";
import { listCycles } from "../../store/cycle-history.ts";
import { listKnocks, listStrangeKnocks } from "../../store/knocks.ts";
import { findFederation } from "../../store/oauth-clients.ts";
import { type Connection, listTokens } from "../../store/tenants.ts";
import type { Console } from "../page.ts";
import type { Door } from "./door-state.ts";

export async function readDoor(
  { database, now }: Pick<Console, "database" | "now">,
  connection: Connection,
): Promise<Door> {
  const { tenantId, id: connectionId } = connection;
  const [tokens, knocks, strangers, federation, keys, [lastCycle]] = await Promise.all([
    listTokens(database, tenantId, connectionId),
    listKnocks(database, { tenantId, connectionId }),
    listStrangeKnocks(database),
    findFederation(database, { tenantId, connectionId }),
    findClientKeys(database, { tenantId, connectionId }),
    listCycles(database, { tenantId, connectionId }, 1),
  ]);
  return {
    ...{ connection, tokens, knocks, strangers, now: now() },
    hasAssertions: federation !== undefined || keys !== undefined,
    lastRequestAt: lastCycle?.lastRequestAt,
  };
}
