/** Tokens as the store keeps them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createConnection,
  createTenant,
  findPrincipal,
  listTokens,
  rotateToken,
} from "../../../src/store/tenants.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const SECRET = "a secret that only this test uses, long enough";

let store: TestDatabase;
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());

test("of rotations at the same time one token is left, and it works", async () => {
  const { database } = store;
  const request = await database.transaction(async (tx) => {
    const tenant = await createTenant(tx, { slug: "acme", name: "Acme" });
    const connectionId = await createConnection(tx, tenant!.id, "Azure AD");
    return { tenantId: tenant!.id, connectionId, secret: SECRET, ttlDays: 1 };
  });

  const issued = await Promise.all(
    Array.from({ length: 8 }, () => database.transaction((tx) => rotateToken(tx, request))),
  );

  const tokens = await listTokens(database, request.tenantId, request.connectionId);
  expect(tokens.filter(({ revokedAt }) => revokedAt === null)).toHaveLength(1);
  const principals = await Promise.all(issued.map(({ token }) => findPrincipal(database, SECRET, token)));
  expect(principals.filter((principal) => principal !== undefined)).toHaveLength(1);
});
