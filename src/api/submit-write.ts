/** A write on its way through the queue: from the request to the outcome, with what a retry of it must find. */
import { createHash } from "node:crypto";
import type { Request, Response } from "express";
import { v7 as uuidv7 } from "uuid";
import type { ResourceType } from "../scim/index.ts";
import type { Operation, Outcome, WriteCommand } from "../queue/contracts.ts";
import { type Submitter, SubmitTimeoutError } from "../queue/submit.ts";
import type { Answers } from "./answers.ts";
import { contextOf, principalOf } from "./context.ts";
import { bytesOf } from "./scim-body.ts";

export interface SubmitDeps {
  readonly submitter: Pick<Submitter, "submit">;
  readonly answers: Answers;
  readonly apiId: string;
}

export interface WriteRequest {
  readonly operation: Operation;
  readonly type: ResourceType;
  /** Absent for a create, which gets its id here. */
  readonly resourceId?: string;
  /** Canonical body, as `readBody` or `readPatch` returned it; null for a delete. */
  readonly payload: unknown;
  /** The version it must have; without it, what If-Match says. */
  readonly ifMatch?: string | null;
  /** Which of the writes of one request it is, where there are several. */
  readonly part?: string;
}

/**
 * Puts the write on the queue and waits for its end.
 * @throws {SubmitTimeoutError} when the budget is spent; the write is noted, and the same request takes it up again
 * @throws {SubmitOverloadError} when the tenant has too many writes under way
 */
export async function submitWrite(
  write: WriteRequest,
  { request, response }: { readonly request: Request; readonly response: Response },
  { submitter, answers, apiId }: SubmitDeps,
): Promise<Outcome> {
  const command = commandOf(write, { request, response, apiId });
  const { writeId, outcome } = submitter.submit(command);
  const key = { tenantId: command.tenantId, requestKey: command.requestKey, writeId };
  const waiting = { isOpen: true };
  answers.begin(writeId);
  response.once("close", () => {
    if (!waiting.isOpen) return;
    waiting.isOpen = false;
    if (response.writableFinished) answers.answered(writeId);
    else void answers.unanswered(key);
  });
  try {
    return await outcome;
  } catch (error) {
    if (error instanceof SubmitTimeoutError && waiting.isOpen) {
      waiting.isOpen = false;
      await answers.unanswered(key);
    }
    throw error;
  }
}

function commandOf(
  { operation, type, resourceId, payload, ifMatch, part = "" }: WriteRequest,
  { request, response, apiId }: { request: Request; response: Response; apiId: string },
): WriteCommand {
  const principal = principalOf(response);
  const { cycleId, correlationId } = contextOf(response);
  return {
    version: 1,
    writeId: uuidv7(),
    tenantId: principal.tenantId,
    tenantSlug: principal.tenantSlug,
    connectionId: principal.connectionId,
    cycleId: cycleId ?? null,
    apiId,
    requestKey: requestKeyOf(principal.tenantId, request, part),
    correlationId,
    operation,
    resourceType: type,
    resourceId: resourceId ?? uuidv7(),
    payload,
    ifMatch: ifMatch === undefined ? (request.get("if-match") ?? null) : ifMatch,
    requestedAt: Date.now(),
  };
}

/** Equal for a request that is sent again byte for byte. A UUID of version 8: 122 bits of a SHA-256. */
export function requestKeyOf(tenantId: string, request: Request, part: string): string {
  const head = [tenantId, request.method, request.originalUrl, request.get("if-match") ?? "", part].join(
    "\n",
  );
  const digest = createHash("sha256").update(head).update("\n").update(bytesOf(request)).digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  return digest.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
