/** What receivers find without a key: the key set by which security event tokens are verified. RFC 7517. */
import { type Request, type Response, Router } from "express";
import type { Database } from "../store/database.ts";
import { readKeySet } from "../store/signing-keys.ts";
import { contextOf } from "./context.ts";
import { methodNotAllowed } from "./respond.ts";

// Shorter than a new key is published before it signs.
const CACHE_SECONDS = 300;

export function wellKnownRoutes({ db }: { readonly db: Database }): Router {
  const router = Router();
  router.get("/jwks.json", async (_request: Request, response: Response) => {
    Object.assign(contextOf(response), { resource: "discovery", operation: "get" });
    response.set("Cache-Control", `public, max-age=${CACHE_SECONDS}`);
    response.json({ keys: await readKeySet(db) });
  });
  router.all("/jwks.json", (request: Request, response: Response) => {
    response.set("Allow", "GET, HEAD");
    throw methodNotAllowed(request.method, "GET");
  });
  return router;
}
