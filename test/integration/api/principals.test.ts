/** What a process remembers of tokens, while Postgres tells it of changes and while it cannot. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { AccessTokens } from "../../../src/api/oauth/access-tokens.ts";
import { Principals } from "../../../src/api/principals.ts";
import { createNotifier } from "../../../src/store/notifier.ts";
import { createConnection, createTenant, issueToken, revokeTokens } from "../../../src/store/tenants.ts";
import { waitFor } from "../../support/service.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const SECRET = "a secret that only this test uses, long enough";
const AN_HOUR_MS = 3_600_000;

let store: TestDatabase;

beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());

async function setup(slug: string) {
  const { database } = store;
  const notifier = createNotifier(database, () => undefined);
  const accessTokens = new AccessTokens({ secret: SECRET, audience: "test", ttlSeconds: 60 });
  const settings = { db: database, secret: SECRET, accessTokens, notifier, trustedMs: AN_HOUR_MS };
  const principals = new Principals(settings);
  await principals.start();
  onTestFinished(() => principals.stop());
  const issued = await database.transaction(async (tx) => {
    const tenant = await createTenant(tx, { slug, name: slug });
    const tenantId = tenant?.id ?? "";
    const connectionId = await createConnection(tx, tenantId, "Azure");
    return {
      tenantId,
      connectionId,
      ...(await issueToken(tx, { tenantId, connectionId, secret: SECRET, ttlDays: 1 })),
    };
  });
  return { principals, notifier, ...issued };
}

/** Ends the token behind the back of whoever listens. */
const endSilently = (tenantId: string) =>
  store.database.transaction(async (tx) => {
    await tx.query("SET LOCAL session_replication_role = replica");
    await tx.query("UPDATE tokens SET revoked_at = now() WHERE tenant_id = $1", [tenantId]);
  });

test("a token is remembered, until Postgres tells that it was revoked", async () => {
  const { principals, token, tenantId, connectionId } = await setup("told");
  const first = await principals.find(token);

  expect(await principals.find(token)).toBe(first);
  expect(first).toMatchObject({ tenantId, connectionId });
  await store.database.transaction((tx) => revokeTokens(tx, tenantId, connectionId));
  await waitFor(async () => (await principals.find(token)) === undefined);
});

test("a connection that ends takes its tokens along", async () => {
  const { principals, token, tenantId } = await setup("ended");
  await principals.find(token);

  await store.database.query("UPDATE connections SET disconnected_at = now() WHERE tenant_id = $1", [
    tenantId,
  ]);

  await waitFor(async () => (await principals.find(token)) === undefined);
});

test("after the listening connection was lost, what was remembered before is asked again", async () => {
  const { principals, notifier, token, tenantId } = await setup("lost");
  await principals.find(token);
  const session = notifier.session();

  await endSilently(tenantId);
  expect(await principals.find(token)).toBeDefined(); // Nobody told: this is what a lost word would look like.
  await store.database.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN rollcall_access_changed'",
  );
  await waitFor(() => Promise.resolve(notifier.session() !== session));

  expect(await principals.find(token)).toBeUndefined();
});
