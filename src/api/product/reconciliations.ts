/** /v1/reconciliations: the product's own list of its people against the directory, and the reports of it. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import express, { type Request, type Response, Router } from "express";
import { z } from "zod";
import type { Logger } from "../../platform/logger.ts";
import type { DatabasePool, Transaction } from "../../store/database.ts";
import { isResourceId } from "../../store/members.ts";
import { auditReconciliation } from "../../store/reconcile.ts";
import {
  differencesCsv,
  findReconciliation,
  listDifferences,
  listReconciliations,
} from "../../store/reconciliation-reports.ts";
import {
  completeReconciliation,
  deleteReconciliation,
  FINDINGS,
  listPeople,
  lockReconciliation,
  openReconciliation,
  type Reconciliation,
  type ReconciliationKey,
} from "../../store/reconciliations.ts";
import { tenantDbOf } from "../context.ts";
import { productOf } from "./authenticate.ts";
import { checked, storableText as text } from "./checked.ts";
import { named } from "./named.ts";
import { ProblemError } from "./problem.ts";

const PEOPLE_MAX = 1_000;
const BODY_BYTES_MAX = 4_194_304;
const PAGE_DEFAULT = 100;
const SHOWN = 100;
const ACTOR = "product";

const People = z.strictObject({
  users: z
    .array(
      z.strictObject({
        id: text.min(1),
        ...{ userName: text.optional(), email: text.optional() },
        ...{ externalId: text.optional(), displayName: text.optional() },
        active: z.boolean().default(true),
        userId: z.uuid().optional(),
      }),
    )
    .min(1)
    .max(PEOPLE_MAX),
});
const Query = z.object({
  finding: z
    .string()
    .transform((list) => list.split(","))
    .pipe(z.array(z.enum(FINDINGS)))
    .default([]),
  after: z.coerce.number().int().min(0).default(0),
  count: z.coerce.number().int().min(0).max(PEOPLE_MAX).default(PAGE_DEFAULT),
});

export interface ReconciliationDeps {
  readonly logger: Logger;
}

export function reconciliationRoutes({ logger }: ReconciliationDeps): Router {
  const router = Router();
  router.post("/", named("open-reconciliation"), async (_request: Request, response: Response) => {
    const { tenantId } = productOf(response);
    const db = tenantDbOf(response);
    const id = await db.transaction((tx) => openReconciliation(tx, { tenantId, actor: ACTOR }));
    response.status(201).json(await reportOf(db, { tenantId, id }));
  });
  router.get("/", named("list-reconciliations"), async (_request: Request, response: Response) => {
    const reports = await listReconciliations(tenantDbOf(response), productOf(response).tenantId, SHOWN);
    response.json({ reconciliations: reports.map(viewOf) });
  });
  router.put(
    "/:id/users",
    named("list-people"),
    express.json({ limit: BODY_BYTES_MAX, type: () => true }),
    async (request: Request, response: Response) => {
      const { users } = checked(People, request.body, "body");
      await onOpenList(tenantDbOf(response), keyOf(request, response), (tx, key) =>
        listPeople(tx, key, users),
      );
      response.json({ listed: users.length });
    },
  );
  router.post("/:id/complete", named("complete-reconciliation"), async (request, response) => {
    const key = keyOf(request, response);
    await onOpenList(tenantDbOf(response), key, complete);
    response.json(await reportOf(tenantDbOf(response), key));
  });
  router.get("/:id", named("show-reconciliation"), async (request, response) => {
    response.json(await reportOf(tenantDbOf(response), keyOf(request, response)));
  });
  router.get("/:id/differences", named("list-differences"), async (request, response) => {
    const [db, key] = [tenantDbOf(response), keyOf(request, response)];
    const { finding: findings, after, count } = checked(Query, request.query, "query");
    await reportOf(db, key);
    if (request.accepts(["application/json", "text/csv"]) === "text/csv") {
      response.type("text/csv");
      // Once it has begun, an answer can only be broken off: by us, or by who went away.
      await pipeline(Readable.from(differencesCsv(db, { ...key, findings })), response).catch(
        (err: unknown) => logger.warn({ err }, "a report was not sent to its end"),
      );
      return;
    }
    const found = await listDifferences(db, { ...key, findings, after, limit: count + 1 });
    const differences = found.slice(0, count);
    const next = found.length > count ? differences.at(-1)?.position : undefined;
    response.json({ differences, ...(next !== undefined && { next }) });
  });
  router.delete("/:id", named("delete-reconciliation"), async (request, response) => {
    const key = keyOf(request, response);
    const { counts } = await reportOf(tenantDbOf(response), key);
    await tenantDbOf(response).transaction(async (tx) => {
      if (!(await deleteReconciliation(tx, key))) throw notFound();
      const entry = { tenantId: key.tenantId, actor: ACTOR, action: "reconciliation.deleted" } as const;
      await auditReconciliation(tx, entry, counts?.listed ?? 0);
    });
    response.status(204).end();
  });
  return router;
}

async function complete(tx: Transaction, key: ReconciliationKey): Promise<void> {
  const counts = await completeReconciliation(tx, key);
  if (counts === undefined) {
    const detail =
      "nobody is on the list, so that everybody would be missing; PUT its people to …/users first";
    throw new ProblemError(409, "reconciliation-empty", detail);
  }
  const entry = { tenantId: key.tenantId, actor: ACTOR, action: "reconciliation.completed" } as const;
  await auditReconciliation(tx, entry, counts.listed);
}

async function onOpenList(
  db: DatabasePool,
  key: ReconciliationKey,
  work: (tx: Transaction, key: ReconciliationKey) => Promise<void>,
): Promise<void> {
  await db.transaction(async (tx) => {
    const state = await lockReconciliation(tx, key);
    if (state === "missing") throw notFound();
    if (state === "completed") {
      const detail = "the list was compared already and is closed; POST /v1/reconciliations begins another";
      throw new ProblemError(409, "reconciliation-completed", detail);
    }
    await work(tx, key);
  });
}

/** @throws {ProblemError} 404 */
function keyOf(request: Request, response: Response): ReconciliationKey {
  const id = String(request.params["id"]).toLowerCase();
  if (!isResourceId(id)) throw notFound();
  return { tenantId: productOf(response).tenantId, id };
}

/** @throws {ProblemError} 404 */
async function reportOf(db: DatabasePool, key: ReconciliationKey): Promise<ReturnType<typeof viewOf>> {
  const report = await findReconciliation(db, key);
  if (report === undefined) throw notFound();
  return viewOf(report);
}

function viewOf({ id, startedAt, completedAt, counts }: Reconciliation) {
  return { id, startedAt, completedAt, counts };
}

function notFound(): ProblemError {
  const detail = "there is no such reconciliation; GET /v1/reconciliations lists those that are kept";
  return new ProblemError(404, "reconciliation-not-found", detail);
}
