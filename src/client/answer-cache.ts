/** Answers that are used again for a moment: of bounded age, bounded number, and forgotten on command. */
import type { LoginAnswer } from "./contract.ts";

interface Kept {
  readonly answer: Promise<LoginAnswer>;
  readonly until: number;
  userId?: string | undefined;
}

const ENTRIES_MAX = 10_000;

export class AnswerCache {
  readonly #ms: () => number;
  readonly #kept = new Map<string, Kept>();

  /** @param ms - how long an answer is used again; 0 keeps none */
  constructor(ms: () => number) {
    this.#ms = ms;
  }

  /** @returns the answer that is kept, or under way, else the one that `ask` gives */
  get(key: string, ask: () => Promise<LoginAnswer>): Promise<LoginAnswer> {
    const ms = this.#ms();
    if (ms <= 0) return ask();
    const known = this.#kept.get(key);
    if (known && known.until > Date.now()) return known.answer;
    const kept: Kept = { answer: ask(), until: Date.now() + ms };
    this.#keep(key, kept);
    kept.answer.then(
      ({ userId, reason }) => {
        kept.userId = userId;
        // What was not answered is asked again by whoever comes next.
        if (reason === "unreachable") this.#drop(key, kept);
      },
      () => this.#drop(key, kept),
    );
    return kept.answer;
  }

  /** Forgets what is known of a user, and of everybody who is not known; without an id, of all. */
  forget(userId?: string): void {
    for (const [key, kept] of this.#kept)
      if (userId === undefined || kept.userId === undefined || kept.userId === userId) this.#kept.delete(key);
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    if (this.#kept.size <= ENTRIES_MAX) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }

  #drop(key: string, kept: Kept): void {
    if (this.#kept.get(key) === kept) this.#kept.delete(key);
  }
}
