/**
 * A client that carries one operation at a time to its end: it sends the same request again after a 503, a 429, a
 * timeout or a cut connection, each time perhaps to another process of the service, as Azure does behind a load
 * balancer. What it learns goes into the history.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../azure-ad/random.ts";
import { type Kind, outputOf, wireOf } from "./dialect.ts";
import { type Attempt, createExchanger, type Exchanger, type Wire } from "./exchange.ts";
import type { History, Input, Output } from "./history.ts";
import type { Observer } from "./observer.ts";

export interface ClientSettings {
  readonly name: string;
  readonly token: string;
  readonly ports: readonly number[];
  readonly history: History;
  readonly random: Random;
  /** Answers may be looked up in the ledger even where nothing went wrong: the queue lives in Postgres. */
  readonly isAlwaysLate: boolean;
  readonly onSent: Observer["onSent"];
  /** No request is sent again after this was aborted; what is under way then stays unknown. */
  readonly signal: AbortSignal;
}

export interface Target {
  readonly kind: Kind;
  /** userName or displayName: names the object. */
  readonly object: string;
}

const PATIENT_MS = 40_000;
// A client that hangs up early, as a load balancer with a short timeout does.
const IMPATIENT_MS = [300, 1_000, 3_000];
const IMPATIENCE = 0.03;
// What Retry-After asks for is cut short, to meet more of the service's races; but not so short that the process that
// was left cannot yet have noted it.
const RETRY_MS = { least: 500, most: 2_000 };
// A healthy reply comes by its channel; what took longer may have been looked up in the ledger.
const LATE_AFTER_MS = 500;

export class Client {
  readonly #settings: ClientSettings;
  readonly #exchanger: Exchanger;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#exchanger = createExchanger(settings.token);
  }

  /** @returns what the service answered in the end; undefined when it never did */
  async perform(target: Target, input: Input): Promise<Output | undefined> {
    const index = this.#invoke(target, input);
    return this.#carry(index, target, input);
  }

  /** The same request twice at once. @returns the first answer */
  async performTwice(target: Target, input: Input): Promise<Output | undefined> {
    const [one, other] = [this.#invoke(target, input), this.#invoke(target, input)];
    this.#settings.history.pair(one, other);
    const outputs = await Promise.all([
      this.#carry(one, target, input, true),
      this.#carry(other, target, input, true),
    ]);
    return outputs.find((output) => output !== undefined && output.status < 300) ?? outputs[0];
  }

  close(): void {
    this.#exchanger.close();
  }

  #invoke({ object }: Target, input: Input): number {
    return this.#settings.history.invoke({ client: this.#settings.name, object, input });
  }

  async #carry(index: number, target: Target, input: Input, isTwin = false): Promise<Output | undefined> {
    const { history, signal } = this.#settings;
    const wire = wireOf(target.kind, target.object, input);
    const attempts: string[] = [];
    for (;;) {
      const startedAt = performance.now();
      const attempt = await this.#attempt(wire);
      const ms = performance.now() - startedAt;
      attempts.push(attempt.kind === "lost" ? attempt.reason : String(attempt.status));
      const answer = definitive(attempt);
      if (answer) {
        const output = outputOf(target.kind, answer);
        const isLate = isTwin || attempts.length > 1 || this.#isShownLater(target, input, ms);
        history.respond(index, { output, isLate, attempts });
        void answer.ended.then(() => history.endedAfter(index));
        return output;
      }
      // A fault of the service is recorded as a violation; what it did is not known.
      if (signal.aborted || (attempt.kind === "answer" && attempt.status === 500)) {
        history.giveUp(index, attempts);
        return undefined;
      }
      await sleep(RETRY_MS.least + this.#settings.random.below(RETRY_MS.most - RETRY_MS.least));
    }
  }

  /** The answer to a write of a group shows members that are read after the commit. */
  #isShownLater({ kind }: Target, { kind: operation }: Input, ms: number): boolean {
    const isRead = kind === "Group" && operation !== "read";
    return this.#settings.isAlwaysLate || isRead || ms > LATE_AFTER_MS;
  }

  async #attempt(wire: Wire): Promise<Attempt> {
    const { name: client, random, ports, onSent } = this.#settings;
    const timeoutMs = random.chance(IMPATIENCE) ? random.pick(IMPATIENT_MS) : PATIENT_MS;
    const port = random.pick(ports);
    const onAnswer = onSent({ client, wire, port });
    const attempt = await this.#exchanger.attempt(wire, { port, timeoutMs });
    onAnswer(attempt);
    return attempt;
  }
}

type Answer = Extract<Attempt, { kind: "answer" }>;

function definitive(attempt: Attempt): Answer | undefined {
  const isIt = attempt.kind === "answer" && attempt.status < 500 && attempt.status !== 429;
  return isIt ? attempt : undefined;
}
