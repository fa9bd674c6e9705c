/** Reads a tenant's feed as a product does, with a cursor that it keeps, and has all it ever read. */
import type { FedEvent } from "./outage-check.ts";

export class FeedReader {
  readonly events: FedEvent[] = [];
  readonly #get: (path: string) => Promise<unknown>;
  #cursor: string | undefined;

  /** @param get - the parsed answer to a GET below /v1 */
  constructor(get: (path: string) => Promise<unknown>) {
    this.#get = get;
  }

  /** Reads what is new. @returns how many events there are by now */
  async catchUp(): Promise<number> {
    for (let hasMore = true; hasMore;) {
      const after = this.#cursor === undefined ? "" : `&after=${this.#cursor}`;
      const answer = await this.#get(`/events?payloadVersion=2&limit=1000${after}`);
      const page = answer as {
        readonly events: FedEvent[];
        readonly cursor: string;
        readonly hasMore: boolean;
      };
      this.events.push(...page.events);
      this.#cursor = page.cursor;
      ({ hasMore } = page);
    }
    return this.events.length;
  }
}
