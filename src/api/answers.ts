/**
 * Which writes were answered. When a request ends without its outcome (its budget is spent, the client hung up, or its
 * connection was reset under the answer), that is noted in Postgres, so that the client's retry takes up the same
 * write. And a few times a second this process leaves its word there: "every write up to this id was answered or
 * noted, but for these". If the process is then killed, only what came after that word is in doubt.
 */
import { Beat } from "../platform/beat.ts";
import { uuidOf } from "../platform/ids.ts";
import type { Logger } from "../platform/logger.ts";
import type { DatabasePool } from "../store/database.ts";
import {
  noteApiProcess,
  recordUnanswered,
  type UnansweredWrite,
  type Word,
  withdrawUnanswered,
} from "../store/repeated-requests.ts";

export interface AnswersDeps {
  readonly db: DatabasePool;
  readonly apiId: string;
  readonly logger: Logger;
}

interface Open {
  /** Identical requests that wait for it. */
  requests: number;
  /** One of them has its answer: the others were the same request, sent at once or again. */
  isAnswered: boolean;
}

const BEAT_MS = 1_000;
// What was answered within this time before the process is killed stays in doubt.
const WORD_MS = 200;
// More than are under way at most times; those behind them are left to the next word.
const OPEN_SAID = 64;
// Far more than the writes that are given up within the time in which one may still end.
const NOTED_KEPT = 10_000;

export class Answers {
  readonly #deps: AnswersDeps;
  /** Writes whose requests have not all ended. */
  readonly #open = new Map<string, Open>();
  /** Writes that must still be noted as unanswered. */
  readonly #unanswered = new Map<string, UnansweredWrite>();
  /** The newest notes: their requests may come again while the write is under way, and then be answered. */
  readonly #noted = new Map<string, UnansweredWrite>();
  /** Notes that must still be taken back. */
  readonly #withdrawn = new Map<string, UnansweredWrite>();
  /** Notes on their way. */
  readonly #recording = new Map<string, Promise<void>>();
  #lastWriteId: string | undefined;
  #said: string | undefined;
  #silentUntil = 0;
  readonly #beat = new Beat(() => this.#repeat(), BEAT_MS);
  readonly #words = new Beat(() => this.#leaveWord(), WORD_MS);

  constructor(deps: AnswersDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#beat.start();
    this.#words.start();
  }

  async stop(): Promise<void> {
    await this.#beat.stop();
    this.#silentUntil = 0;
    await this.#words.stop();
  }

  /** A request begins to wait for this write. */
  begin(writeId: string): void {
    const open = this.#open.get(writeId) ?? { requests: 0, isAnswered: false };
    open.requests += 1;
    this.#open.set(writeId, open);
    if (this.#lastWriteId === undefined || writeId > this.#lastWriteId) this.#lastWriteId = writeId;
  }

  /** The response has left whole. */
  answered(writeId: string): void {
    this.#end(writeId, true);
    const noted = this.#noted.get(writeId);
    if (!noted) return;
    this.#noted.delete(writeId);
    this.#unanswered.delete(writeId);
    this.#withdrawn.set(writeId, noted);
    void this.#withdraw(noted);
  }

  /** The request ended, or is about to end, without the write's outcome. Never throws: what fails is tried again. */
  async unanswered(write: UnansweredWrite): Promise<void> {
    const { requests, isAnswered } = this.#end(write.writeId, false);
    // A note beside an answer would let a later request of the same words pass for a retry.
    if (isAnswered || requests > 0) return;
    this.#unanswered.set(write.writeId, write);
    this.#remember(write);
    await this.#record(write);
  }

  /**
   * The request may be a retry of one that this process has not noted yet, because Postgres was away.
   * @returns false when it still cannot be noted
   */
  async isNoted(requestKey: string): Promise<boolean> {
    if (this.#unanswered.size === 0) return true;
    const same = [...this.#unanswered.values()].filter((write) => write.requestKey === requestKey);
    for (const write of same) await this.#record(write);
    return same.every(({ writeId }) => !this.#unanswered.has(writeId));
  }

  #remember(write: UnansweredWrite): void {
    this.#noted.set(write.writeId, write);
    if (this.#noted.size <= NOTED_KEPT) return;
    for (const oldest of this.#noted.keys()) {
      this.#noted.delete(oldest);
      break;
    }
  }

  #end(writeId: string, isAnswered: boolean): Open {
    const open = this.#open.get(writeId) ?? { requests: 1, isAnswered: false };
    open.requests -= 1;
    open.isAnswered ||= isAnswered;
    if (open.requests === 0) this.#open.delete(writeId);
    return open;
  }

  async #record(write: UnansweredWrite): Promise<void> {
    const { writeId } = write;
    try {
      const recording = recordUnanswered(this.#deps.db.of([write.tenantId]), write);
      this.#recording.set(writeId, recording);
      await recording;
      this.#unanswered.delete(writeId);
    } catch (err) {
      this.#deps.logger.warn({ err, writeId }, "unanswered write not noted yet");
    } finally {
      this.#recording.delete(writeId);
    }
  }

  async #withdraw(write: UnansweredWrite): Promise<void> {
    try {
      // A note that is being written at this moment is there first.
      await this.#recording.get(write.writeId)?.catch(() => undefined);
      await withdrawUnanswered(this.#deps.db.of([write.tenantId]), write);
      this.#withdrawn.delete(write.writeId);
    } catch (err) {
      this.#deps.logger.warn({ err, writeId: write.writeId }, "note of an answered write not taken back yet");
    }
  }

  async #repeat(): Promise<void> {
    for (const write of [...this.#withdrawn.values()]) await this.#withdraw(write);
    for (const write of [...this.#unanswered.values()]) await this.#record(write);
  }

  async #leaveWord(): Promise<void> {
    const word = this.#word();
    if (word === undefined || JSON.stringify(word) === this.#said || performance.now() < this.#silentUntil)
      return;
    try {
      await noteApiProcess(this.#deps.db, this.#deps.apiId, word);
      this.#said = JSON.stringify(word);
    } catch (err) {
      this.#silentUntil = performance.now() + BEAT_MS;
      this.#deps.logger.warn({ err }, "the word on answered writes was not left; the next beat tries again");
    }
  }

  #word(): Word | undefined {
    const open = [...new Set([...this.#open.keys(), ...this.#unanswered.keys()])].sort();
    const tooMany = open[OPEN_SAID];
    const answeredThrough = tooMany === undefined ? this.#lastWriteId : precedingId(tooMany);
    return answeredThrough === undefined ? undefined : { answeredThrough, open: open.slice(0, OPEN_SAID) };
  }
}

/** The UUID before this one, in the order in which Postgres compares them. */
export function precedingId(id: string): string {
  const number = BigInt(`0x${id.replaceAll("-", "")}`) - 1n;
  return uuidOf(number.toString(16).padStart(32, "0"));
}
