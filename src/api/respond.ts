/** Outcomes and errors → SCIM responses; the only place where a status meets a body. RFC 7644 section 3.12. */
import type { ServerResponse } from "node:http";
import {
  say,
  SCIM_MEDIA_TYPE,
  ScimError,
  type ScimErrorBody,
  type ScimType,
  term,
  URNS,
  weakEtag,
} from "../scim/index.ts";
import type { Logger } from "../platform/logger.ts";
import type { Outcome } from "../queue/contracts.ts";
import { SubmitOverloadError } from "../queue/lines.ts";
import { isHeldOutcome } from "../queue/outcome-of-row.ts";
import { SubmitAbandonedError, SubmitTimeoutError } from "../queue/submit.ts";
import { transientReason } from "../store/database.ts";
import { TooManyRequestsError } from "./connection-limits.ts";
import { contextOf } from "./context.ts";

// Soon enough that Azure's next try is in the same cycle, late enough that a restarting store is back.
const RETRY_AFTER_SECONDS = 5;
// Until an admin has decided nothing changes; Azure comes again with its next cycle, whatever it is told.
const HELD_RETRY_AFTER_SECONDS = 600;

export function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.statusCode = status;
  response.setHeader("Content-Type", `${SCIM_MEDIA_TYPE}; charset=utf-8`);
  response.setHeader("Content-Length", Buffer.byteLength(text));
  // A text leaves in one piece with its headers, a buffer behind them.
  response.end(text);
}

export function sendEmpty(response: ServerResponse, status: 202 | 204 | 304): void {
  response.statusCode = status;
  response.end();
}

/** A resource with its ETag; with its Location where the client may not know it. RFC 7644 sections 3.1 and 3.14. */
export function sendResource(
  response: ServerResponse,
  status: 200 | 201,
  { body, version, location }: { readonly body: object; readonly version: number; readonly location: string },
): void {
  response.setHeader("ETag", weakEtag(version));
  if (status === 201) response.setHeader("Location", location);
  response.setHeader("Content-Location", location);
  sendJson(response, status, body);
}

/**
 * How the request ended, as a label: what a client must mend, what we must mend, what had no room, and what the
 * deactivation guard holds.
 */
export type RequestResult = "ok" | "refused" | "fault" | "shed" | "held";

export interface Failure {
  readonly status: number;
  readonly result: RequestResult;
}

/** @throws {ScimError} the refusal that the outcome records, so that one place sends all errors */
export function assertApplied(outcome: Outcome): asserts outcome is Extract<Outcome, { kind: "applied" }> {
  switch (outcome.kind) {
    case "applied":
      return;
    case "refused":
      throw new RefusedWrite(outcome);
    case "fault":
      throw new FaultedWrite(outcome);
  }
}

/** A refusal that a worker recorded already. */
export class RefusedWrite extends Error {
  override readonly name = "RefusedWrite";
  readonly outcome: Extract<Outcome, { kind: "refused" }>;

  constructor(outcome: Extract<Outcome, { kind: "refused" }>) {
    super(outcome.masked);
    this.outcome = outcome;
  }
}

/** A write that failed through a fault of ours. */
export class FaultedWrite extends Error {
  override readonly name = "FaultedWrite";
  readonly isPassing: boolean;

  constructor({ detail, isPassing }: Extract<Outcome, { kind: "fault" }>) {
    super(detail);
    this.isPassing = isPassing;
  }
}

interface ErrorAnswer {
  readonly status: number;
  readonly scimType?: string | null;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

/**
 * Sends the SCIM error for whatever was thrown.
 * @returns what was sent, for metrics and for the record of refusals
 */
export function sendError(response: ServerResponse, error: unknown, logger: Logger): Failure {
  const { retryAfterSeconds } = answerOf(error);
  if (retryAfterSeconds !== undefined) response.setHeader("Retry-After", String(retryAfterSeconds));
  const body = errorBody(error, response, logger);
  const status = Number(body.status);
  sendJson(response, status, body);
  if (isHeldError(error)) contextOf(response).isHeld = true;
  return { status, result: isHeldError(error) ? "held" : resultOf(status) };
}

function isHeldError(error: unknown): boolean {
  return error instanceof RefusedWrite && isHeldOutcome(error.outcome);
}

/** The SCIM error for whatever was thrown, which an admin can find again by the request's correlation id. */
export function errorBody(error: unknown, response: ServerResponse, logger: Logger): ScimErrorBody {
  const { status, scimType, detail } = answerOf(error);
  const { correlationId } = contextOf(response);
  // Of a client that went away nobody needs to hear.
  const isNews = !(error instanceof SubmitAbandonedError) && !isHeldError(error);
  if (status >= 500 && resultOf(status) !== "refused" && isNews)
    logger.error({ err: error, correlationId }, "request failed");
  return {
    schemas: [URNS.error],
    status: String(status),
    ...(typeof scimType === "string" && { scimType: scimType as ScimType }),
    detail: `${detail} (correlation id ${correlationId})`,
  };
}

/** What a status says of the request; 501 is the standard's word for what is not offered, and no fault of ours. */
export function resultOf(status: number): RequestResult {
  if (status < 400) return "ok";
  if (status === 429 || status === 503) return "shed";
  return status >= 500 && status !== 501 ? "fault" : "refused";
}

function answerOf(error: unknown): ErrorAnswer {
  return tooOften(error) ?? answerOfOther(error);
}

function tooOften(error: unknown): ErrorAnswer | undefined {
  if (error instanceof TooManyRequestsError)
    return { status: 429, detail: error.message, retryAfterSeconds: error.retryAfterSeconds };
  if (!(error instanceof SubmitOverloadError)) return undefined;
  const detail =
    "too many writes of this tenant are under way; send the request again after Retry-After seconds, when those before it will have ended";
  return { status: 429, detail, retryAfterSeconds: error.retryAfterSeconds };
}

function answerOfOther(error: unknown): ErrorAnswer {
  if (error instanceof ScimError) {
    return { status: error.status, scimType: error.scimType ?? null, detail: error.detail.text };
  }
  if (error instanceof RefusedWrite) {
    return {
      ...error.outcome,
      ...(isHeldError(error) && { retryAfterSeconds: HELD_RETRY_AFTER_SECONDS }),
    };
  }
  if (error instanceof SubmitTimeoutError) {
    const detail = error.isQueued
      ? "the write was taken but has not ended yet; send the same request again, it will be attached to this write and not applied twice"
      : "the write's turn did not come in time, behind others of this tenant; nothing was changed, send the request again after Retry-After seconds";
    return { status: 503, detail, retryAfterSeconds: error.retryAfterSeconds ?? RETRY_AFTER_SECONDS };
  }
  if (error instanceof SubmitAbandonedError) {
    return { status: 503, detail: "the client went away; nothing was changed" };
  }
  if (isPassingFault(error)) {
    const detail =
      "Rollcall cannot reach its database at the moment; send the same request again, a write is not applied twice";
    return { status: 503, detail, retryAfterSeconds: RETRY_AFTER_SECONDS };
  }
  return (
    clientFault(error) ?? {
      status: 500,
      detail: "a fault of Rollcall; its log says more under the correlation id",
    }
  );
}

function isPassingFault(error: unknown): boolean {
  return error instanceof FaultedWrite ? error.isPassing : transientReason(error) !== undefined;
}

/** What Express refuses by itself, such as a path that cannot be decoded. */
function clientFault(error: unknown): ErrorAnswer | undefined {
  const status = error instanceof Error ? (error as Error & { status?: unknown }).status : undefined;
  if (typeof status !== "number" || status < 400 || status > 499) return undefined;
  return { status, detail: "the request cannot be understood; check its address and headers" };
}

export function endpointNotFound(path: string): ScimError {
  const detail = say`there is no endpoint ${path}; the Tenant URL must end in /scim/v2, and the endpoints below it are Users, Groups, ServiceProviderConfig, ResourceTypes and Schemas`;
  return new ScimError(404, "endpoint-not-found", detail);
}

export function methodNotAllowed(method: string, allowed: string): ScimError {
  const detail = say`${term(method)} is not allowed here; this endpoint takes ${term(allowed)}`;
  return new ScimError(405, "method-not-allowed", detail);
}
