/** Hears of changes by the event feed, so that answers may be kept for longer: whoever an event is about is asked anew. */

export interface FollowSettings {
  readonly url: string;
  readonly key: string;
  /** Told of every attempt that gave no answer. */
  readonly onUnreachable: (error: unknown) => void;
}

export interface Listener {
  /** The feed is heard from now on; what was known before may be old. */
  readonly onHeard: () => void;
  readonly onChanged: (userId: string) => void;
  /** Nothing is heard until it is heard again. */
  readonly onLost: () => void;
}

interface Page {
  readonly events: readonly { readonly data: { readonly userId?: string } }[];
  readonly cursor: string;
}

const TYPES = "user.created,user.adopted,user.updated,user.deactivated,user.reactivated,user.deleted";
const WAIT_SECONDS = 20;
// A silent network is noticed after that long.
const TIMEOUT_MS = 25_000;
const RETRY_MS = 1_000;

/** @returns a function that ends it */
export function follow(settings: FollowSettings, listener: Listener): () => void {
  const ended = new AbortController();
  void listen(settings, listener, ended.signal);
  return () => ended.abort();
}

async function listen(settings: FollowSettings, listener: Listener, ended: AbortSignal): Promise<void> {
  const isOver = (): boolean => ended.aborted;
  while (!isOver()) {
    try {
      // From now on; what is kept at this moment may be from before.
      let { cursor } = await read({ after: "latest", wait: 0 }, settings, ended);
      listener.onHeard();
      while (!isOver()) {
        const page = await read({ after: cursor, wait: WAIT_SECONDS }, settings, ended);
        for (const { data } of page.events) if (data.userId !== undefined) listener.onChanged(data.userId);
        cursor = page.cursor;
      }
    } catch (error) {
      listener.onLost();
      if (isOver()) return;
      settings.onUnreachable(error);
      await pause(RETRY_MS * (0.5 + Math.random()), ended);
    }
  }
}

async function read(
  { after, wait }: { readonly after: string; readonly wait: number },
  { url, key }: FollowSettings,
  ended: AbortSignal,
): Promise<Page> {
  const query = new URLSearchParams({ after, wait: String(wait), types: TYPES });
  const response = await fetch(`${url}/v1/events?${query.toString()}`, {
    headers: { Authorization: `Bearer ${key}`, Accept: "application/json" },
    redirect: "error",
    signal: AbortSignal.any([ended, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  if (!response.ok) throw new Error(`Rollcall answered ${response.status}`);
  return (await response.json()) as Page;
}

function pause(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    ended.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
