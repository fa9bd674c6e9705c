/** Answers Prometheus. On a port of its own, since what it says is for operators, not for identity providers. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Registry } from "prom-client";

/**
 * @param refresh - sets the gauges that are read from this process at the moment of the scrape
 * @returns a handler for `GET /metrics`; anything else is 404
 */
export function createMetricsHandler(registry: Registry, refresh: () => void) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const path = (request.url ?? "").split("?", 1)[0];
    if (path !== "/metrics" || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("metrics are at /metrics\n");
      return;
    }
    refresh();
    registry.metrics().then(
      (text) => response.writeHead(200, { "Content-Type": registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  };
}
