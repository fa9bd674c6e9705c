/** The product of a tenant, for tests: a key, and requests as its back end would send them. */
import type { DatabasePool } from "../../src/store/database.ts";
import { issueProductKey } from "../../src/store/product-keys.ts";
import { TEST_SECRET, type TestService, type TestTenant } from "./service.ts";

export interface ProductAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export async function addProductKey(database: DatabasePool, tenantId: string): Promise<string> {
  const request = { tenantId, name: "test", secret: TEST_SECRET, ttlDays: undefined };
  return (await database.transaction((tx) => issueProductKey(tx, request))).key;
}

export type ProductClient = (method: string, path: string, body?: unknown) => Promise<ProductAnswer>;

/** @param body - sent as it is where it is a string */
export function createProductClient(apiUrl: string, key: string): ProductClient {
  return async (method, path, body) => {
    const response = await fetch(`${apiUrl}/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? null : (JSON.parse(text) as unknown),
    };
  };
}

export interface ProductTenant extends TestTenant {
  readonly product: ProductClient;
  /** The answer to one login check. */
  readonly check: (body: object) => Promise<object>;
}

/** A tenant, and its product with a key. */
export async function addProductTenant(service: TestService): Promise<ProductTenant> {
  const tenant = await service.addTenant();
  const key = await addProductKey(service.database, tenant.tenantId);
  const product = createProductClient(service.apiUrl, key);
  const check = async (body: object): Promise<object> => {
    const answer = await product("POST", "/login-check", body);
    if (answer.status !== 200)
      throw new Error(`login-check: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as object;
  };
  return { ...tenant, product, check };
}
