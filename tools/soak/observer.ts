/** Watches every answer while it comes: counts them, sees what no service should say, and when it works again. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Attempt, Wire } from "./exchange.ts";

export interface Answers {
  /** Attempts by status, or by how they were lost. */
  readonly counts: ReadonlyMap<string, number>;
  readonly violations: readonly string[];
}

const POLL_MS = 20;
const VIOLATIONS_KEPT = 20;

export class Observer {
  readonly #counts = new Map<string, number>();
  readonly #violations: string[] = [];
  readonly #lastAck = new Map<number, number>();

  readonly onAnswer = (
    attempt: Attempt,
    { wire, port, ms }: { readonly wire: Wire; readonly port: number; readonly ms: number },
  ): void => {
    const key = attempt.kind === "lost" ? `lost: ${attempt.reason}` : String(attempt.status);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    if (attempt.kind === "lost") return;
    const { status, retryAfter, body } = attempt;
    if (status < 300 && wire.method !== "GET") {
      // The time at which it was sent: an answer to what was sent before a fault's end proves nothing.
      this.#lastAck.set(port, Math.max(this.#lastAck.get(port) ?? 0, performance.now() - ms));
    }
    const isBad = status === 500 || ((status === 503 || status === 429) && retryAfter === undefined);
    if (isBad) this.report(`${wire.method} ${wire.path} was answered ${status}: ${JSON.stringify(body)}`);
  };

  report(violation: string): void {
    if (this.#violations.length < VIOLATIONS_KEPT) this.#violations.push(violation);
  }

  answers(): Answers {
    return { counts: this.#counts, violations: this.#violations };
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
}
