/**
 * Which write goes to the queue next. Every tenant has a line of its own, and the lines are served in turns: one write
 * of each tenant that waits, over and over. The queue itself is first come, first served, so it is kept short: a
 * tenant has no more than so many writes on it, and so has the process.
 *
 * A request takes its places before its writes enter, and gives them back when it has ended, whatever became of it.
 * A line without room refuses at the door, and says when it will have been served, by the rate at which it is.
 */
import { DrainRate } from "./drain-rate.ts";

export interface LineLimits {
  /** Writes of this process on the queue at once. */
  readonly inFlightMax: number;
  /** Of these, writes of one tenant. */
  readonly tenantInFlightMax: number;
  /** Writes of one tenant that wait behind them. */
  readonly tenantLineMax: number;
  /** Bytes of one tenant's requests that are held at once; a request alone always fits. */
  readonly tenantBytesMax: number;
}

/** The tenant's line has no room. */
export class SubmitOverloadError extends Error {
  override readonly name = "SubmitOverloadError";
  /** After this time those who wait now will have been served. */
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super("the tenant's line is full");
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** A request's places in its tenant's line. */
export interface Places {
  /** Gives them back; more than once is harmless. */
  release(): void;
}

export interface LinesState {
  readonly waiting: number;
  readonly inFlight: number;
  readonly tenantsWaiting: number;
}

interface Line<Entry> {
  readonly tenantId: string;
  readonly waiting: Set<Entry>;
  readonly rate: DrainRate;
  inFlight: number;
  places: number;
  bytes: number;
  /** Has a turn coming. */
  isInRing: boolean;
}

const RETRY_AFTER_SECONDS_MAX = 60;
// All lines together hold what so many full ones would: memory is one for all tenants.
const FULL_LINES_MAX = 4;

export class Lines<Entry extends { readonly tenantId: string }> {
  readonly #limits: LineLimits;
  readonly #dispatch: (entry: Entry) => void;
  readonly #now: () => number;
  readonly #lines = new Map<string, Line<Entry>>();
  /** Lines that wait for a turn, in the order of their turns. */
  readonly #ring: Line<Entry>[] = [];
  #waiting = 0;
  #inFlight = 0;
  #bytes = 0;

  constructor(
    limits: LineLimits,
    dispatch: (entry: Entry) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#limits = limits;
    this.#dispatch = dispatch;
    this.#now = now;
  }

  /**
   * @param writes - that the request will have in the line or on the queue at once
   * @param bytes - of the request's body
   * @throws {SubmitOverloadError} when there is no room
   */
  take(tenantId: string, writes: number, bytes: number): Places {
    const { tenantInFlightMax, tenantLineMax, tenantBytesMax } = this.#limits;
    const line = this.#lineOf(tenantId);
    const hasPlace = line.places + writes <= tenantInFlightMax + tenantLineMax;
    const hasBytes =
      line.bytes === 0 ||
      (line.bytes + bytes <= tenantBytesMax && this.#bytes + bytes <= tenantBytesMax * FULL_LINES_MAX);
    if (!hasPlace || !hasBytes) {
      this.#forgetIdle(line);
      throw new SubmitOverloadError(this.#secondsToServe(line));
    }
    this.#resize(line, writes, bytes);
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#resize(line, -writes, -bytes);
      },
    };
  }

  /** Seconds until those of the tenant who wait now will have been served; true for whoever asks, bounded. */
  secondsToServe(tenantId: string): number {
    const line = this.#lines.get(tenantId);
    return line ? this.#secondsToServe(line) : 1;
  }

  /** The write waits for its turn; it may come at once. */
  enter(entry: Entry): void {
    const line = this.#lineOf(entry.tenantId);
    line.waiting.add(entry);
    this.#waiting += 1;
    this.#queueUp(line);
    this.#serve();
  }

  /** @returns whether it left before its turn; else it is on the queue */
  leave(entry: Entry): boolean {
    const line = this.#lines.get(entry.tenantId);
    if (line?.waiting.delete(entry) !== true) return false;
    this.#waiting -= 1;
    this.#forgetIdle(line);
    return true;
  }

  /** The write is on the queue no more. @param isServed - false when nobody knows how it ended */
  ended(entry: Entry, isServed: boolean): void {
    const line = this.#lineOf(entry.tenantId);
    line.inFlight -= 1;
    this.#inFlight -= 1;
    if (isServed) line.rate.mark(this.#now());
    this.#queueUp(line);
    this.#serve();
    this.#forgetIdle(line);
  }

  state(): LinesState {
    const tenantsWaiting = [...this.#lines.values()].filter(({ waiting }) => waiting.size > 0).length;
    return { waiting: this.#waiting, inFlight: this.#inFlight, tenantsWaiting };
  }

  #serve(): void {
    while (this.#inFlight < this.#limits.inFlightMax) {
      const line = this.#ring.shift();
      if (!line) return;
      line.isInRing = false;
      const [entry] = line.waiting;
      if (entry === undefined) continue;
      line.waiting.delete(entry);
      this.#waiting -= 1;
      line.inFlight += 1;
      this.#inFlight += 1;
      this.#queueUp(line);
      this.#dispatch(entry);
    }
  }

  /** The line's next turn comes after those of all others; none while it has all it may have on the queue. */
  #queueUp(line: Line<Entry>): void {
    const mayHaveTurn = line.waiting.size > 0 && line.inFlight < this.#limits.tenantInFlightMax;
    if (line.isInRing || !mayHaveTurn) return;
    line.isInRing = true;
    this.#ring.push(line);
  }

  #lineOf(tenantId: string): Line<Entry> {
    const known = this.#lines.get(tenantId);
    if (known) return known;
    const line: Line<Entry> = {
      tenantId,
      waiting: new Set(),
      rate: new DrainRate(this.#now()),
      inFlight: 0,
      places: 0,
      bytes: 0,
      isInRing: false,
    };
    this.#lines.set(tenantId, line);
    return line;
  }

  #resize(line: Line<Entry>, writes: number, bytes: number): void {
    line.places += writes;
    line.bytes += bytes;
    this.#bytes += bytes;
    this.#forgetIdle(line);
  }

  #forgetIdle({ tenantId, waiting, inFlight, places }: Line<Entry>): void {
    if (waiting.size + inFlight + places === 0) this.#lines.delete(tenantId);
  }

  #secondsToServe({ rate, waiting, inFlight }: Line<Entry>): number {
    const ahead = Math.max(1, waiting.size + inFlight);
    const seconds = Math.ceil(ahead / rate.perSecond(this.#now()));
    return Math.min(RETRY_AFTER_SECONDS_MAX, Math.max(1, seconds));
  }
}
