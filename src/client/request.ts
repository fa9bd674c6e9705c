/** One question to Rollcall over HTTP: so long, so often, and then it counts as unreachable. */

/** Rollcall answered, and the answer is that the question or the key is wrong: asking again would not help. */
export class RollcallError extends Error {
  override readonly name = "RollcallError";
  readonly status: number;
  /** A word from docs/product-api.md, such as `unauthenticated`. */
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** No attempt was answered. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

export interface RequestSettings {
  readonly url: string;
  readonly key: string;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly onUnreachable: (error: unknown) => void;
}

export interface Answer {
  readonly headers: Headers;
  readonly body: unknown;
}

// Long enough for a restarted process to listen again, short enough that a person who signs in does not notice.
const RETRY_MS = 50;

/**
 * @throws {RollcallError} for what Rollcall refuses
 * @throws {UnreachableError} when no attempt was answered
 */
export async function post(path: string, body: object, settings: RequestSettings): Promise<Answer> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await attemptPost(path, body, settings);
    } catch (error) {
      if (error instanceof RollcallError) throw error;
      settings.onUnreachable(error);
      if (attempt >= settings.retries)
        throw new UnreachableError("Rollcall gave no answer", { cause: error });
      // Spread, so that the processes of a product do not come back all at once.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * 2 ** attempt * (0.5 + Math.random())));
    }
  }
}

async function attemptPost(
  path: string,
  body: object,
  { url, key, timeoutMs }: RequestSettings,
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
    // A redirect would carry the key elsewhere, or lose the body.
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answered: unknown = await response.json();
  if (response.ok) return { headers: response.headers, body: answered };
  if (response.status === 429 || response.status >= 500)
    throw new Error(`Rollcall answered ${response.status}`);
  const { code = "unknown", detail = `Rollcall answered ${response.status}` } = answered as {
    code?: string;
    detail?: string;
  };
  throw new RollcallError(response.status, code, detail);
}
