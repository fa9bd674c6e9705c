/** What is told of a request, its write's time on the queue and its commit, to whoever wants traces. */

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
