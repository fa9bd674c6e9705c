/** NOTIFY and LISTEN: word of changed access, and replies where the queue lives in Postgres. */
import type pg from "pg";
import type { DatabasePool } from "./database.ts";

export interface PostgresNotifier {
  notify(channel: string, payloads: readonly string[]): Promise<void>;
  listen(channel: string, listener: (payload: string) => void): Promise<void>;
  /** A number of the connection that listens now, another after each loss; undefined while nothing can be heard. */
  session(): number | undefined;
  close(): Promise<void>;
}

const RECONNECT_MS = 500;

/** A lost connection is made again; what was sent meanwhile is lost, and the listeners know to ask the ledger. */
export function createNotifier(db: DatabasePool, onError: (error: unknown) => void): PostgresNotifier {
  const listeners = new Map<string, (payload: string) => void>();
  let client: pg.Client | undefined;
  let sessions = 0;
  let session: number | undefined;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = await db.connect();
    next.on("notification", ({ channel, payload }) => listeners.get(channel)?.(payload ?? ""));
    try {
      for (const channel of listeners.keys()) await next.query(`LISTEN ${channel}`);
    } catch (error) {
      next.end().catch(() => undefined);
      throw error;
    }
    next.on("end", () => {
      if (isClosed || client !== next) return;
      client = undefined;
      session = undefined;
      timer = setTimeout(() => void connect().catch(retry), RECONNECT_MS);
    });
    client = next;
    sessions += 1;
    session = sessions;
    if (isClosed) await next.end();
  }

  function retry(error: unknown): void {
    onError(error);
    if (!isClosed) timer = setTimeout(() => void connect().catch(retry), RECONNECT_MS);
  }

  return {
    async notify(channel, payloads) {
      await db.query(`SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload`, [channel, payloads]);
    },
    async listen(channel, listener) {
      listeners.set(channel, listener);
      if (client) await client.query(`LISTEN ${channel}`);
      else await connect();
    },
    session: () => session,
    async close() {
      isClosed = true;
      session = undefined;
      clearTimeout(timer);
      await client?.end();
    },
  };
}
