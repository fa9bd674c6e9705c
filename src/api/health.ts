/** Liveness and readiness for load balancers and orchestrators; without authentication, and without detail. */
import { type Response, Router } from "express";
import { within } from "../platform/within.ts";

export interface HealthDeps {
  /** What the service cannot work without, by name; a check that rejects or takes too long is a failed one. */
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** Whether the process is about to stop. */
  readonly isLeaving: () => boolean;
}

const CHECK_TIMEOUT_MS = 2_000;

export function healthRoutes({ checks, isLeaving }: HealthDeps): Router {
  const router = Router();
  router.get("/live", (_request, response) => void response.json({ status: "up" }));
  router.get("/ready", async (_request, response: Response) => {
    const states = await Promise.all(
      Object.entries(checks).map(
        async ([name, check]) => [name, (await passes(check)) ? "up" : "down"] as const,
      ),
    );
    const isUp = states.every(([, state]) => state === "up");
    const status = isLeaving() ? "draining" : isUp ? "ready" : "unavailable";
    response.status(status === "ready" ? 200 : 503).json({ status, checks: Object.fromEntries(states) });
  });
  return router;
}

async function passes(check: () => Promise<unknown>): Promise<boolean> {
  const result = check().then(
    () => true,
    () => false,
  );
  return (await within(CHECK_TIMEOUT_MS, result)) === true;
}
