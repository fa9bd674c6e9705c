/** Counts and times every request once its response has left, in the metrics and in its cycle. */
import type { NextFunction, Request, Response } from "express";
import type { Metrics } from "../platform/metrics.ts";
import type { Activity } from "./activity.ts";
import { contextOf } from "./context.ts";
import { resultOf } from "./respond.ts";

export function observe({ metrics, activity }: { readonly metrics: Metrics; readonly activity: Activity }) {
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
      const { resource, cycleId } = context;
      const operation = context.isProbe === true ? "probe" : context.operation;
      if (cycleId !== undefined)
        activity.end({ tenantId: context.principal.tenantId, cycleId, resource, operation });
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
