/**
 * What a connection is doing, counted in memory and flushed about once a second: requests of its open cycle, reads,
 * refusals at the door, and when its token was last used. A write needs its cycle before it is queued, so the first
 * request after a quiet time waits until Postgres has opened one; the others find it here.
 */
import { Beat } from "../platform/beat.ts";
import { addTo } from "../platform/counts.ts";
import type { Logger } from "../platform/logger.ts";
import { type CycleRequests, noteRequests, openCycle } from "../store/cycles.ts";
import type { DatabasePool } from "../store/database.ts";
import { noteTokenUse, type Principal } from "../store/tenants.ts";

export interface ActivityDeps {
  readonly db: DatabasePool;
  readonly logger: Logger;
  /** CYCLE_IDLE_SECONDS. */
  readonly cycleIdleSeconds: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface OpenCycle {
  readonly id: Promise<string>;
  lastRequestAt: number;
}

type Counts = { -readonly [Key in Exclude<keyof CycleRequests, "kinds" | "writes">]: CycleRequests[Key] } & {
  readonly kinds: Record<string, number>;
  readonly writes: Record<string, number>;
};

/** A request that was answered, as a cycle counts it. */
export interface Answered {
  readonly tenantId: string;
  readonly cycleId: string;
  readonly resource: string;
  readonly operation: string;
}

const READS = new Set(["list", "search", "get", "probe"]);

const FLUSH_EVERY_MS = 1_000;
// A cycle is trusted for less than its idle time, since Postgres knows of a request only after the next flush.
const CLOSING_MARGIN_MS = 2_000;
const TOKEN_NOTED_EVERY_MS = 30_000;

export class Activity {
  readonly #deps: ActivityDeps;
  readonly #open = new Map<string, OpenCycle>();
  readonly #tokenNotedAt = new Map<string, number>();
  #counts = new Map<string, Counts>();
  #usedTokens: Principal[] = [];
  readonly #beat = new Beat(() => this.#flush(), FLUSH_EVERY_MS);

  constructor(deps: ActivityDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#beat.start();
  }

  /** Flushes what is left; called when no request is in hand any more. */
  stop(): Promise<void> {
    return this.#beat.stop();
  }

  /** Notes a request. @returns the id of the cycle it belongs to */
  async begin(principal: Principal): Promise<string> {
    this.#noteToken(principal);
    const cycleId = await this.#cycleOf(principal);
    this.#countsOf(principal.tenantId, cycleId).requests += 1;
    return cycleId;
  }

  /** Notes that a request has ended. */
  end({ tenantId, cycleId, resource, operation }: Answered): void {
    const counts = this.#countsOf(tenantId, cycleId);
    addTo(counts.kinds, { [`${resource}.${operation}`]: 1 });
    if (resource !== "discovery" && READS.has(operation)) counts.reads += 1;
  }

  /** Notes a write that was refused before it was queued. */
  countRefused({ tenantId, cycleId, resource, operation }: Answered): void {
    const counts = this.#countsOf(tenantId, cycleId);
    counts.refused += 1;
    addTo(counts.writes, { [`${resource}.${operation}.refused`]: 1 });
  }

  #cycleOf(principal: Principal): Promise<string> {
    const now = this.#deps.now();
    const known = this.#open.get(principal.connectionId);
    const trustedMs = this.#deps.cycleIdleSeconds * 1_000 - CLOSING_MARGIN_MS;
    if (known && now - known.lastRequestAt < trustedMs) {
      known.lastRequestAt = now;
      return known.id;
    }
    const id = openCycle(this.#deps.db.of([principal.tenantId]), principal);
    this.#open.set(principal.connectionId, { id, lastRequestAt: now });
    // What could not be opened is asked for again by the next request.
    id.catch(() => this.#open.delete(principal.connectionId));
    return id;
  }

  #countsOf(tenantId: string, cycleId: string): Counts {
    const known = this.#counts.get(cycleId);
    if (known) return known;
    const counts = { tenantId, cycleId, requests: 0, reads: 0, refused: 0, kinds: {}, writes: {} };
    this.#counts.set(cycleId, counts);
    return counts;
  }

  #noteToken(principal: Principal): void {
    const now = Date.now();
    if (now - (this.#tokenNotedAt.get(principal.tokenId) ?? 0) < TOKEN_NOTED_EVERY_MS) return;
    this.#tokenNotedAt.set(principal.tokenId, now);
    this.#usedTokens.push(principal);
  }

  async #flush(): Promise<void> {
    const counts = [...this.#counts.values()].sort((a, b) => (a.cycleId < b.cycleId ? -1 : 1));
    const tokens = this.#usedTokens;
    this.#counts = new Map();
    this.#usedTokens = [];
    try {
      await noteRequests(this.#deps.db, counts);
      if (tokens.length > 0) await this.#deps.db.transaction((tx) => noteTokenUse(tx, tokens));
    } catch (err) {
      this.#deps.logger.warn({ err }, "request counts are kept for the next flush");
      this.#keep(counts);
      this.#usedTokens.push(...tokens);
    }
  }

  #keep(counts: readonly Counts[]): void {
    for (const old of counts) {
      const sum = this.#countsOf(old.tenantId, old.cycleId);
      sum.requests += old.requests;
      sum.reads += old.reads;
      sum.refused += old.refused;
      addTo(sum.kinds, old.kinds);
      addTo(sum.writes, old.writes);
    }
  }
}
