/** A write on its way through the queue: from the request to the outcome, with what a retry of it must find. */
import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { newId, uuidOf } from "../platform/ids.ts";
import type { ResourceType } from "../scim/index.ts";
import type { Operation, Outcome, WriteCommand } from "../queue/contracts.ts";
import { type Places, SubmitOverloadError } from "../queue/lines.ts";
import { SubmitAbandonedError, type Submitter, SubmitTimeoutError } from "../queue/submit.ts";
import type { Answers } from "./answers.ts";
import { contextOf, type Exchange, principalOf } from "./context.ts";
import type { Fate, Receipts } from "./receipts.ts";
import { bytesOf } from "./scim-body.ts";

export interface SubmitDeps {
  readonly submitter: Pick<Submitter, "submit" | "takePlaces">;
  readonly answers: Answers;
  readonly receipts: Receipts;
  readonly apiId: string;
  /** Told of a write that was not begun, because there was no room, no time, or nobody to answer. */
  readonly onTurnedAway: (tenantSlug: string, reason: "line_full" | "budget" | "client_gone") => void;
  /** Writes that one bulk request has under way at once. */
  readonly bulkWritesMax: number;
  /**
   * Makes a write durable before it is applied.
   * @param requestKey - of its request, which a retry has as well
   * @returns the transaction: its own, or that of an unanswered request that this one repeats; undefined when the
   *   tenant has too many pending ones
   */
  readonly accept: (command: WriteCommand, requestKey: string) => Promise<string | undefined>;
}

export interface WriteRequest {
  readonly operation: Operation;
  readonly type: ResourceType;
  /** Absent for a create, which gets its id here. */
  readonly resourceId?: string;
  /** Canonical body, as `readBody` or `readPatch` returned it; null for a delete. */
  readonly payload: unknown;
  /** Whom of the people from before it makes a user. */
  readonly adopts?: WriteCommand["adopts"];
  /** The version it must have; without it, what If-Match says. */
  readonly ifMatch?: string | null;
  /** Which of the writes of one request it is, where there are several. */
  readonly part?: string;
  /** About how large it is, where it is not the whole request. */
  readonly bytes?: number;
}

/**
 * Places in the tenant's line for a request's writes.
 * @param writes - that it has under way at once
 * @throws {SubmitOverloadError} when there is no room
 */
export function takePlaces(
  { response }: Exchange,
  writes: number,
  { submitter, onTurnedAway }: SubmitDeps,
): Places {
  const { tenantId, tenantSlug } = principalOf(response);
  try {
    return submitter.takePlaces(tenantId, writes, bytesOf(response).length);
  } catch (error) {
    if (error instanceof SubmitOverloadError) onTurnedAway(tenantSlug, "line_full");
    throw error;
  }
}

/** One write with a place of its own. @throws as `submitPlaced` and `takePlaces` do */
export async function submitWrite(
  write: WriteRequest,
  exchange: Exchange,
  deps: SubmitDeps,
): Promise<Outcome> {
  const places = takePlaces(exchange, 1, deps);
  try {
    return await submitPlaced(write, exchange, deps);
  } finally {
    places.release();
  }
}

/**
 * Puts a write that has its place on the queue, when its turn comes, and waits for its end.
 * @throws {SubmitTimeoutError} when the budget is spent; a write that was begun is noted, and the same request takes
 *   it up again
 * @throws {SubmitAbandonedError} when the client went away before anything was begun
 */
export async function submitPlaced(
  write: WriteRequest,
  exchange: Exchange,
  deps: SubmitDeps,
): Promise<Outcome> {
  const command = commandOf(write, { ...exchange, apiId: deps.apiId });
  const { tenantId, tenantSlug, requestKey } = command;
  await assertNoted(requestKey, deps);
  if (exchange.response.closed) {
    deps.onTurnedAway(tenantSlug, "client_gone");
    throw new SubmitAbandonedError("the client went away before the write was begun");
  }
  const bytes = write.bytes ?? bytesOf(exchange.response).length;
  const { writeId, outcome, abandon } = deps.submitter.submit(command, bytes);
  const watch = watchAnswer(exchange, { tenantId, requestKey, writeId, abandon }, deps);
  try {
    return await outcome;
  } catch (error) {
    if (error instanceof SubmitAbandonedError) deps.onTurnedAway(tenantSlug, "client_gone");
    if (error instanceof SubmitTimeoutError && watch.isOpen()) {
      if (!error.isQueued) deps.onTurnedAway(tenantSlug, "budget");
      await watch.end(error.isQueued);
    }
    throw error;
  }
}

/** @throws {SubmitTimeoutError} when it is not yet known everywhere that this request's last one went unanswered */
export async function assertNoted(requestKey: string, { answers }: SubmitDeps): Promise<void> {
  if (!(await answers.isNoted(requestKey))) throw new SubmitTimeoutError(NOT_NOTED, { isQueued: true });
}

export interface WatchedWrite {
  readonly tenantId: string;
  readonly requestKey: string;
  readonly writeId: string;
  /** Nobody waits any more. @returns whether the write may be applied nevertheless */
  readonly abandon: () => boolean;
}

/** Notes, once the response has closed, whether the client has the write's answer. `end` notes it earlier. */
export function watchAnswer(
  { request, response }: Exchange,
  { abandon, ...key }: WatchedWrite,
  { answers, receipts }: SubmitDeps,
) {
  const waiting = { isOpen: true };
  const end = (mayBeApplied: boolean, isPerhapsAnswered = false): Promise<void> | undefined => {
    waiting.isOpen = false;
    if (mayBeApplied) return answers.unanswered({ ...key, isPerhapsAnswered });
    answers.answered(key.writeId); // There is nothing that a retry could take up.
    return undefined;
  };
  answers.begin(key.writeId);
  // Whoever hung up while the write was made durable is told of by nobody any more.
  if (response.closed) void end(abandon());
  response.once("close", () => {
    if (!waiting.isOpen) return;
    if (!response.writableFinished) void end(abandon());
    // The write ended, but its answer could not be made: the client knows no more than after a timeout.
    else if (response.statusCode >= 500 && contextOf(response).isHeld !== true) void end(true);
    else
      void receipts.fateOf(request.socket).then((fate) => end(isInDoubt(fate, { request, response }), true));
  });
  return { isOpen: () => waiting.isOpen, end };
}

/**
 * A client that keeps its connections and ends one right after an answer may have hung up before it came. A create is left
 * out: sent again it is refused, which says the same, while a second one that is meant must not be answered as the first.
 */
function isInDoubt(fate: Fate, { request, response }: Exchange): boolean {
  return fate === "reset" || (fate === "ended" && request.method !== "POST" && response.shouldKeepAlive);
}

const NOT_NOTED = "the request repeats one that went unanswered, which Postgres cannot be told yet";

export function commandOf(
  { operation, type, resourceId, payload, adopts, ifMatch, part = "" }: WriteRequest,
  { request, response, apiId }: Exchange & { readonly apiId: string },
): WriteCommand {
  const principal = principalOf(response);
  const { span, cycleId, correlationId } = contextOf(response);
  return {
    version: 1,
    writeId: newId(),
    tenantId: principal.tenantId,
    tenantSlug: principal.tenantSlug,
    connectionId: principal.connectionId,
    cycleId: cycleId ?? null,
    apiId,
    requestKey: requestKeyOf({ request, response }, part),
    correlationId,
    clientRequestId: clientRequestIdOf(request),
    operation,
    resourceType: type,
    schemaVersion: principal.schemaVersion,
    resourceId: resourceId ?? newId(),
    payload,
    ...(adopts && { adopts }),
    ifMatch: ifMatch === undefined ? (request.headers["if-match"] ?? null) : ifMatch,
    requestedAt: Date.now(),
    ...(span && { traceparent: span.traceparent }),
  };
}

// Microsoft's clients name a request in one of these; what looks otherwise is not theirs.
const CLIENT_IDS = ["client-request-id", "x-ms-client-request-id", "request-id", "x-request-id"];
const CLIENT_ID = /^[\w.-]{1,100}$/;

export function clientRequestIdOf({ headers }: IncomingMessage): string | null {
  const values = CLIENT_IDS.map((name) => String(headers[name] ?? ""));
  return values.find((value) => CLIENT_ID.test(value)) ?? null;
}

/**
 * Equal for a request that a connection sends again byte for byte; what another connection sends is no repetition,
 * whatever it says. A UUID of version 8: 122 bits of a SHA-256.
 */
export function requestKeyOf({ request, response }: Exchange, part: string): string {
  const { tenantId, connectionId } = principalOf(response);
  const ifMatch = request.headers["if-match"] ?? "";
  const { target } = contextOf(response);
  const head = [tenantId, connectionId, request.method, target, ifMatch, part].join("\n");
  const digest = hash("sha256", Buffer.concat([Buffer.from(`${head}\n`), bytesOf(response)]), "buffer");
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  return uuidOf(digest.toString("hex", 0, 16));
}
