/**
 * Digests of failed cycles: those that are due go through the queue to some worker, which composes, sends, and records
 * how it went. Postgres says when the next attempt is due, and that a cycle has one digest a channel.
 */
import { UnrecoverableError } from "bullmq";
import type { Logger } from "../platform/logger.ts";
import type { Mailer } from "../platform/mail.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { WebhookPoster } from "../platform/webhook-post.ts";
import { webhookHeaders } from "../platform/webhook-signature.ts";
import { DigestJob } from "../queue/contracts.ts";
import type { DeliveryProcessor, DeliveryQueue } from "../queue/queues.ts";
import type { DatabasePool } from "../store/database.ts";
import { type ClaimedDigest, claimDigest, recordDigest, takeDueDigests } from "../store/digest-deliveries.ts";
import { findDigestSecret, findDigestSettings } from "../store/digests.ts";
import { composeDigest, type Digest, digestBody, digestMail } from "./digest-message.ts";

export interface DigestDeps {
  readonly db: DatabasePool;
  readonly queue: DeliveryQueue;
  readonly poster: WebhookPoster;
  /** Undefined without SMTP_HOST. */
  readonly mailer: Mailer | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** ROLLCALL_SECRET, under which secrets are sealed. */
  readonly secret: string;
  /** Address of the console, where it is known; without a trailing slash. */
  readonly consoleUrl: () => string | undefined;
  /** Pauses between attempts; after the last one the digest has failed. */
  readonly retrySeconds: readonly number[];
}

const QUEUED_AT_ONCE = 100;
// Longer than a conversation with a mail server may reasonably take; after it, the attempt counts as lost.
const LEASE_SECONDS = 60;

/** Hands the queue what is due. Never rejects: the next beat tries again. */
export async function relayDigests({ db, queue, logger }: DigestDeps): Promise<void> {
  try {
    const due = await takeDueDigests(db, { max: QUEUED_AT_ONCE, leaseSeconds: LEASE_SECONDS });
    if (due.length === 0) return;
    await queue.addBulk(due.map((digest) => ({ name: "digest", data: { version: 1 as const, ...digest } })));
  } catch (err) {
    logger.warn({ err, component: "digests" }, "digests will be relayed again");
  }
}

/** Whether a job is one of a digest; the queue carries webhook deliveries as well. */
export function isDigest(data: object): boolean {
  return "channel" in data;
}

export function createDigestProcessor(deps: DigestDeps): DeliveryProcessor {
  return async (job) => {
    const parsed = DigestJob.safeParse(job.data);
    if (!parsed.success) throw new UnrecoverableError("the job's data is not a digest of this version");
    const due = parsed.data;
    const claimed = await claimDigest(deps.db, due, LEASE_SECONDS);
    if (claimed === undefined) return;
    const digest = await composeDigest(deps.db, { ...claimed, cycleId: due.cycleId }, deps.consoleUrl());
    // The cycle is gone, and its digest with it.
    if (digest === undefined) return;
    const sent = await SENDERS[due.channel](deps, claimed, digest);
    await record(deps, due, sent);
  };
}

interface Sent {
  readonly isSent: boolean;
  readonly error: string | null;
}

type Sender = (deps: DigestDeps, claimed: ClaimedDigest, digest: Digest) => Promise<Sent>;

const SENDERS: Readonly<Record<DigestJob["channel"], Sender>> = {
  async webhook({ db, poster, secret }, claimed, digest) {
    const [{ url }, signing] = await Promise.all([
      findDigestSettings(db, claimed),
      findDigestSecret(db, claimed, secret),
    ]);
    if (url === null) return failed("no address is set any more");
    if (signing === undefined) return failed("its secret was sealed under another ROLLCALL_SECRET");
    const body = digestBody(digest);
    const headers = webhookHeaders({ id: digest.id, sentAt: new Date(), body }, [signing]);
    const { error } = await poster.post(url, body, headers);
    return { isSent: error === null, error };
  },
  async email({ db, mailer }, claimed, digest) {
    if (mailer === undefined) return failed("this worker has no mail server: SMTP_HOST is not set");
    const { emails } = await findDigestSettings(db, claimed);
    return emails.length === 0
      ? failed("no address is set any more")
      : mailer.send(digestMail(digest, emails));
  },
};

function failed(error: string): Sent {
  return { isSent: false, error };
}

async function record(deps: DigestDeps, due: DigestJob, { isSent, error }: Sent): Promise<void> {
  const retry = deps.retrySeconds[due.attempt - 1];
  const state = isSent ? "delivered" : retry === undefined ? "failed" : "pending";
  const retryAfterSeconds = state === "pending" ? (retry ?? null) : null;
  await recordDigest(deps.db, due, { state, retryAfterSeconds, error });
  const { channel, tenantId, cycleId } = due;
  deps.metrics.digests.inc({ channel, result: state === "pending" ? "retried" : state });
  if (state === "failed")
    deps.logger.error({ component: "digests", tenantId, cycleId, channel, error }, "digest failed for good");
}
