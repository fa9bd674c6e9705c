/** /v1/role-mappings: the product says which groups give their members which of its roles. */
import express, { type Request, type Response, Router } from "express";
import { z } from "zod";
import { recordAudit } from "../../store/audit.ts";
import {
  GROUP_FIELDS,
  listRoleMappings,
  MAPPINGS_MAX,
  replaceRoleMappings,
  wrongMapping,
} from "../../store/role-mappings.ts";
import { tenantDbOf } from "../context.ts";
import { productOf } from "./authenticate.ts";
import { checked } from "./checked.ts";
import { named } from "./named.ts";

const ACTOR = "product";
const BODY_BYTES_MAX = 1_048_576;

const Body = z.strictObject({
  mappings: z
    .array(
      z
        .strictObject({ role: z.string(), matchBy: z.enum(GROUP_FIELDS), value: z.string() })
        .superRefine((mapping, context) => {
          const message = wrongMapping(mapping);
          if (message !== undefined) context.addIssue({ code: "custom", message });
        }),
    )
    .max(MAPPINGS_MAX),
});

export function roleMappingRoutes(): Router {
  const router = Router();
  router.get("/", named("list-role-mappings"), async (_request: Request, response: Response) => {
    response.json({ mappings: await listRoleMappings(tenantDbOf(response), productOf(response).tenantId) });
  });
  router.put(
    "/",
    named("replace-role-mappings"),
    express.json({ limit: BODY_BYTES_MAX, type: () => true }),
    async (request: Request, response: Response) => {
      const { tenantId } = productOf(response);
      const { mappings } = checked(Body, request.body, "body");
      await tenantDbOf(response).transaction(async (tx) => {
        await replaceRoleMappings(tx, tenantId, mappings);
        const subject = `${mappings.length} mappings`;
        await recordAudit(tx, [{ tenantId, actor: ACTOR, action: "role_mapping.replaced", subject }]);
      });
      response.json({ mappings: await listRoleMappings(tenantDbOf(response), tenantId) });
    },
  );
  return router;
}
