/**
 * The way back: a worker hands the outcomes of a committed batch to the api processes that wait for them.
 * In one process that is a call; between processes a Redis channel per api process, or NOTIFY where the queue
 * lives in Postgres. A reply may be lost at any moment: the ledger is asked for whatever did not arrive, so this
 * channel only has to be fast.
 */
import { z } from "zod";
import { Reply } from "./contracts.ts";
import { openRedis } from "./redis.ts";

export interface ReplyMessage {
  /** Replies in full. */
  readonly replies: readonly Reply[];
  /** Writes that have ended, whose outcome is to be read from the ledger. */
  readonly ended: readonly string[];
}

type Listener = (message: ReplyMessage) => void;

/** Worker side. */
export interface ReplySender {
  /** Never throws and never waits: a lost reply is found in the ledger. */
  send(apiId: string, replies: readonly Reply[]): void;
  close(): Promise<void>;
}

/** Api side. */
export interface ReplyReceiver {
  /** Begins to deliver what is sent to `apiId`. */
  listen(apiId: string, listener: Listener): Promise<void>;
  close(): Promise<void>;
}

/** Hands replies over inside one process; what it cannot place it gives to `remote`. */
export class LocalReplies {
  readonly #listeners = new Map<string, Listener>();

  receiver(remote: ReplyReceiver): ReplyReceiver {
    let listening: string | undefined;
    return {
      listen: async (apiId, listener) => {
        listening = apiId;
        this.#listeners.set(apiId, listener);
        await remote.listen(apiId, listener);
      },
      close: async () => {
        if (listening !== undefined) this.#listeners.delete(listening);
        await remote.close();
      },
    };
  }

  sender(remote: ReplySender): ReplySender {
    return {
      send: (apiId, replies) => {
        const listener = this.#listeners.get(apiId);
        if (listener) listener({ replies, ended: [] });
        else remote.send(apiId, replies);
      },
      close: () => remote.close(),
    };
  }
}

const Replies = z.array(Reply);

export interface RedisReplySettings {
  readonly url: string;
  readonly prefix: string;
  readonly onError: (error: Error) => void;
}

export function redisReplySender(settings: RedisReplySettings): ReplySender {
  const redis = openRedis(
    settings.url,
    { maxRetriesPerRequest: 0, enableOfflineQueue: false },
    settings.onError,
  );
  return {
    send(apiId, replies) {
      redis.publish(channelOf(settings.prefix, apiId), JSON.stringify(replies)).catch(settings.onError);
    },
    close() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

export function redisReplyReceiver(settings: RedisReplySettings): ReplyReceiver {
  const redis = openRedis(settings.url, { maxRetriesPerRequest: null }, settings.onError);
  return {
    async listen(apiId, listener) {
      redis.on("message", (_channel: string, text: string) => {
        const parsed = Replies.safeParse(JSON.parse(text));
        // Another version's worker may speak otherwise; the ledger speaks one language.
        if (parsed.success) listener({ replies: parsed.data, ended: [] });
      });
      await redis.subscribe(channelOf(settings.prefix, apiId));
    },
    close() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

function channelOf(prefix: string, apiId: string): string {
  return `{${prefix}}:replies:${apiId}`;
}

/** What NOTIFY and LISTEN need of Postgres; src/store provides it. */
export interface Notifier {
  notify(channel: string, payloads: readonly string[]): Promise<void>;
  listen(channel: string, listener: (payload: string) => void): Promise<void>;
  close(): Promise<void>;
}

// A NOTIFY payload holds 8,000 bytes: 200 ids of 36 characters and a comma.
const IDS_PER_PAYLOAD = 200;

export function postgresReplySender(notifier: Notifier, onError: (error: Error) => void): ReplySender {
  return {
    send(apiId, replies) {
      const payloads: string[] = [];
      for (let start = 0; start < replies.length; start += IDS_PER_PAYLOAD) {
        const ids = replies.slice(start, start + IDS_PER_PAYLOAD).map(({ writeId }) => writeId);
        payloads.push(ids.join(","));
      }
      notifier.notify(postgresChannelOf(apiId), payloads).catch(onError);
    },
    close: () => notifier.close(),
  };
}

export function postgresReplyReceiver(notifier: Notifier): ReplyReceiver {
  return {
    listen: (apiId, listener) =>
      notifier.listen(postgresChannelOf(apiId), (payload) =>
        listener({ replies: [], ended: payload.split(",") }),
      ),
    close: () => notifier.close(),
  };
}

function postgresChannelOf(apiId: string): string {
  return `rollcall_replies_${apiId.replaceAll("-", "")}`;
}
