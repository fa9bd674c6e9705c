/** What a product is told when it asks amiss, or when we fail: problem details. RFC 9457. */
import type { Response } from "express";
import type { Logger } from "../../platform/logger.ts";
import { transientReason } from "../../store/database.ts";
import { contextOf } from "../context.ts";

/** Stable words for programs; docs/product-api.md says the same, and a test compares. */
export const PROBLEM_CODES = {
  unauthenticated: "The request has no valid product key.",
  "too-many-failures":
    "Too many requests without a valid key came from this address; a valid one is taken at any time.",
  "endpoint-not-found": "There is no such endpoint below /v1.",
  "method-not-allowed": "The endpoint exists and does not take this method; `Allow` says which it takes.",
  "body-invalid": "The body is not what the endpoint takes; `detail` says where and why.",
  "body-too-large": "The body is over the endpoint's limit.",
  "parameter-invalid":
    "A parameter of the address is not what the endpoint takes; `detail` says which and why.",
  "cursor-invalid": "The cursor is not one that this tenant was given.",
  "cursor-expired": "Events after the cursor were removed, since they are older than is kept.",
  "too-many-streams": "The tenant has too many event streams open; share one inside the product.",
  "stream-not-found": "There is no such stream of security event tokens, or its tokens are sent.",
  "stream-paused": "An admin has paused the stream; what waits is kept.",
  "webhook-not-found": "There is no such webhook, or it has nothing of the kind that was to be changed.",
  "reconciliation-not-found": "There is no such reconciliation, or it is no longer kept.",
  "reconciliation-completed": "The list was compared with the directory already and takes nobody more.",
  "reconciliation-empty": "Nobody is on the list that is to be compared.",
  unavailable: "Rollcall cannot reach its database; ask again after `Retry-After` seconds.",
  internal: "A fault of Rollcall's; its log says more under the correlation id.",
} as const;
export type ProblemCode = keyof typeof PROBLEM_CODES;

export class ProblemError extends Error {
  override readonly name = "ProblemError";
  readonly status: number;
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;

  /** @param headers - that go with the answer, such as Allow */
  constructor(status: number, code: ProblemCode, detail: string, headers: Record<string, string> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Whatever was thrown, as a problem that may be shown. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (transientReason(error) !== undefined) {
    const detail = "Rollcall cannot reach its database at the moment; nothing was changed, ask again";
    return new ProblemError(503, "unavailable", detail, { "Retry-After": "2" });
  }
  const status = error instanceof Error ? (error as Error & { status?: unknown }).status : undefined;
  if (status === 413) {
    return new ProblemError(413, "body-too-large", "the body is over the limit; send it in several requests");
  }
  if (typeof status === "number" && status >= 400 && status <= 499) {
    const detail = "the request cannot be understood; check its address, headers and body";
    return new ProblemError(400, "body-invalid", detail);
  }
  return new ProblemError(500, "internal", "a fault of Rollcall; its log says more under the correlation id");
}

export function problemBody({ status, code, message }: ProblemError, correlationId: string): string {
  return JSON.stringify({
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    code,
    detail: message,
    correlationId,
  });
}

export function sendProblem(response: Response, error: unknown, logger: Logger): void {
  const problem = problemOf(error);
  const { correlationId } = contextOf(response);
  if (problem.status >= 500) logger.error({ err: error, correlationId }, "request failed");
  response.status(problem.status).set(problem.headers).set("Content-Type", PROBLEM_MEDIA_TYPE);
  response.send(Buffer.from(problemBody(problem, correlationId)));
}
