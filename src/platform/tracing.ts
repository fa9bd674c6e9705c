/**
 * Traces, where they are wanted: a request, its write's time on the queue and its commit, as one trace that may have begun
 * with the caller. Without an address for them nothing is loaded, and nothing is done.
 */
import type { Part } from "./lifecycle.ts";
import { NO_TRACER, type Tracer, type TracingSettings } from "./tracer.ts";

export interface TracingPart extends Part, Tracer {}

export function tracingPart(settings: TracingSettings): TracingPart {
  const { endpoint } = settings;
  let tracer = NO_TRACER;
  let close = (): Promise<void> => Promise.resolve();
  return {
    name: "tracing",
    async start() {
      if (endpoint === undefined) return;
      const { openOtlpTracer } = await import("./otlp-tracer.ts");
      const opened = openOtlpTracer({ ...settings, endpoint });
      tracer = opened;
      close = opened.close;
    },
    async stop() {
      tracer = NO_TRACER;
      await close();
    },
    begin: (traceparent) => tracer.begin(traceparent),
    record: (span, traceparent) => tracer.record(span, traceparent),
  };
}
