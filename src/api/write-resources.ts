/**
 * Writes of users and groups: what needs no stored state is checked here, the rest by the worker that applies the
 * write; the answer goes out after the commit. RFC 7644 sections 3.3, 3.5 and 3.6.
 */
import type { ServerResponse } from "node:http";
import {
  type CanonicalBody,
  DIALECTS,
  type Projection,
  readBody,
  readPatch,
  type ResourceType,
  type Stored,
  weakEtag,
} from "../scim/index.ts";
import type { Operation, Outcome } from "../queue/contracts.ts";
import { findResource, type ReadOptions, withMembership } from "../store/directory-reads.ts";
import { acceptAndSubmit } from "./accept-write.ts";
import { adopting } from "./adoption.ts";
import { sendAccepted } from "./async-requests.ts";
import { contextOf, type Exchange, principalOf, tenantDbOf } from "./context.ts";
import { preferenceOf } from "./prefer.ts";
import { projectionOf } from "./query.ts";
import { assertResourceId, type ReadDeps, readOptions, sendStored } from "./read-resources.ts";
import { assertApplied, sendEmpty } from "./respond.ts";
import { readJson } from "./scim-body.ts";
import { type SubmitDeps, submitWrite, type WriteRequest } from "./submit-write.ts";

export interface WriteDeps extends ReadDeps {
  readonly submit: SubmitDeps;
}

/** What is to be done to which resource; the id is absent where it is to be created. */
export interface WriteTarget {
  readonly type: ResourceType;
  readonly operation: Operation;
  readonly id: string | undefined;
}

/** Checks, submits, waits, answers. @throws whatever `sendError` knows how to answer */
export async function write(target: WriteTarget, exchange: Exchange, deps: WriteDeps): Promise<void> {
  const { type, operation } = target;
  const { request, response } = exchange;
  const projection = projectionOf(response);
  const principal = principalOf(response);
  const asked = requestedWrite(target, response);
  const wanted = await adopting(asked, { db: tenantDbOf(response), principal });
  const preference = preferenceOf(request);
  const outcome = preference.isAsync
    ? await acceptAndSubmit(wanted, exchange, { waitMs: preference.waitMs, submit: deps.submit })
    : await submitWrite(wanted, exchange, deps.submit);
  if ("txn" in outcome) {
    sendAccepted(response, outcome.txn, deps.baseUrl(request));
    return;
  }
  assertApplied(outcome);
  if (operation === "delete" || isWithoutBody(type, operation, { projection, response })) {
    sendWithoutBody(response, outcome);
    return;
  }
  const shown = { type, operation, projection, response, payload: wanted.payload };
  const stored = await storedOf(outcome, shown, deps);
  if (!stored) {
    sendWithoutBody(response, outcome);
    return;
  }
  const status = operation === "create" ? 201 : 200;
  sendStored(response, status, {
    stored: asAnswered(outcome, stored),
    projection,
    baseUrl: deps.baseUrl(request),
  });
}

function sendWithoutBody(response: ServerResponse, { written, recorded }: AppliedOutcome): void {
  const version = written?.version ?? recorded?.version;
  if (typeof version === "number") response.setHeader("ETag", weakEtag(version));
  sendEmpty(response, 204);
}

/** A client whose deactivation is held is told that it is done; the version is the one that its next change builds on. */
function asAnswered({ isHeld }: AppliedOutcome, stored: Stored): Stored {
  return isHeld === true ? { ...stored, resource: { ...stored.resource, active: false } } : stored;
}

function requestedWrite(
  { type, operation, id: resourceId = "" }: WriteTarget,
  response: ServerResponse,
): WriteRequest {
  const { reading } = contextOf(response);
  if (operation === "create") {
    return { type, operation, payload: readBody(type, readJson(response), reading) };
  }
  assertResourceId(type, resourceId);
  switch (operation) {
    case "replace":
      return { type, operation, resourceId, payload: readBody(type, readJson(response), reading) };
    case "patch":
      return { type, operation, resourceId, payload: readPatch(type, readJson(response), reading) };
    case "delete":
      return { type, operation, resourceId, payload: null };
  }
}

/** The dialect says whether a PATCH is answered with a body; RFC 7644 section 3.5.2 wants one where attributes were asked for. */
function isWithoutBody(
  type: ResourceType,
  operation: Operation,
  { projection, response }: { readonly projection: Projection; readonly response: ServerResponse },
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
  readonly response: ServerResponse;
  readonly payload: unknown;
}

type AppliedOutcome = Extract<Outcome, { kind: "applied" }>;

/**
 * The resource as the write left it. Where only the ledger was left to tell the outcome, it is read as it is now, if it
 * still is what the write made of it; where it was changed or deleted since, a replacement says itself what it was.
 * What others made of it is no answer to a write, but for a create, whose client asks for the id.
 * @returns undefined when nobody can say any more what a PATCH made of it
 */
async function storedOf(
  outcome: AppliedOutcome,
  wanted: Wanted,
  deps: WriteDeps,
): Promise<Stored | undefined> {
  const { resourceId, written } = outcome;
  const { type, operation, projection, response, payload } = wanted;
  const options = readOptions(type, response, { projection, deps });
  if (!written) {
    const stored = await findResource(tenantDbOf(response), resourceId, options);
    return asRecorded(outcome, stored, { ...wanted, options });
  }
  const stored: Stored = { type, id: resourceId, ...written };
  // A user that was just created is in no group.
  if (operation === "create" && type === "User") return stored;
  const [whole] = await withMembership(tenantDbOf(response), [stored], options);
  if (whole || operation === "patch") return whole;
  return { ...stored, ...asSent(payload, options) };
}

function asRecorded(
  { resourceId: id, recorded }: AppliedOutcome,
  stored: Stored | undefined,
  { type, operation, payload, options }: Wanted & { readonly options: ReadOptions },
): Stored | undefined {
  const { version, at = new Date().toISOString() } = recorded ?? {};
  const isAsWritten = operation === "create" || typeof version !== "number" || version === stored?.version;
  if (stored && isAsWritten) return stored;
  if (operation === "patch") return undefined;
  const meta = { version: version ?? 1, created: stored?.created ?? at, lastModified: at };
  return { type, id, ...meta, ...asSent(payload, options) };
}

/** What a create or a replacement brought along. */
function asSent(payload: unknown, { type, withMembers }: ReadOptions): Pick<Stored, "resource" | "members"> {
  const { resource, members = [] } = payload as CanonicalBody;
  if (type === "User" || !withMembers) return { resource };
  return { resource, members: members.map(({ value, type = "User" }) => ({ value, type })) };
}
