/** docs/openapi.json says what the service does: every endpoint both ways, its examples sent, its answers looked at. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Router } from "express";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { PROBLEM_CODES } from "../../src/api/product/problem.ts";
import { EVENT_TYPES } from "../../src/store/events.ts";
import { MATCH_STATES } from "../../src/store/existing-users.ts";
import { FINDINGS } from "../../src/store/reconciliations.ts";
import { GROUP_FIELDS } from "../../src/store/role-mappings.ts";
import { createEndpoint } from "../../src/store/webhook-endpoints.ts";
import { addProductKey } from "../support/product.ts";
import { startTestService, TEST_SECRET, type TestService, type TestTenant } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

type Schema = Readonly<Record<string, unknown>>;
interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
}
interface Operation {
  readonly operationId: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly { readonly $ref: string }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}
interface Api {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, Content>>;
    readonly parameters: Readonly<Record<string, Schema>>;
  };
}

const ROOT = join(import.meta.dirname, "../..");
const TEXT = readFileSync(join(ROOT, "docs/openapi.json"), "utf8");
const api = JSON.parse(TEXT) as Api;
const METHODS = ["get", "post", "put", "patch", "delete"];
// Served by Node's own HTTP, which has no list of routes to read; they are asked instead.
const WITHOUT_ROUTE = /^\/scim\/v2\/(Users|Groups)|^\/v1\/login-check$/;
const NIL = "00000000-0000-7000-8000-000000000000";

interface Made {
  readonly router: object;
  readonly path: string;
}

/** Every route and every mount that Express is told of while the service is made. */
const routes: (Made & { readonly methods: () => readonly string[] })[] = [];
const mounts: (Made & { readonly child: object })[] = [];

let service: TestService;
let tenant: TestTenant;
let productKey: string;
let stream: string;
let webhook: string;
beforeAll(async () => {
  const stopWatching = watchRouters();
  service = await startTestService(openTestQueue(queueBackends()[0] ?? "postgres"));
  stopWatching();
  tenant = await service.addTenant();
  productKey = await addProductKey(service.database, tenant.tenantId);
  const { tenantId } = tenant;
  const endpoint = { tenantId, url: null, types: null, secret: TEST_SECRET };
  const url = "https://hooks.example.com/";
  [stream, webhook] = await service.database.transaction(async (tx) => [
    (await createEndpoint(tx, endpoint)).id,
    (await createEndpoint(tx, { ...endpoint, url, types: ["guard.held"] })).id,
  ]);
});
afterAll(() => service.stop());

const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test("it is an OpenAPI 3.1 document of this version whose references lead somewhere", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  const ids = operations.map(({ operation }) => operation.operationId);
  const references = [...TEXT.matchAll(/"\$ref": "#\/components\/(\w+)\/(\w+)"/g)];
  const components = api.components as unknown as Readonly<Record<string, Readonly<Record<string, unknown>>>>;

  expect(api.openapi).toMatch(/^3\.1\./);
  expect(api.info.version).toBe(version);
  expect(new Set(ids).size).toBe(ids.length);
  expect(references.length).toBeGreaterThan(50);
  for (const [, kind = "", name = ""] of references) expect(components[kind], name).toHaveProperty(name);
  const named = new Set(references.map(([, kind, name]) => `${kind ?? ""}/${name ?? ""}`));
  for (const kind of ["schemas", "parameters", "responses"])
    for (const name of Object.keys(components[kind] ?? {})) expect([...named]).toContain(`${kind}/${name}`);
  for (const { path, operation } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const given = (operation.parameters ?? []).map(
      ({ $ref }) => components["parameters"]?.[$ref.split("/").at(-1) ?? ""],
    );
    const told = given
      .filter((each) => (each as Schema)["in"] === "path")
      .map((each) => (each as Schema)["name"]);
    expect(told, path).toEqual(inPath);
  }
});

test("words that programs go by are the ones of the code", () => {
  const wordsOf = (name: string, property?: string): unknown => {
    const schema = api.components.schemas[name] as Schema;
    const at = property === undefined ? schema : (schema["properties"] as Record<string, Schema>)[property];
    return at?.["enum"];
  };

  expect(wordsOf("ProblemCode")).toEqual(Object.keys(PROBLEM_CODES));
  expect(wordsOf("EventType")).toEqual([...EVENT_TYPES]);
  expect(wordsOf("RoleMapping", "matchBy")).toEqual([...GROUP_FIELDS]);
  const state = api.components.parameters["state"]?.["description"];
  for (const each of MATCH_STATES) expect(state).toContain(each);
  expect(wordsOf("Difference", "finding")).toEqual([...FINDINGS]);
  for (const each of FINDINGS) expect(api.components.parameters["finding"]?.["description"]).toContain(each);
});

test("every route of the api is in it, and every endpoint in it is one", () => {
  const documented = operations
    .filter(({ path }) => !WITHOUT_ROUTE.test(path))
    .map(({ path, method }) => `${method} ${path.replaceAll(/\{\w+\}/g, "{}")}`);

  const found = routesOfApi();
  expect(found.length).toBeGreaterThan(15);
  expect(found).toEqual([...new Set(documented)].sort());
});

test("whatever method is not in it is refused, on every path", async () => {
  const asked = Object.entries(api.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => !(method in methods)).map((method) => ({ path, method, methods })),
  );
  const wrong: string[] = [];
  for (const { path, method, methods } of asked) {
    const [any] = Object.values(methods);
    const url = service.apiUrl + path.replaceAll(/\{\w+\}/g, path.includes("Types") ? "User" : NIL);
    const { status } = await fetch(url, {
      method: method.toUpperCase(),
      headers: headersOf(any!),
      ...(method !== "get" && { body: "{}" }),
    });
    if (![404, 405].includes(status)) wrong.push(`${method} ${path} → ${status}`);
  }

  expect(asked.length).toBeGreaterThan(40);
  expect(wrong).toEqual([]);
});

test("its examples are taken, and every answer is as it says", async () => {
  const ids = new Map([
    ["security-events", stream],
    ["webhooks", webhook],
  ]);
  // What is made comes first, then what fills it and what ends it.
  const order = ({ path, method }: (typeof operations)[number]): number =>
    path.endsWith("/complete") ? 1.5 : ["post", "put", "get", "patch", "delete"].indexOf(method);
  const inOrder = [...operations].sort((one, two) => order(one) - order(two));
  const asked = inOrder.filter(({ operation }) => operation.operationId !== "getAsyncRequest"); // async-requests.test.ts
  for (const { path, method, operation } of asked) {
    const name = operation.operationId;
    const request = firstOf(operation.requestBody);
    if (request !== undefined) expect(problems(request.schema, request.example), name).toEqual([]);
    const response = await fetch(service.apiUrl + filled(path, ids), {
      method: method.toUpperCase(),
      headers: { ...headersOf(operation), ...(request && { "Content-Type": request.media }) },
      ...(request && { body: JSON.stringify(request.example) }),
    });
    const told = operation.responses[response.status];
    expect(told, `${name} → ${response.status}`).toBeDefined();
    const body = checkAnswer(firstOf(told), await response.text(), name);
    if (response.status === 201) ids.set(path.split("/").at(-1) ?? "", body.id ?? "");
  }
  expect(ids.size).toBe(5);

  // What is refused has the form that stands under "default".
  for (const [path, name] of [
    [`/scim/v2/Users/${NIL}`, "ScimError"],
    ["/v1/events?limit=0", "Problem"],
  ] as const) {
    const security = Object.values(
      api.paths[path.startsWith("/v1") ? "/v1/events" : "/scim/v2/Users"] ?? {},
    )[0];
    const refused = await fetch(service.apiUrl + path, { headers: headersOf(security!) });
    expect(refused.status).toBeGreaterThanOrEqual(400);
    checkAnswer(firstOf(api.components.responses[name]), await refused.text(), path);
  }
});

test("a wrong example would be noticed", () => {
  expect(valid({ $ref: "#/components/schemas/LoginCheck" }, { userName: "ada", other: 1 })).toBe(false);
  expect(valid({ $ref: "#/components/schemas/LoginAnswer" }, { allowed: true, reason: "perhaps" })).toBe(
    false,
  );
  expect(valid({ $ref: "#/components/schemas/Group" }, { schemas: [] })).toBe(false);
});

interface First {
  readonly media: string;
  readonly schema: Schema;
  readonly example?: unknown;
}

function firstOf(told: Content | undefined): First | undefined {
  const [media, content] = Object.entries(told?.content ?? {})[0] ?? [];
  return media === undefined || content === undefined ? undefined : { media, ...content };
}

/** With what was made here in the place of an id. */
function filled(path: string, ids: ReadonlyMap<string, string>): string {
  const kind = /(Users|Groups|reconciliations|security-events|webhooks)\/\{id\}/.exec(path)?.[1] ?? "";
  const named = path.includes("Schemas") ? "urn:ietf:params:scim:schemas:core:2.0:User" : "User";
  return path.replace(/\{\w+\}/, ids.get(kind) ?? named);
}

/** @returns the body, which is as it should be */
function checkAnswer(told: First | undefined, text: string, what: string): { readonly id?: string } {
  if (told === undefined) {
    expect(text, what).toBe("");
    return {};
  }
  const body = JSON.parse(text) as { readonly id?: string };
  expect(problems(told.schema, body), what).toEqual([]);
  return body;
}

function headersOf({ security }: Operation): Record<string, string> {
  const [scheme] = Object.keys(security[0] ?? {});
  if (scheme === undefined) return {};
  return { Authorization: `Bearer ${scheme === "productKey" ? productKey : tenant.token}` };
}

/** zod reads JSON schemas; references must be inside of them. */
function schemaOf(schema: Schema): z.ZodType {
  const inside = JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", "#/$defs/")) as Schema;
  const $defs = JSON.parse(
    JSON.stringify(api.components.schemas).replaceAll("#/components/schemas/", "#/$defs/"),
  ) as Schema;
  return z.fromJSONSchema({ ...inside, $defs } as never);
}

function problems(schema: Schema, value: unknown): readonly unknown[] {
  return schemaOf(schema).safeParse(value).error?.issues ?? [];
}

function valid(schema: Schema, value: unknown): boolean {
  return problems(schema, value).length === 0;
}

interface RouterMethods {
  route: (this: object, path: unknown) => { readonly methods: Readonly<Record<string, boolean>> };
  use: (this: object, ...given: unknown[]) => unknown;
}

/** @returns how to let them be again */
function watchRouters(): () => void {
  const prototype = (Router as unknown as { readonly prototype: RouterMethods }).prototype;
  const { route, use } = { ...prototype };
  prototype.route = function (path) {
    const made = route.call(this, path);
    if (typeof path === "string")
      routes.push({ router: this, path, methods: () => Object.keys(made.methods) });
    return made;
  };
  prototype.use = function (...given) {
    const path = typeof given[0] === "string" ? given[0] : "";
    for (const child of given.flat())
      if (typeof child === "function") mounts.push({ router: this, path, child });
    return use.apply(this, given);
  };
  return () => Object.assign(prototype, { route, use });
}

/** Of the application that mounts /scim/v2, as method and path. */
function routesOfApi(): string[] {
  const root = mounts.find(({ path }) => path === "/scim/v2")?.router ?? {};
  const below = (router: object, prefix: string): string[] => [
    ...routes
      .filter((each) => each.router === router)
      .flatMap(({ path, methods }) =>
        methods()
          .filter((method) => METHODS.includes(method))
          .map((method) => `${method} ${`${prefix}${path}`.replace(/\/$/, "").replaceAll(/:\w+/g, "{}")}`),
      ),
    ...mounts
      .filter((each) => each.router === router)
      .flatMap(({ path, child }) => below(child, prefix + path)),
  ];
  return [...new Set(below(root, ""))].sort();
}
