/** How outcomes travel between processes: Redis where the queue lives there, else NOTIFY of Postgres. */
import type { Config } from "./platform/config.ts";
import type { Logger } from "./platform/logger.ts";
import {
  postgresReplyReceiver,
  postgresReplySender,
  redisReplyReceiver,
  redisReplySender,
  type ReplyReceiver,
  type ReplySender,
} from "./queue/replies.ts";
import type { DatabasePool } from "./store/database.ts";
import { createNotifier } from "./store/notifier.ts";

export interface ReplyChannel {
  sender(): ReplySender;
  receiver(): ReplyReceiver;
}

export function replyChannel({
  config,
  db,
  logger,
}: {
  readonly config: Config;
  readonly db: DatabasePool;
  readonly logger: Logger;
}): ReplyChannel {
  const onError = (err: unknown): void =>
    logger.warn({ err }, "the reply channel is disturbed; outcomes are taken from Postgres");
  const { REDIS_URL: url, QUEUE_PREFIX: prefix } = config;
  if (url !== undefined) {
    return {
      sender: () => redisReplySender({ url, prefix, onError }),
      receiver: () => redisReplyReceiver({ url, prefix, onError }),
    };
  }
  return {
    sender: () => postgresReplySender(createNotifier(db, onError), onError),
    receiver: () => postgresReplyReceiver(createNotifier(db, onError)),
  };
}
