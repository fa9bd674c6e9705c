/** The client: may this person log in? */
import { AnswerCache } from "./answer-cache.ts";
import type { LoginAnswer, LoginCheck, RollcallClientOptions } from "./contract.ts";
import { follow } from "./follow.ts";
import { type Answer, post, type RequestSettings, UnreachableError } from "./request.ts";

export interface RollcallClient {
  /**
   * An answer as old as `cacheMs` at most.
   * @throws {RollcallError} when the key or the question is wrong; when Rollcall cannot be reached it answers as the
   *   tenant chose, with the reason `unreachable`
   */
  mayLogIn(check: LoginCheck): Promise<LoginAnswer>;
  /** Many at once, asked anew. @returns answers in the order of the checks */
  mayAllLogIn(checks: readonly LoginCheck[]): Promise<readonly LoginAnswer[]>;
  /** For a webhook or event that tells of a change: forgets what is kept of this user, or of all. */
  forget(userId?: string): void;
  /**
   * Listens to the tenant's events: while it hears them, answers are kept for a minute and forgotten as soon as a change
   * is told. @returns a function that ends it
   */
  follow(): () => void;
}

const PATH = "/v1/login-check";
const CHECKS_MAX = 1_000;
const HEARD_CACHE_MS = 60_000;
const DEFAULTS = { timeoutMs: 1_000, retries: 1, cacheMs: 1_000 };

export function createRollcallClient(options: RollcallClientOptions): RollcallClient {
  const settings: RequestSettings = {
    url: options.url.replace(/\/+$/, ""),
    key: options.key,
    timeoutMs: options.timeoutMs ?? DEFAULTS.timeoutMs,
    retries: options.retries ?? DEFAULTS.retries,
    onUnreachable: options.onUnreachable ?? (() => undefined),
  };
  let isHeard = false;
  const cache = new AnswerCache(() => (isHeard ? HEARD_CACHE_MS : (options.cacheMs ?? DEFAULTS.cacheMs)));
  let chosen: string | null = null;

  async function ask(body: object): Promise<Answer | undefined> {
    try {
      const answer = await post(PATH, body, settings);
      chosen = answer.headers.get("rollcall-when-unreachable") ?? chosen;
      return answer;
    } catch (error) {
      if (error instanceof UnreachableError) return undefined;
      throw error;
    }
  }

  function unreachable(): LoginAnswer {
    return { allowed: (options.whenUnreachable ?? chosen) === "allow", reason: "unreachable" };
  }

  return {
    mayLogIn(check) {
      const key = JSON.stringify(Object.entries(check).sort());
      return cache.get(key, async () => {
        const answer = await ask(check);
        return answer === undefined ? unreachable() : (answer.body as LoginAnswer);
      });
    },
    async mayAllLogIn(checks) {
      const answers: LoginAnswer[] = [];
      for (let from = 0; from < checks.length; from += CHECKS_MAX) {
        const part = checks.slice(from, from + CHECKS_MAX);
        const answer = await ask({ checks: part });
        if (answer === undefined) answers.push(...part.map(unreachable));
        else answers.push(...(answer.body as { results: LoginAnswer[] }).results);
      }
      return answers;
    },
    forget: (userId) => cache.forget(userId),
    follow: () =>
      follow(settings, {
        onHeard: () => {
          cache.forget();
          isHeard = true;
        },
        onChanged: (userId) => cache.forget(userId),
        onLost: () => {
          isHeard = false;
          cache.forget();
        },
      }),
  };
}
