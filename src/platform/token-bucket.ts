/** Token buckets by key, in memory: so many at once, so many a second from then on. Arithmetic on a request, no timer. */

export interface Draw {
  readonly isAllowed: boolean;
  /** Whole tokens that are left. */
  readonly remaining: number;
  /** Whole seconds, rounded up, until one more is there; 0 where one is. */
  readonly retryAfterSeconds: number;
}

interface Bucket {
  tokens: number;
  /** Milliseconds of a clock that only goes forward. */
  at: number;
}

/** How much a bucket holds, and how fast it fills. */
export interface Flow {
  readonly capacity: number;
  readonly perSecond: number;
}

// Above it the oldest is forgotten: whoever has many keys fills no memory.
const KEYS_MAX = 10_000;

export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes a token where there is one. */
  draw(key: string, flow: Flow): Draw {
    const bucket = this.#filled(key, flow);
    const isAllowed = bucket.tokens >= 1;
    if (isAllowed) bucket.tokens -= 1;
    const missing = Math.max(0, 1 - bucket.tokens);
    return {
      isAllowed,
      remaining: Math.floor(bucket.tokens),
      retryAfterSeconds: isAllowed ? 0 : Math.max(1, Math.ceil(missing / flow.perSecond)),
    };
  }

  #filled(key: string, { capacity, perSecond }: Flow): Bucket {
    const now = this.#now();
    const known = this.#buckets.get(key);
    if (known === undefined) {
      if (this.#buckets.size >= KEYS_MAX) this.#forgetOldest();
      const bucket = { tokens: capacity, at: now };
      this.#buckets.set(key, bucket);
      return bucket;
    }
    known.tokens = Math.min(capacity, known.tokens + ((now - known.at) / 1_000) * perSecond);
    known.at = now;
    return known;
  }

  /** The first that came: a map keeps their order. */
  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
