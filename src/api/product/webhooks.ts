/**
 * /v1/webhooks: a product sees where its events are sent, goes over to another version of messages by itself, and says
 * what its receiver of tokens wants to be shown.
 */
import express, { type Request, type Response, Router } from "express";
import { z } from "zod";
import { type AuditAction, recordAudit } from "../../store/audit.ts";
import type { Transaction } from "../../store/database.ts";
import { setAuthorization, wrongAuthorization } from "../../store/endpoint-authorization.ts";
import { PAYLOAD_VERSIONS } from "../../store/event-messages.ts";
import { listEndpoints, setPayloadVersion, type WebhookEndpoint } from "../../store/webhook-endpoints.ts";
import { tenantDbOf } from "../context.ts";
import { productOf } from "./authenticate.ts";
import { checked } from "./checked.ts";
import { named } from "./named.ts";
import { ProblemError } from "./problem.ts";

const ACTOR = "product";
const BODY_BYTES_MAX = 10_000;

const authorization = z
  .string()
  .superRefine((value, context) => {
    const wrong = wrongAuthorization(value);
    if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
  })
  .nullable();
const Body = z
  .strictObject({
    payloadVersion: z.literal(PAYLOAD_VERSIONS).optional(),
    authorization: authorization.optional(),
  })
  .refine(
    (body) => (body.payloadVersion === undefined) !== (body.authorization === undefined),
    "say payloadVersion of what is told messages, or authorization of what is sent tokens",
  );
type Change = z.infer<typeof Body>;

export interface WebhookDeps {
  /** ROLLCALL_SECRET. */
  readonly secret: string;
}

export function webhookRoutes({ secret }: WebhookDeps): Router {
  const router = Router();
  router.get("/", named("list-webhooks"), async (_request: Request, response: Response) => {
    const endpoints = await listEndpoints(tenantDbOf(response), productOf(response).tenantId);
    response.json({ webhooks: endpoints.map(viewOf) });
  });
  router.patch(
    "/:id",
    named("change-webhook"),
    express.json({ limit: BODY_BYTES_MAX, type: () => true }),
    async (request: Request, response: Response) => {
      const wanted = checked(Body, request.body, "body");
      const { tenantId } = productOf(response);
      const db = tenantDbOf(response);
      const find = async (): Promise<WebhookEndpoint> => {
        const endpoints = await listEndpoints(db, tenantId);
        const endpoint = endpoints.find(({ id }) => id === request.params["id"]);
        if (endpoint === undefined || !takes(endpoint, wanted)) throw notFound();
        return endpoint;
      };
      const endpoint = await find();
      await db.transaction(async (tx) => {
        const action = await change(tx, endpoint, { ...wanted, secret });
        if (action === undefined) return;
        await recordAudit(tx, [{ tenantId, actor: ACTOR, action, subject: endpoint.url }]);
      });
      response.json(viewOf(await find()));
    },
  );
  return router;
}

/** Messages have versions; receivers that are sent tokens are shown a header. */
function takes({ format, delivery }: WebhookEndpoint, wanted: Change): boolean {
  return wanted.payloadVersion === undefined ? format !== "json" && delivery === "push" : format === "json";
}

/** @returns what was done, for the audit; undefined where it was so already */
async function change(
  tx: Transaction,
  endpoint: WebhookEndpoint,
  wanted: Change & WebhookDeps,
): Promise<AuditAction | undefined> {
  const { payloadVersion, authorization: value = null, secret } = wanted;
  if (payloadVersion !== undefined)
    return (await setPayloadVersion(tx, endpoint, payloadVersion)) ? "webhook.version_changed" : undefined;
  if (!(await setAuthorization(tx, endpoint, { value, secret }))) return undefined;
  return value === null ? "webhook.authorization_removed" : "webhook.authorization_set";
}

function viewOf({
  id,
  url,
  types,
  format,
  delivery,
  payloadVersion,
  hasAuthorization,
  pauseReason,
  pending,
  failed,
}: WebhookEndpoint) {
  const state = pauseReason === null ? "active" : "paused";
  return { id, url, types, format, delivery, payloadVersion, hasAuthorization, state, pending, failed };
}

function notFound(): ProblemError {
  const detail =
    "the tenant has no webhook of this id that has such a thing; GET /v1/webhooks lists those there are";
  return new ProblemError(404, "webhook-not-found", detail);
}
