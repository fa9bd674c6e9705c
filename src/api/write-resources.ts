/**
 * Writes of users and groups: what needs no stored state is checked here, the rest by the worker that applies the
 * write; the answer goes out after the commit. RFC 7644 sections 3.3, 3.5 and 3.6.
 */
import type { Request, Response } from "express";
import {
  DIALECTS,
  type Projection,
  readBody,
  readPatch,
  type ResourceType,
  type Stored,
  weakEtag,
} from "../scim/index.ts";
import type { Operation, Outcome } from "../queue/contracts.ts";
import { findResource, withMembership } from "../store/directory-reads.ts";
import { contextOf } from "./context.ts";
import { projectionOf } from "./query.ts";
import { type ReadDeps, readOptions, resourceIdOf, resourceNotFound, sendStored } from "./read-resources.ts";
import { assertApplied } from "./respond.ts";
import { readJson } from "./scim-body.ts";
import { type SubmitDeps, submitWrite, type WriteRequest } from "./submit-write.ts";

export interface WriteDeps extends ReadDeps {
  readonly submit: SubmitDeps;
}

interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

/** Checks, submits, waits, answers. @throws whatever `sendError` knows how to answer */
export async function write(
  type: ResourceType,
  operation: Operation,
  exchange: Exchange,
  deps: WriteDeps,
): Promise<void> {
  const { request, response } = exchange;
  const projection = projectionOf(request);
  const command = commandOf(type, operation, exchange);
  const outcome = await submitWrite(command, exchange, deps.submit);
  assertApplied(outcome);
  if (operation === "delete" || isWithoutBody(type, operation, { projection, response })) {
    if (outcome.written) response.set("ETag", weakEtag(outcome.written.version));
    response.status(204).end();
    return;
  }
  const stored = await storedOf(outcome, { type, operation, projection, response }, deps);
  const status = operation === "create" ? 201 : 200;
  sendStored(response, status, { stored, projection, baseUrl: deps.baseUrl(request) });
}

function commandOf(type: ResourceType, operation: Operation, { request, response }: Exchange): WriteRequest {
  const { reading } = contextOf(response);
  if (operation === "create") {
    return { type, operation, payload: readBody(type, readJson(request, response), reading) };
  }
  const resourceId = resourceIdOf(type, request);
  switch (operation) {
    case "replace":
      return { type, operation, resourceId, payload: readBody(type, readJson(request, response), reading) };
    case "patch":
      return { type, operation, resourceId, payload: readPatch(type, readJson(request, response), reading) };
    case "delete":
      return { type, operation, resourceId, payload: null };
  }
}

/** The dialect says whether a PATCH is answered with a body; RFC 7644 section 3.5.2 wants one where attributes were asked for. */
function isWithoutBody(
  type: ResourceType,
  operation: Operation,
  { projection, response }: { readonly projection: Projection; readonly response: Response },
): boolean {
  const { dialect } = contextOf(response).reading;
  return (
    operation === "patch" &&
    projection.attributes === undefined &&
    DIALECTS[dialect].patchAnswers[type] === 204
  );
}

interface Wanted {
  readonly type: ResourceType;
  readonly operation: Operation;
  readonly projection: Projection;
  readonly response: Response;
}

/**
 * The resource as the write left it. Where only the ledger was left to tell the outcome, it is read as it is now.
 * @throws {ScimError} 404 when it was deleted since
 */
async function storedOf(
  { resourceId, written }: Extract<Outcome, { kind: "applied" }>,
  { type, operation, projection, response }: Wanted,
  deps: WriteDeps,
): Promise<Stored> {
  const options = readOptions(type, response, { projection, deps });
  if (!written) {
    const stored = await findResource(deps.db, resourceId, options);
    if (!stored) throw resourceNotFound(type, resourceId);
    return stored;
  }
  const stored: Stored = { type, id: resourceId, ...written };
  // A user that was just created is in no group.
  if (operation === "create" && type === "User") return stored;
  const [whole] = await withMembership(deps.db, [stored], options);
  return whole ?? stored;
}
