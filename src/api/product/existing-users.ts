/** /v1/existing-users: the product tells whom it knew before, and asks who of them the directory knows. */
import express, { type Request, type Response, Router } from "express";
import { z } from "zod";
import { recordAudit } from "../../store/audit.ts";
import type { DatabasePool } from "../../store/database.ts";
import {
  type ExistingUser,
  forgetExistingUsers,
  listExistingUsers,
  MATCH_STATES,
  matchExistingUsers,
  storeExistingUsers,
  summarizeExistingUsers,
} from "../../store/existing-users.ts";
import { holdLoginGate } from "../../store/login-gates.ts";
import { tenantDbOf } from "../context.ts";
import { productOf } from "./authenticate.ts";
import { checked, storableText as text } from "./checked.ts";
import { named } from "./named.ts";

const USERS_MAX = 1_000;
const BODY_BYTES_MAX = 4_194_304;
const PAGE_DEFAULT = 100;
const ACTOR = "product";

const Page = z.strictObject({
  users: z
    .array(
      z.strictObject({
        id: text.min(1),
        userName: text.optional(),
        email: text.optional(),
        externalId: text.optional(),
        displayName: text.optional(),
      }),
    )
    .min(1)
    .max(USERS_MAX),
});
const Query = z.object({
  state: z
    .string()
    .transform((list) => list.split(","))
    .pipe(z.array(z.enum(MATCH_STATES)))
    .default([]),
  after: text.default(""),
  count: z.coerce.number().int().min(0).max(USERS_MAX).default(PAGE_DEFAULT),
});

export function existingUserRoutes(): Router {
  const router = Router();
  router.put(
    "/",
    named("store-existing-users"),
    express.json({ limit: BODY_BYTES_MAX, type: () => true }),
    async (request, response) => {
      const { users } = checked(Page, request.body, "body");
      response.json({ stored: await store(tenantDbOf(response), productOf(response).tenantId, users) });
    },
  );
  router.post("/match", named("match-existing-users"), async (_request, response) => {
    const { tenantId } = productOf(response);
    await tenantDbOf(response).transaction((tx) => matchExistingUsers(tx, tenantId));
    response.json(await summarizeExistingUsers(tenantDbOf(response), tenantId));
  });
  router.get("/", named("list-existing-users"), async (request: Request, response: Response) => {
    const { tenantId } = productOf(response);
    const { state: states, after, count } = checked(Query, request.query, "query");
    const users = await listExistingUsers(tenantDbOf(response), {
      tenantId,
      states,
      after,
      limit: count + 1,
    });
    const page = users.slice(0, count);
    response.json({
      summary: await summarizeExistingUsers(tenantDbOf(response), tenantId),
      users: page,
      ...(users.length > count && count > 0 && { next: page.at(-1)?.id }),
    });
  });
  router.delete("/", named("forget-existing-users"), async (_request, response) => {
    const { tenantId } = productOf(response);
    response.json({ forgotten: await forget(tenantDbOf(response), tenantId) });
  });
  return router;
}

async function store(db: DatabasePool, tenantId: string, users: readonly ExistingUser[]): Promise<number> {
  return db.transaction(async (tx) => {
    await storeExistingUsers(tx, tenantId, users);
    if (await holdLoginGate(tx, tenantId))
      await recordAudit(tx, [
        { tenantId, actor: ACTOR, action: "login_gate.changed", subject: "enforce held" },
      ]);
    return users.length;
  });
}

async function forget(db: DatabasePool, tenantId: string): Promise<number> {
  return db.transaction(async (tx) => {
    const people = await forgetExistingUsers(tx, tenantId);
    const subject = `${people} people`;
    await recordAudit(tx, [{ tenantId, actor: ACTOR, action: "existing_users.forgotten", subject }]);
    return people;
  });
}
