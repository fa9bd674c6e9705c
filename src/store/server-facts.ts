/** What a Postgres says of itself: for whoever examines an installation. */
import type { Database } from "./database.ts";

export interface ServerFacts {
  /** Such as "18.4". */
  readonly version: string;
  /** By its own clock. */
  readonly now: Date;
  /** When it was asked and when it had answered, by ours; milliseconds since the epoch. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

export async function readServerFacts(db: Database): Promise<ServerFacts> {
  await db.query("SELECT 1"); // Opens the connection, which is not part of the latency.
  const askedAt = Date.now();
  const rows = await db.query<{ version: string; now: Date }>(
    "SELECT current_setting('server_version') AS version, clock_timestamp() AS now",
  );
  const answeredAt = Date.now();
  const { version = "0", now = new Date() } = rows[0] ?? {};
  return { version: version.split(" ")[0] ?? version, now, askedAt, answeredAt };
}
