/**
 * Writes that were answered 202, as their clients ask for them. While one is pending the answer is 202 without a body;
 * afterwards it is the completion event, a security event token's claims as JSON, unsigned, for it is handed to nobody
 * but the connection that asked. RFC 9967 sections 2.5.1.3 and 5.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Router } from "express";
import { locationOf, say, ScimError, URNS, weakEtag } from "../scim/index.ts";
import { type AsyncRequest, findAsyncRequest } from "../store/accepted-writes.ts";
import { isResourceId } from "../store/members.ts";
import { contextOf, principalOf, tenantDbOf } from "./context.ts";
import { methodNotAllowed, sendEmpty } from "./respond.ts";

export interface AsyncRequestDeps {
  /** Address of the SCIM endpoint as the client reaches it. */
  readonly baseUrl: (request: IncomingMessage) => string;
}

const PENDING_RETRY_SECONDS = 1;
const METHODS = { create: "POST", replace: "PUT", patch: "PATCH", delete: "DELETE" } as const;

export function sendAccepted(response: ServerResponse, txn: string, baseUrl: string): void {
  response.setHeader("Set-Txn", txn);
  response.setHeader("Preference-Applied", "respond-async");
  response.setHeader("Location", `${baseUrl}/AsyncRequests/${txn}`);
  sendEmpty(response, 202);
}

export function asyncRequestRoutes({ baseUrl }: AsyncRequestDeps): Router {
  const router = Router();
  router.get("/:txn", async (request, response) => {
    contextOf(response).operation = "async";
    const { tenantId, connectionId } = principalOf(response);
    const { txn } = request.params;
    const db = tenantDbOf(response);
    const found = isResourceId(txn) ? await findAsyncRequest(db, { tenantId, connectionId, txn }) : undefined;
    if (!found) throw unknownTransaction(txn);
    if (found.isPending) {
      response.set("Retry-After", String(PENDING_RETRY_SECONDS));
      sendEmpty(response, 202);
      return;
    }
    response.status(200).set("Content-Type", "application/json; charset=utf-8");
    response.send(Buffer.from(JSON.stringify(eventOf(found, txn, baseUrl(request)))));
  });
  router.all("/:txn", (request) => {
    throw methodNotAllowed(request.method, "GET");
  });
  return router;
}

function eventOf(found: AsyncRequest, txn: string, baseUrl: string): object {
  const { resourceType, resourceId, endedAt } = found;
  const location = resourceType && resourceId ? locationOf(resourceType, resourceId, baseUrl) : undefined;
  return {
    iss: baseUrl,
    iat: Math.floor((endedAt?.getTime() ?? 0) / 1_000),
    // One write has one such event.
    jti: txn,
    txn,
    ...(location !== undefined && {
      sub_id: { format: "scim", uri: location.slice(baseUrl.length), id: resourceId },
    }),
    events: { [URNS.asyncResponseEvent]: completionOf(found, location) },
  };
}

/** An operation of a bulk response, as RFC 9967 section 2.5.1.3 wants it. */
function completionOf(
  { operation, status, scimType, detail, version }: AsyncRequest,
  location: string | undefined,
): object {
  const method = operation ? METHODS[operation] : undefined;
  const text = String(status ?? 500);
  const isFailed = Number(text) >= 400;
  // What was to be created is nowhere.
  const place = isFailed && operation === "create" ? undefined : location;
  return {
    method,
    ...(place !== undefined && { location: place }),
    ...(version !== null && !isFailed && { version: weakEtag(version) }),
    status: text,
    ...(isFailed && {
      response: {
        schemas: [URNS.error],
        status: text,
        ...(scimType !== null && { scimType }),
        detail: detail ?? "a fault of Rollcall; nothing was changed",
      },
    }),
  };
}

function unknownTransaction(txn: string): ScimError {
  const detail = say`there is no asynchronous request ${txn} of this connection, or it ended more than a day ago; read the resource itself`;
  return new ScimError(404, "resource-not-found", detail);
}
