/** Tokens as the store keeps them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createConnection,
  createTenant,
  findPrincipal,
  issueToken,
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

async function newConnection(slug: string) {
  return store.database.transaction(async (tx) => {
    const tenant = await createTenant(tx, { slug, name: slug });
    const connectionId = await createConnection(tx, tenant!.id, "Azure AD");
    return { tenantId: tenant!.id, connectionId, secret: SECRET, ttlDays: 1 };
  });
}

test("of rotations at the same time one token is left, and it works", async () => {
  const { database } = store;
  const request = await newConnection("acme");

  const issued = await Promise.all(
    Array.from({ length: 8 }, () => database.transaction((tx) => rotateToken(tx, request))),
  );

  const tokens = await listTokens(database, request.tenantId, request.connectionId);
  expect(tokens.filter(({ revokedAt }) => revokedAt === null)).toHaveLength(1);
  const principals = await Promise.all(issued.map(({ token }) => findPrincipal(database, SECRET, token)));
  expect(principals.filter((principal) => principal !== undefined)).toHaveLength(1);
});

test("a token that lives is listed, however many secrets have come and gone since; those are bounded", async () => {
  const { database } = store;
  const request = await newConnection("contoso");
  const { hint } = await database.transaction((tx) => issueToken(tx, request));
  for (let count = 0; count < 30; count += 1)
    await database.transaction((tx) => rotateToken(tx, { ...request, kind: "client_secret" }));

  const tokens = await listTokens(database, request.tenantId, request.connectionId);

  const live = tokens.filter(({ revokedAt }) => revokedAt === null);
  expect(live.map(({ kind }) => kind)).toEqual(["client_secret", "bearer"]);
  expect(tokens.at(-1)?.hint).toBe(hint);
  expect(tokens).toHaveLength(21);
});
