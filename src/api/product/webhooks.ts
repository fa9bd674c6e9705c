/** /v1/webhooks: a product sees where its events are sent, and goes over to another version of messages by itself. */
import express, { type Request, type Response, Router } from "express";
import { z } from "zod";
import { recordAudit } from "../../store/audit.ts";
import { PAYLOAD_VERSIONS } from "../../store/event-messages.ts";
import { listEndpoints, setPayloadVersion, type WebhookEndpoint } from "../../store/webhook-endpoints.ts";
import { tenantDbOf } from "../context.ts";
import { productOf } from "./authenticate.ts";
import { explain } from "./login-body.ts";
import { named } from "./named.ts";
import { ProblemError } from "./problem.ts";

const ACTOR = "product";
const BODY_BYTES_MAX = 10_000;

const Body = z.strictObject({ payloadVersion: z.literal(PAYLOAD_VERSIONS) });

export function webhookRoutes(): Router {
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
      const body = Body.safeParse(request.body);
      if (!body.success) throw new ProblemError(400, "body-invalid", explain(body.error));
      const { tenantId } = productOf(response);
      const db = tenantDbOf(response);
      const find = async (): Promise<WebhookEndpoint> => {
        const endpoints = await listEndpoints(db, tenantId);
        const endpoint = endpoints.find(({ id, format }) => id === request.params["id"] && format === "json");
        if (endpoint === undefined) throw notFound();
        return endpoint;
      };
      const endpoint = await find();
      await db.transaction(async (tx) => {
        if (!(await setPayloadVersion(tx, endpoint, body.data.payloadVersion))) return;
        const subject = endpoint.url;
        await recordAudit(tx, [{ tenantId, actor: ACTOR, action: "webhook.version_changed", subject }]);
      });
      response.json(viewOf(await find()));
    },
  );
  return router;
}

function viewOf({
  id,
  url,
  types,
  format,
  delivery,
  payloadVersion,
  pauseReason,
  pending,
  failed,
}: WebhookEndpoint) {
  const state = pauseReason === null ? "active" : "paused";
  return { id, url, types, format, delivery, payloadVersion, state, pending, failed };
}

function notFound(): ProblemError {
  const detail =
    "the tenant has no webhook of this id that is told messages; GET /v1/webhooks lists those there are";
  return new ProblemError(404, "webhook-not-found", detail);
}
