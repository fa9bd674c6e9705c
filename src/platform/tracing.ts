/**
 * Traces, where they are wanted: a request, its write's time on the queue and its commit, as one trace that may have begun
 * with the caller. Without an address for them nothing is loaded, and nothing is done.
 */
import type { Part } from "./lifecycle.ts";

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A request that is being answered. */
export interface RequestSpan {
  /** W3C Trace Context: for what is done on the request's behalf elsewhere. */
  readonly traceparent: string;
  end(name: string, attributes: Attributes, isFault: boolean): void;
}

/** Something that is over. */
export interface PastSpan {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Attributes;
}

export interface Tracer {
  /** @param traceparent - as the caller sent it. @returns undefined where nothing is traced */
  begin(traceparent: string | undefined): RequestSpan | undefined;
  record(span: PastSpan, traceparent: string): void;
}

/** Where nobody wants traces. */
export const NO_TRACER: Tracer = { begin: () => undefined, record: () => undefined };

export interface TracingSettings {
  /** OTEL_EXPORTER_OTLP_ENDPOINT; undefined traces nothing. */
  readonly endpoint: string | undefined;
  /** OTEL_TRACES_SAMPLER_ARG: of the traces that begin here. */
  readonly ratio: number;
  readonly version: string;
  readonly roles: string;
}

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
