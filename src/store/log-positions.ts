/**
 * Where the primary's log stood at which time. By it one knows how old what a replica lacks is, whatever the clocks of
 * both say; and one whose primary has nothing to do is not taken for one that is behind.
 */

/** A position in the log as Postgres writes it, such as "16/B374D848". */
export type LogPosition = string;

interface Sample {
  readonly at: number;
  readonly position: LogPosition;
}

export class LogPositions {
  readonly #windowMs: number;
  #samples: readonly Sample[] = [];
  /** The first that the replica was found to lack, which may be older than what is kept of the others. */
  #missing: Sample | undefined;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** @param at - when the primary was asked: what was committed by then is in front of the position. */
  add(at: number, position: LogPosition): void {
    this.#samples = [...this.#samples.filter((sample) => this.#isRecent(sample, at)), { at, position }];
  }

  /**
   * What a replica must have replayed to lack nothing that is older than the window.
   * @returns undefined where the primary has not been asked for so long
   */
  floor(now: number): LogPosition | undefined {
    return this.#samples.find((sample) => this.#isRecent(sample, now))?.position;
  }

  /** For how long a replica that has come so far is known to lack something, in milliseconds. */
  lagOf(replayed: LogPosition, now: number): number {
    if (this.#missing === undefined || hasReached(replayed, this.#missing.position))
      this.#missing = this.#samples.find(({ position }) => !hasReached(replayed, position));
    return this.#missing === undefined ? 0 : now - this.#missing.at;
  }

  #isRecent({ at }: Sample, now: number): boolean {
    return now - at <= this.#windowMs;
  }
}

export function hasReached(position: LogPosition, wanted: LogPosition): boolean {
  return bytesOf(position) >= bytesOf(wanted);
}

function bytesOf(position: LogPosition): bigint {
  const [high = "0", low = "0"] = position.split("/");
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
