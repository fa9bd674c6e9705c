/** Traces as a collector receives them: one from the request through the queue to the commit, below the caller's own. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createUser, USER } from "../support/provision.ts";
import { startTestService, type TestService, type TestTenant, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const Attribute = z.object({
  key: z.string(),
  value: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
const ReceivedSpan = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: z.coerce.bigint(),
  endTimeUnixNano: z.coerce.bigint(),
  attributes: z.array(Attribute),
});
const Export = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(ReceivedSpan) })) })),
});
type ReceivedSpan = z.infer<typeof ReceivedSpan>;

let collector: Server;
let service: TestService;
let tenant: TestTenant;
const spans: ReceivedSpan[] = [];
const paths = new Set<string>();

beforeAll(async () => {
  collector = createServer((request, response) => {
    let body = "";
    paths.add(request.url ?? "");
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      const { resourceSpans } = Export.parse(JSON.parse(body));
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.setHeader("content-type", "application/json").end("{}");
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const { port } = collector.address() as AddressInfo;
  const [kind = "postgres"] = queueBackends();
  service = await startTestService(openTestQueue(kind), {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    // What begins here is not traced; what the caller traces is.
    OTEL_TRACES_SAMPLER_ARG: "0",
  });
  tenant = await service.addTenant();
});
afterAll(async () => {
  await service.stop();
  await new Promise((resolve) => collector.close(resolve));
});

const CALLER = "00f067aa0ba902b7";
const traceOf = (digit: string): string => digit.repeat(32);
const traced = (digit: string) => ({ headers: { traceparent: `00-${traceOf(digit)}-${CALLER}-01` } });

async function received(digit: string, count: number): Promise<ReadonlyMap<string, ReceivedSpan>> {
  const own = (): ReceivedSpan[] => spans.filter(({ traceId }) => traceId === traceOf(digit));
  await waitFor(() => own().length >= count);
  return new Map(own().map((span) => [span.name, span]));
}

function attribute(span: ReceivedSpan | undefined, key: string): unknown {
  const value = span?.attributes.find((each) => each.key === key)?.value ?? {};
  return Object.values(value)[0];
}

test("a write is one trace: the caller's, the request, the queue, the commit", async () => {
  const body = { schemas: [USER], userName: "traced@contoso.com" };
  const answer = await tenant.scim("POST", "/Users", body, traced("a"));
  expect(answer.status).toBe(201);

  const trace = await received("a", 3);

  const [request, queue, commit] = ["POST User.create", "queue", "commit"].map((name) => trace.get(name));
  expect(trace.size).toBe(3);
  expect(request?.parentSpanId).toBe(CALLER);
  expect([queue?.parentSpanId, commit?.parentSpanId]).toEqual([request?.spanId, request?.spanId]);
  expect(queue!.endTimeUnixNano).toBe(commit!.startTimeUnixNano);
  expect(commit!.endTimeUnixNano).toBeGreaterThanOrEqual(commit!.startTimeUnixNano);
  expect(attribute(request, "http.response.status_code")).toBe(201);
  const correlationId = answer.headers.get("x-correlation-id");
  for (const span of [request, queue, commit])
    expect(attribute(span, "rollcall.correlation_id")).toBe(correlationId);
  expect(attribute(commit, "rollcall.result")).toBe("applied");
  expect(attribute(commit, "rollcall.attempt")).toBe(1);
  const rows = await service.database.query("SELECT FROM writes WHERE tenant_id = $1 AND write_id = $2", [
    tenant.tenantId,
    attribute(commit, "rollcall.write_id"),
  ]);
  expect(rows).toHaveLength(1);
  expect([...paths]).toEqual(["/v1/traces"]);
});

test("a refusal and a read are traced as well, and say nothing of anybody", async () => {
  const body = { schemas: [USER], userName: "TRACED@contoso.com" };
  expect((await tenant.scim("POST", "/Users", body, traced("b"))).status).toBe(409);
  const list = "/Users?filter=userName%20eq%20%22traced%40contoso.com%22";
  expect((await tenant.scim("GET", list, undefined, traced("c"))).status).toBe(200);

  const refused = await received("b", 3);
  const read = await received("c", 1);

  expect(attribute(refused.get("commit"), "rollcall.result")).toBe("refused");
  expect([...read.keys()]).toEqual(["GET User.list"]);
  expect(
    JSON.stringify(spans, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  ).not.toMatch(/traced@contoso|rc_/i);
});

test("what nobody asked to trace is not traced, whatever a traceparent that cannot be read says", async () => {
  await createUser(tenant.scim, "untraced@contoso.com");
  for (const traceparent of [
    "00-nonsense",
    `00-${"0".repeat(32)}-${CALLER}-01`,
    `00-${traceOf("d")}-${CALLER}-00`,
  ])
    expect((await tenant.scim("GET", "/Users?count=0", undefined, { headers: { traceparent } })).status).toBe(
      200,
    );
  expect((await tenant.scim("GET", "/Users?count=0", undefined, traced("e"))).status).toBe(200);

  // Sent after the others, and so told after them.
  await received("e", 1);

  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set(["a", "b", "c", "e"].map(traceOf)));
});
