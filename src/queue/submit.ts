/**
 * Hands a write to the queue and waits for its outcome.
 *
 * States of a write here: in line → dispatched (see dispatch.ts) → ended.
 * - The outcome comes by the reply channel; whatever is still waiting after a moment is also looked up in the
 *   ledger, so a lost reply costs time and nothing else.
 * - An identical request that arrives meanwhile waits for the same write.
 * - A write in line whose requests have all gone, or whose budget is spent, leaves the line: nothing was begun.
 * - When the budget of a write on the queue is spent, it goes on without its request; the caller notes it as
 *   unanswered, so that the client's retry, at whatever process, takes up this write instead of beginning another.
 *   It still counts as in flight until it has ended, so that a queue that nobody serves does not grow.
 * - What the queue has lost is put there again, under the same id.
 */
import type { Outcome, WriteCommand } from "./contracts.ts";
import { Dispatch } from "./dispatch.ts";
import { type LineLimits, Lines, type LinesState, type Places } from "./lines.ts";
import type { OwnWorker } from "./own-worker.ts";
import type { WriteQueue } from "./queues.ts";
import type { ReplyMessage } from "./replies.ts";

/** The budget is spent, or the queue is away. */
export class SubmitTimeoutError extends Error {
  override readonly name = "SubmitTimeoutError";
  /** True where the write may yet be applied; false where it never left the line. */
  readonly isQueued: boolean;
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, queued: { readonly isQueued: boolean; readonly retryAfterSeconds?: number }) {
    super(message);
    this.isQueued = queued.isQueued;
    this.retryAfterSeconds = queued.retryAfterSeconds;
  }
}

/** All requests for the write went away while it was in line; nobody is left to be answered. */
export class SubmitAbandonedError extends Error {
  override readonly name = "SubmitAbandonedError";
}

export interface SubmitterDeps {
  readonly queue: Pick<WriteQueue, "addBulk">;
  /** The worker of this process, where it has one. */
  readonly ownWorker?: Pick<OwnWorker, "take"> | undefined;
  /** Reads outcomes from the ledger; writes that have not ended are absent from the answer. */
  readonly findOutcomes: (writes: readonly WriteKey[]) => Promise<ReadonlyMap<string, Outcome>>;
  readonly onFallback: (count: number) => void;
  /** Told how long a write was in line once it goes to the queue. */
  readonly onQueued: (lineSeconds: number) => void;
  readonly onError: (error: unknown) => void;
  readonly timeoutMs: number;
  readonly limits: LineLimits;
}

export interface WriteKey {
  readonly tenantId: string;
  readonly writeId: string;
}

/** A write under way: the caller's own, or the one that an identical request began before it. */
export interface Submission {
  readonly writeId: string;
  /**
   * How the write ended, after its commit. Rejects with SubmitTimeoutError when that is not known in time, and with
   * SubmitAbandonedError when nobody waited any more.
   */
  readonly outcome: Promise<Outcome>;
  /** The request waits no more. @returns whether the write may be applied nevertheless */
  readonly abandon: () => boolean;
}

interface Waiting {
  readonly tenantId: string;
  readonly command: WriteCommand;
  /** About how large it is. */
  readonly bytes: number;
  readonly promise: Promise<Outcome>;
  readonly settle: (result: Outcome | Error) => void;
  readonly since: number;
  /** When it was put on the queue, for the first and for the last time; undefined while it is in line. */
  queuedAt: number | undefined;
  sentAt: number;
  /** Requests that wait for it. */
  requests: number;
  /** The budget is spent; since then it only counts as in flight. */
  isGivenUp: boolean;
}

// Late enough that a healthy reply has always arrived, early enough that nobody notices a lost one.
const LOOKUP_AFTER_MS = 750;
const LOOKUP_EVERY_MS = 250;
// Later than a healthy queue takes, early enough that a write survives a wiped queue within its budget. Adding a job
// that is there changes nothing, and the ledger makes one that has ended meanwhile harmless.
const RESEND_AFTER_MS = 3_000;

export class Submitter {
  readonly #deps: SubmitterDeps;
  readonly #waiting = new Map<string, Waiting>();
  readonly #byRequest = new Map<string, Waiting>();
  readonly #lines: Lines<Waiting>;
  readonly #dispatch: Dispatch;
  #lookup: NodeJS.Timeout | undefined;
  #lookingUp = false;

  constructor(deps: SubmitterDeps) {
    this.#deps = deps;
    this.#lines = new Lines<Waiting>(deps.limits, (waiting) => this.#send(waiting));
    const { queue, ownWorker, onError } = deps;
    this.#dispatch = new Dispatch({ queue, ownWorker, onError, onUnknown: this.#onUnknown });
  }

  /**
   * Places for the writes of one request, taken before the first of them is submitted.
   * @param writes - that the request has under way at once
   * @throws {SubmitOverloadError} when the tenant's line has no room
   */
  takePlaces(tenantId: string, writes: number, bytes: number): Places {
    return this.#lines.take(tenantId, writes, bytes);
  }

  /**
   * The request must hold a place for the write until its outcome is known.
   * @param bytes - about how large the command is
   */
  submit(command: WriteCommand, bytes: number): Submission {
    const same = command.isAccepted === true ? undefined : this.#byRequest.get(command.requestKey);
    if (same) return this.#join(same);
    const waiting = this.#wait(command, bytes);
    this.#lines.enter(waiting);
    return this.#join(waiting);
  }

  /** For metrics. */
  state(): LinesState {
    return this.#lines.state();
  }

  /** The listener of the reply channel. */
  readonly receive = (message: ReplyMessage): void => {
    for (const { writeId, outcome } of message.replies) this.#end(this.#waiting.get(writeId), outcome);
    const ended = message.ended.flatMap((writeId) => this.#waiting.get(writeId) ?? []);
    if (ended.length > 0) void this.#lookUp(ended);
  };

  /** Lets go of writes that nobody waits for any more; requests in hand must have ended before. */
  async close(): Promise<void> {
    clearInterval(this.#lookup);
    this.#lookup = undefined;
    this.#waiting.clear();
    await this.#dispatch.settled();
  }

  #join(waiting: Waiting): Submission {
    waiting.requests += 1;
    const { command, promise } = waiting;
    return { writeId: command.writeId, outcome: promise, abandon: () => this.#abandon(waiting) };
  }

  #abandon(waiting: Waiting): boolean {
    waiting.requests -= 1;
    if (waiting.requests > 0 || !this.#lines.leave(waiting)) return true;
    this.#forget(waiting);
    waiting.settle(new SubmitAbandonedError("no request waits for the write any more"));
    return false;
  }

  #wait(command: WriteCommand, bytes: number): Waiting {
    let settle!: (result: Outcome | Error) => void;
    const promise = new Promise<Outcome>((resolve, reject) => {
      const timer = setTimeout(() => void this.#giveUp(waiting), this.#deps.timeoutMs);
      settle = (result) => {
        clearTimeout(timer);
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
    });
    const { tenantId } = command;
    const state = { since: Date.now(), queuedAt: undefined, sentAt: 0, requests: 0, isGivenUp: false };
    const waiting: Waiting = { tenantId, command, bytes, promise, settle, ...state };
    this.#waiting.set(command.writeId, waiting);
    // An accepted write was promised to its own client, to be applied in its own turn.
    if (command.isAccepted !== true) this.#byRequest.set(command.requestKey, waiting);
    this.#lookup ??= setInterval(() => this.#lookUpLate(), LOOKUP_EVERY_MS);
    return waiting;
  }

  /** The write has ended, or nobody knows and it is not waited for any more. */
  #end(waiting: Waiting | undefined, result: Outcome | Error): void {
    if (!waiting || !this.#waiting.has(waiting.command.writeId)) return;
    this.#forget(waiting);
    if (!this.#lines.leave(waiting)) this.#lines.ended(waiting, !(result instanceof Error));
    waiting.settle(result);
  }

  #forget(waiting: Waiting): void {
    this.#waiting.delete(waiting.command.writeId);
    this.#dispatch.ended(waiting.command);
    this.#forgetRequest(waiting);
    if (this.#waiting.size > 0) return;
    clearInterval(this.#lookup);
    this.#lookup = undefined;
  }

  #forgetRequest(waiting: Waiting): void {
    const { requestKey } = waiting.command;
    if (this.#byRequest.get(requestKey) === waiting) this.#byRequest.delete(requestKey);
  }

  #send(waiting: Waiting): void {
    const now = Date.now();
    this.#deps.onQueued((now - waiting.since) / 1_000);
    waiting.queuedAt = now;
    waiting.sentAt = now;
    this.#dispatch.add(waiting);
  }

  readonly #onUnknown = (writeIds: readonly string[], error: unknown): void => {
    this.#deps.onError(error);
    // The jobs may have arrived although the answer did not, so this is "unknown", never "not done".
    for (const writeId of writeIds) {
      const waiting = this.#waiting.get(writeId);
      if (waiting) void this.#giveUp(waiting, true);
    }
  };

  /** @param isLost - the queue may not even have it, so that it must not count as in flight any longer */
  async #giveUp(waiting: Waiting, isLost = false): Promise<void> {
    const { tenantId, writeId } = waiting.command;
    if (!this.#waiting.has(writeId)) return;
    if (waiting.queuedAt === undefined) {
      const retryAfterSeconds = this.#lines.secondsToServe(tenantId);
      const message = `write ${writeId} was in line for ${this.#deps.timeoutMs} ms`;
      this.#end(waiting, new SubmitTimeoutError(message, { isQueued: false, retryAfterSeconds }));
      return;
    }
    try {
      const outcome = (await this.#deps.findOutcomes([{ tenantId, writeId }])).get(writeId);
      if (outcome) {
        this.#deps.onFallback(1);
        this.#end(waiting, outcome);
        return;
      }
    } catch (error) {
      this.#deps.onError(error);
    }
    const message = `write ${writeId} has not ended within ${this.#deps.timeoutMs} ms`;
    const error = new SubmitTimeoutError(message, { isQueued: true });
    if (isLost) {
      this.#end(waiting, error);
      return;
    }
    waiting.isGivenUp = true;
    this.#forgetRequest(waiting);
    waiting.settle(error);
  }

  #lookUpLate(): void {
    const now = Date.now();
    const queued = [...this.#waiting.values()].filter(({ queuedAt }) => queuedAt !== undefined);
    this.#resend(queued, now);
    for (const waiting of queued) {
      // Somebody else's job by now, or nobody's: a retry will ask the ledger.
      if (waiting.isGivenUp && waiting.since < now - 2 * this.#deps.timeoutMs)
        this.#end(waiting, new SubmitAbandonedError("not ended within twice the budget"));
    }
    if (this.#lookingUp) return;
    const late = queued.filter(({ queuedAt = now }) => queuedAt < now - LOOKUP_AFTER_MS);
    if (late.length > 0) void this.#lookUp(late, true);
  }

  #resend(queued: readonly Waiting[], now: number): void {
    const lost = queued.filter(({ sentAt }) => sentAt < now - RESEND_AFTER_MS);
    for (const waiting of lost) waiting.sentAt = now;
    if (lost.length > 0) this.#dispatch.again(lost.map(({ command }) => command.writeId));
  }

  async #lookUp(writes: readonly Waiting[], isFallback = false): Promise<void> {
    this.#lookingUp = isFallback;
    try {
      const outcomes = await this.#deps.findOutcomes(writes.map(({ command }) => command));
      if (isFallback && outcomes.size > 0) this.#deps.onFallback(outcomes.size);
      for (const [writeId, outcome] of outcomes) this.#end(this.#waiting.get(writeId), outcome);
    } catch (error) {
      this.#deps.onError(error);
    } finally {
      if (isFallback) this.#lookingUp = false;
    }
  }
}
