/** Liveness and readiness for load balancers and orchestrators; without authentication, and without detail. */
import { type Response, Router } from "express";

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
    const names = Object.keys(checks);
    const results = await Promise.all(names.map((name) => passes(checks[name])));
    const isReady = !isLeaving() && results.every(Boolean);
    response.status(isReady ? 200 : 503).json({
      status: isReady ? "ready" : isLeaving() ? "draining" : "unavailable",
      checks: Object.fromEntries(names.map((name, index) => [name, results[index] === true ? "up" : "down"])),
    });
  });
  return router;
}

async function passes(check: (() => Promise<unknown>) | undefined): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), CHECK_TIMEOUT_MS);
  });
  const result = check
    ? check().then(
        () => true,
        () => false,
      )
    : Promise.resolve(true);
  return Promise.race([result, timeout]).finally(() => clearTimeout(timer));
}
