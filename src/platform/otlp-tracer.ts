/** Traces by OpenTelemetry, sent by OTLP over HTTP; loaded only where an address for them is set. */
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import type { Attributes, PastSpan, RequestSpan, Tracer, TracingSettings } from "./tracer.ts";

const FLUSH_EVERY_MS = 1_000;
// A collector that is away must not hold a process that is to end.
const EXPORT_TIMEOUT_MS = 5_000;

export function openOtlpTracer(
  settings: TracingSettings & { readonly endpoint: string },
): Tracer & { readonly close: () => Promise<void> } {
  const { endpoint, ratio, version, roles } = settings;
  const url = `${endpoint.replace(/\/+$/, "")}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      "service.name": "rollcall",
      "service.version": version,
      "rollcall.roles": roles,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [
      new BatchSpanProcessor(exporter, {
        scheduledDelayMillis: FLUSH_EVERY_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer("rollcall", version);
  return {
    begin: (traceparent) =>
      requestSpan(tracer.startSpan("request", { kind: SpanKind.SERVER }, contextOf(traceparent))),
    record({ name, startedAt, endedAt, attributes }: PastSpan, traceparent: string): void {
      const options = { kind: SpanKind.CONSUMER, startTime: startedAt, attributes: { ...attributes } };
      tracer.startSpan(name, options, contextOf(traceparent)).end(endedAt);
    },
    close: () => provider.shutdown(),
  };
}

function requestSpan(span: Span): RequestSpan {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
    end(name: string, attributes: Attributes, isFault: boolean): void {
      span.updateName(name);
      span.setAttributes({ ...attributes });
      if (isFault) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

// W3C Trace Context, version 00; ids of nothing but zeros are none.
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What cannot be read begins a trace of its own, as the standard says. */
function contextOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1;
  const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
