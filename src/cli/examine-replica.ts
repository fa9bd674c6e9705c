/** What the doctor says of the replica for reading: nothing of it is needed for answering, so each fix says what is meanwhile. */
import { type DatabasePool, openDatabase } from "../store/database.ts";
import { readPrimaryPosition, readReplicaPosition } from "../store/replica-watch.ts";
import { readServerFacts } from "../store/server-facts.ts";
import { reason } from "./command.ts";
import type { Finding } from "./examine.ts";
import type { Installation } from "./installation.ts";

const MEANWHILE = "; until then the console reads from the primary";

/** @param primary - which answers */
export async function examineReplica(
  { config }: Installation,
  primary: DatabasePool,
): Promise<readonly Finding[]> {
  const part = "replica";
  if (config.DATABASE_READ_URL === undefined) return [];
  const replica = openDatabase({
    url: config.DATABASE_READ_URL,
    ...{ poolMax: 1, applicationName: "rollcall-cli", isFenced: config.ROW_LEVEL_SECURITY },
    onConnectionError: () => undefined, // The query that needs the connection reports the same error.
  });
  try {
    const before = await readPrimaryPosition(primary);
    const { version } = await readServerFacts(replica);
    const replayed = await readReplicaPosition(replica, before?.cluster);
    const [found] = await replica.query<{ bytes: string }>(
      "SELECT greatest(pg_wal_lsn_diff($1::pg_lsn, $2::pg_lsn), 0)::text AS bytes",
      [before?.position, replayed],
    );
    return [
      { part, version, found: `${version}, ${found?.bytes ?? "?"} bytes of the log behind the primary` },
    ];
  } catch (error) {
    const problem = `the replica cannot be read: ${reason(error)}`;
    return [{ part, problem, fix: `start it, or correct DATABASE_READ_URL${MEANWHILE}` }];
  } finally {
    await replica.close();
  }
}
