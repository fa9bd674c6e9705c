/** Watches every request and its answer: counts them, sees what no service should say, and when it works again. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Attempt, Wire } from "./exchange.ts";

export interface Answers {
  /** Attempts by status, or by how they were lost. */
  readonly counts: ReadonlyMap<string, number>;
  readonly violations: readonly string[];
}

/** A request that a client sends. */
export interface Sent {
  readonly client: string;
  readonly wire: Wire;
  readonly port: number;
}

/** What is known of one api, by the port that clients know. */
export interface Seen {
  /** When the last write was sent that it acknowledged; undefined when it acknowledged none. */
  readonly lastAckAt: number | undefined;
  /** Requests without an answer, the oldest first. */
  readonly waiting: readonly (Sent & { readonly since: number })[];
  /** Answers to what was sent since then, by status, or by how they were lost. */
  readonly answers: ReadonlyMap<string, number>;
}

const POLL_MS = 20;
const VIOLATIONS_KEPT = 20;

export class Observer {
  readonly #counts = new Map<string, number>();
  readonly #violations: string[] = [];
  readonly #lastAck = new Map<number, number>();
  readonly #waiting = new Map<Sent, number>();
  readonly #sinceAck = new Map<number, Map<string, number>>();

  /** A request leaves. @returns what is to be told how it went */
  readonly onSent = (sent: Sent): ((attempt: Attempt) => void) => {
    const since = performance.now();
    this.#waiting.set(sent, since);
    return (attempt) => {
      this.#waiting.delete(sent);
      this.#note(attempt, sent, since);
    };
  };

  report(violation: string): void {
    if (this.#violations.length < VIOLATIONS_KEPT) this.#violations.push(violation);
  }

  answers(): Answers {
    return { counts: this.#counts, violations: this.#violations };
  }

  seen(port: number): Seen {
    return {
      lastAckAt: this.#lastAck.get(port),
      waiting: [...this.#waiting].flatMap(([sent, since]) => (sent.port === port ? { ...sent, since } : [])),
      answers: this.#sinceAck.get(port) ?? new Map<string, number>(),
    };
  }

  /** @returns milliseconds until each of the ports has acknowledged a write sent from now on; undefined if not in time */
  async recovery(ports: readonly number[], timeoutMs: number): Promise<number | undefined> {
    const from = performance.now();
    const until = from + timeoutMs;
    while (!ports.every((port) => (this.#lastAck.get(port) ?? 0) > from)) {
      if (performance.now() > until) return undefined;
      await sleep(POLL_MS);
    }
    return performance.now() - from;
  }

  #note(attempt: Attempt, { wire, port }: Sent, since: number): void {
    const key = attempt.kind === "lost" ? `lost: ${attempt.reason}` : String(attempt.status);
    increment(this.#counts, key);
    const sinceAck = this.#sinceAck.get(port) ?? new Map<string, number>();
    this.#sinceAck.set(port, sinceAck);
    increment(sinceAck, key);
    if (attempt.kind === "lost") return;
    const { status, retryAfter, body } = attempt;
    if (status < 300 && wire.method !== "GET") {
      // The time at which it was sent: an answer to what was sent before a fault's end proves nothing.
      this.#lastAck.set(port, Math.max(this.#lastAck.get(port) ?? 0, since));
      sinceAck.clear();
    }
    const isBad = status === 500 || ((status === 503 || status === 429) && retryAfter === undefined);
    if (isBad) this.report(`${wire.method} ${wire.path} was answered ${status}: ${JSON.stringify(body)}`);
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
