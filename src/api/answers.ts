/**
 * Which writes were answered. When a request ends without its outcome (its budget is spent, or the client hung up),
 * that is noted in Postgres, so that the client's retry takes up the same write. And about once a second this
 * process leaves its word there: "every write up to this id was answered or noted". If the process is then killed,
 * only what came after that word is in doubt.
 */
import { Beat } from "../platform/beat.ts";
import type { Logger } from "../platform/logger.ts";
import type { Database } from "../store/database.ts";
import { type LedgerKey, noteApiProcess, recordUnanswered, type RequestKey } from "../store/ledger.ts";

export interface AnswersDeps {
  readonly db: Database;
  readonly apiId: string;
  readonly logger: Logger;
}

type Write = LedgerKey & RequestKey;

const BEAT_MS = 1_000;

export class Answers {
  readonly #deps: AnswersDeps;
  /** Writes whose request has not ended, with the number of identical requests that wait for each. */
  readonly #open = new Map<string, number>();
  /** Writes that must still be noted as unanswered. */
  readonly #unanswered = new Map<string, Write>();
  #lastWriteId: string | undefined;
  #said: string | undefined;
  readonly #beat = new Beat(() => this.#say(), BEAT_MS);

  constructor(deps: AnswersDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#beat.start();
  }

  stop(): Promise<void> {
    return this.#beat.stop();
  }

  /** A request begins to wait for this write. */
  begin(writeId: string): void {
    this.#open.set(writeId, (this.#open.get(writeId) ?? 0) + 1);
    if (this.#lastWriteId === undefined || writeId > this.#lastWriteId) this.#lastWriteId = writeId;
  }

  /** The response has left whole. */
  answered(writeId: string): void {
    const requests = (this.#open.get(writeId) ?? 1) - 1;
    if (requests === 0) this.#open.delete(writeId);
    else this.#open.set(writeId, requests);
  }

  /** The request ended, or is about to end, without the write's outcome. Never throws: what fails is tried again. */
  async unanswered(write: Write): Promise<void> {
    this.#unanswered.set(write.writeId, write);
    this.answered(write.writeId);
    await this.#record(write);
  }

  async #record(write: Write): Promise<void> {
    const { tenantId, requestKey, writeId } = write;
    try {
      await recordUnanswered(this.#deps.db, { tenantId, requestKey, writeId });
      this.#unanswered.delete(writeId);
    } catch (err) {
      this.#deps.logger.warn({ err, writeId }, "unanswered write not noted yet");
    }
  }

  async #say(): Promise<void> {
    for (const write of [...this.#unanswered.values()]) await this.#record(write);
    const word = this.#answeredThrough();
    if (word === undefined || word === this.#said) return;
    try {
      await noteApiProcess(this.#deps.db, this.#deps.apiId, word);
      this.#said = word;
    } catch (err) {
      this.#deps.logger.warn({ err }, "the word on answered writes was not left; the next beat tries again");
    }
  }

  #answeredThrough(): string | undefined {
    let oldest: string | undefined;
    for (const writeId of [...this.#open.keys(), ...this.#unanswered.keys()]) {
      if (oldest === undefined || writeId < oldest) oldest = writeId;
    }
    return oldest === undefined ? this.#lastWriteId : precedingId(oldest);
  }
}

const UUID_PARTS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;

/** The UUID before this one, in the order in which Postgres compares them. */
export function precedingId(id: string): string {
  const number = BigInt(`0x${id.replaceAll("-", "")}`) - 1n;
  return number.toString(16).padStart(32, "0").replace(UUID_PARTS, "$1-$2-$3-$4-$5");
}
