/** Counts and times every request once its response has left. */
import type { NextFunction, Request, Response } from "express";
import type { Metrics } from "../platform/metrics.ts";
import { contextOf } from "./context.ts";
import { resultOf } from "./respond.ts";

export function observe(metrics: Metrics) {
  return (request: Request, response: Response, next: NextFunction): void => {
    response.once("close", () => {
      const context = contextOf(response);
      // A client that hung up had no answer, whatever we would have said.
      const status = response.writableFinished ? response.statusCode : 499;
      const seconds = (performance.now() - context.startedAt) / 1000;
      const route = `${context.resource}.${context.operation}`;
      metrics.http.observe(
        { route, method: request.method, status: `${Math.floor(status / 100)}xx` },
        seconds,
      );
      if (!context.principal) return;
      metrics.scimRequests.inc({
        tenant: metrics.tenant(context.principal.tenantSlug),
        resource: context.resource,
        operation: context.operation,
        result: resultOf(status),
      });
    });
    next();
  };
}
