/**
 * Hands a write to the queue and waits for its outcome.
 *
 * States of a write here: gathering (this tick's commands travel in one addBulk) → waiting → answered | given up.
 * - The outcome comes by the reply channel; whatever is still waiting after a moment is also looked up in the
 *   ledger, so a lost reply costs time and nothing else.
 * - An identical request that arrives meanwhile waits for the same write.
 * - When the budget is spent the write goes on without its request; the caller notes it as unanswered, so that the
 *   client's retry, at whatever process, takes up this write instead of beginning another.
 */
import type { Outcome, WriteCommand } from "./contracts.ts";
import { type WriteQueue, WRITE_JOB } from "./queues.ts";
import type { ReplyMessage } from "./replies.ts";

/** The budget is spent, or the queue is away: the write may yet be applied. */
export class SubmitTimeoutError extends Error {
  override readonly name = "SubmitTimeoutError";
}

/** Too many writes of one tenant wait already. */
export class SubmitOverloadError extends Error {
  override readonly name = "SubmitOverloadError";
}

export interface SubmitterDeps {
  readonly queue: Pick<WriteQueue, "addBulk">;
  /** Reads outcomes from the ledger; writes that have not ended are absent from the answer. */
  readonly findOutcomes: (writes: readonly WriteKey[]) => Promise<ReadonlyMap<string, Outcome>>;
  readonly onFallback: (count: number) => void;
  readonly onError: (error: unknown) => void;
  readonly timeoutMs: number;
}

export interface WriteKey {
  readonly tenantId: string;
  readonly writeId: string;
}

/** A write under way: the caller's own, or the one that an identical request began before it. */
export interface Submission {
  readonly writeId: string;
  /** How the write ended, after its commit. Rejects with SubmitTimeoutError when that is not known in time. */
  readonly outcome: Promise<Outcome>;
}

interface Waiting {
  readonly command: WriteCommand;
  readonly promise: Promise<Outcome>;
  readonly settle: (result: Outcome | Error) => void;
  readonly since: number;
}

// Late enough that a healthy reply has always arrived, early enough that nobody notices a lost one.
const LOOKUP_AFTER_MS = 750;
const LOOKUP_EVERY_MS = 250;
// Bounds what one tenant may hold in memory and in the queue; far above what an identity provider sends at once.
const TENANT_WRITES_MAX = 2_000;

export class Submitter {
  readonly #deps: SubmitterDeps;
  readonly #waiting = new Map<string, Waiting>();
  readonly #byRequest = new Map<string, Waiting>();
  readonly #perTenant = new Map<string, number>();
  #gathering: WriteCommand[] = [];
  #lookup: NodeJS.Timeout | undefined;
  #lookingUp = false;

  constructor(deps: SubmitterDeps) {
    this.#deps = deps;
  }

  /** @throws {SubmitOverloadError} when the tenant has too many writes under way */
  submit(command: WriteCommand): Submission {
    const same = this.#byRequest.get(command.requestKey);
    if (same) return { writeId: same.command.writeId, outcome: same.promise };
    const held = this.#perTenant.get(command.tenantId) ?? 0;
    if (held >= TENANT_WRITES_MAX) throw new SubmitOverloadError("too many writes under way");
    this.#perTenant.set(command.tenantId, held + 1);
    const waiting = this.#wait(command);
    this.#gather(command);
    return { writeId: command.writeId, outcome: waiting.promise };
  }

  /** The listener of the reply channel. */
  readonly receive = (message: ReplyMessage): void => {
    for (const { writeId, outcome } of message.replies) this.#waiting.get(writeId)?.settle(outcome);
    const ended = message.ended.flatMap((writeId) => this.#waiting.get(writeId) ?? []);
    if (ended.length > 0) void this.#lookUp(ended);
  };

  #wait(command: WriteCommand): Waiting {
    let settle!: (result: Outcome | Error) => void;
    const promise = new Promise<Outcome>((resolve, reject) => {
      const timer = setTimeout(() => void this.#giveUp(waiting), this.#deps.timeoutMs);
      settle = (result) => {
        clearTimeout(timer);
        this.#forget(command);
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
    });
    const waiting: Waiting = { command, promise, settle, since: Date.now() };
    this.#waiting.set(command.writeId, waiting);
    this.#byRequest.set(command.requestKey, waiting);
    this.#lookup ??= setInterval(() => this.#lookUpLate(), LOOKUP_EVERY_MS);
    return waiting;
  }

  #forget(command: WriteCommand): void {
    if (!this.#waiting.delete(command.writeId)) return;
    this.#byRequest.delete(command.requestKey);
    const held = (this.#perTenant.get(command.tenantId) ?? 1) - 1;
    if (held === 0) this.#perTenant.delete(command.tenantId);
    else this.#perTenant.set(command.tenantId, held);
    if (this.#waiting.size > 0) return;
    clearInterval(this.#lookup);
    this.#lookup = undefined;
  }

  #gather(command: WriteCommand): void {
    this.#gathering.push(command);
    if (this.#gathering.length === 1) setImmediate(() => void this.#send());
  }

  async #send(): Promise<void> {
    const commands = this.#gathering;
    this.#gathering = [];
    const jobs = commands.map((command) => ({
      name: `${command.operation} ${command.resourceType}`,
      data: command,
      opts: { ...WRITE_JOB, jobId: command.writeId },
    }));
    try {
      await this.#deps.queue.addBulk(jobs);
    } catch (error) {
      this.#deps.onError(error);
      // The jobs may have arrived although the answer did not, so this is "unknown", never "not done".
      for (const command of commands) {
        const waiting = this.#waiting.get(command.writeId);
        if (waiting) void this.#giveUp(waiting);
      }
    }
  }

  async #giveUp(waiting: Waiting): Promise<void> {
    const { tenantId, writeId } = waiting.command;
    try {
      const outcomes = await this.#deps.findOutcomes([{ tenantId, writeId }]);
      const outcome = outcomes.get(writeId);
      if (outcome) {
        this.#deps.onFallback(1);
        waiting.settle(outcome);
        return;
      }
    } catch (error) {
      this.#deps.onError(error);
    }
    waiting.settle(
      new SubmitTimeoutError(`write ${writeId} has not ended within ${this.#deps.timeoutMs} ms`),
    );
  }

  #lookUpLate(): void {
    if (this.#lookingUp) return;
    const before = Date.now() - LOOKUP_AFTER_MS;
    const late = [...this.#waiting.values()].filter(({ since }) => since < before);
    if (late.length > 0) void this.#lookUp(late, true);
  }

  async #lookUp(writes: readonly Waiting[], isFallback = false): Promise<void> {
    this.#lookingUp = isFallback;
    try {
      const outcomes = await this.#deps.findOutcomes(writes.map(({ command }) => command));
      if (isFallback && outcomes.size > 0) this.#deps.onFallback(outcomes.size);
      for (const [writeId, outcome] of outcomes) this.#waiting.get(writeId)?.settle(outcome);
    } catch (error) {
      this.#deps.onError(error);
    } finally {
      if (isFallback) this.#lookingUp = false;
    }
  }
}
