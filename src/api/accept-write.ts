/**
 * A write that goes on without its request (RFC 9967 section 2.5.1): recorded in Postgres first, from where it is
 * applied whatever becomes of the queue and of this process, then put on the queue for speed.
 */
import { randomUUID } from "node:crypto";
import { within } from "../platform/within.ts";
import type { Outcome, WriteCommand } from "../queue/contracts.ts";
import { SubmitOverloadError } from "../queue/lines.ts";
import type { Exchange } from "./context.ts";
import { bytesOf } from "./scim-body.ts";
import { assertNoted, commandOf, type SubmitDeps, watchAnswer, type WriteRequest } from "./submit-write.ts";

/** Will be applied; may be asked for under this transaction. */
export interface Accepted {
  readonly txn: string;
}

// A tenant with that many pending writes is far from having room for another.
const RETRY_AFTER_SECONDS = 60;

/**
 * @param options - `waitMs`: how long to wait for the outcome before the answer is 202
 * @returns the outcome where it is known in time
 * @throws {SubmitOverloadError} when too many writes of the tenant are accepted and not applied yet
 */
export async function acceptAndSubmit(
  write: WriteRequest,
  exchange: Exchange,
  { waitMs, submit }: { readonly waitMs: number; readonly submit: SubmitDeps },
): Promise<Outcome | Accepted> {
  const { requestKey, ...rest } = commandOf(write, { ...exchange, apiId: submit.apiId });
  // Two accepted writes of the same words are two promises: to a worker each is a request of its own.
  const command = { ...rest, requestKey: randomUUID(), isAccepted: true };
  const { tenantId, tenantSlug } = command;
  await assertNoted(requestKey, submit);
  const txn = await submit.accept(command, requestKey);
  if (txn === undefined) {
    submit.onTurnedAway(tenantSlug, "line_full");
    throw new SubmitOverloadError(RETRY_AFTER_SECONDS);
  }
  // Who hangs up before the 202 will ask again, and is to be given this write.
  watchAnswer(exchange, { tenantId, requestKey, writeId: txn, abandon: () => true }, submit);
  if (txn !== command.writeId) return { txn };
  const outcome = enqueue(command, bytesOf(exchange.response).length, submit);
  return (waitMs === 0 ? undefined : await within(waitMs, outcome)) ?? { txn };
}

/** @returns undefined where the outcome will not be known here: the worker finds the write in Postgres */
async function enqueue(
  command: WriteCommand,
  bytes: number,
  { submitter }: SubmitDeps,
): Promise<Outcome | undefined> {
  try {
    const places = submitter.takePlaces(command.tenantId, 1, bytes);
    try {
      return await submitter.submit(command, bytes).outcome;
    } finally {
      places.release();
    }
  } catch {
    return undefined;
  }
}
