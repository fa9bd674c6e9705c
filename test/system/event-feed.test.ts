/** The event feed over HTTP: pages, filters, waiting, streaming, cursors that end, and one tenant's view of another. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { EventMessage } from "../../src/store/event-messages.ts";
import { pruneEvents } from "../../src/store/events.ts";
import { listProductKeys, revokeProductKey } from "../../src/store/product-keys.ts";
import { openEventStream } from "../support/event-stream.ts";
import { addProductKey, createProductClient, type ProductClient } from "../support/product.ts";
import { createGroup, createUser, patch } from "../support/provision.ts";
import { startTestService, type TestService, type TestTenant, waitFor } from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";

interface Feed {
  readonly events: readonly (EventMessage & { readonly cursor: string })[];
  readonly cursor: string;
  readonly hasMore: boolean;
}

interface Product extends TestTenant {
  readonly key: string;
  readonly product: ProductClient;
  readonly feed: (query?: string) => Promise<Feed>;
}

let service: TestService;
beforeAll(async () => {
  service = await startTestService(openTestQueue("postgres"));
});
afterAll(() => service.stop());

async function newProduct(): Promise<Product> {
  const tenant = await service.addTenant();
  const key = await addProductKey(service.database, tenant.tenantId);
  const product = createProductClient(service.apiUrl, key);
  return {
    ...tenant,
    key,
    product,
    feed: async (query = "") => {
      const { status, body } = await product("GET", `/events${query}`);
      expect(status).toBe(200);
      return body as Feed;
    },
  };
}

const typesOf = ({ events }: Feed): string[] => events.map(({ type }) => type);

test("what Azure did is read in its order, with the resource as it stands", async () => {
  const { scim, feed } = await newProduct();
  const user = await createUser(scim, "ada@contoso.com", { externalId: "a-1", displayName: "Ada" });
  const group = await createGroup(scim, "Team");
  await scim("PATCH", `/Groups/${group}`, patch({ op: "Add", path: "members", value: [{ value: user }] }));
  await scim("PATCH", `/Users/${user}`, patch({ op: "Replace", path: "active", value: "False" }));

  const { events, hasMore, cursor } = await feed();

  for (const { cursor: place, ...message } of events) {
    expect(place).toMatch(/^[\w-]+$/);
    expect(EventMessage.parse(message)).toEqual(message);
  }
  expect(events.map(({ type }) => type)).toEqual([
    "user.created",
    "group.created",
    "group.members_changed",
    "user.deactivated",
  ]);
  expect(events[0]).toMatchObject({
    data: { userId: user, externalId: "a-1", version: 1, user: { displayName: "Ada", active: false } },
  });
  expect(events[2]).toMatchObject({ data: { groupId: group, added: [user], removed: [] } });
  expect(events[3]).toMatchObject({ data: { userId: user, version: 2, changed: ["active"] } });
  expect(hasMore).toBe(false);
  expect((await feed(`?after=${cursor}`)).events).toEqual([]);
});

test("of a deleted user no value is told any more, but who it was to the identity provider", async () => {
  const { scim, feed } = await newProduct();
  const id = await createUser(scim, "gone@contoso.com", { externalId: "gone-1", displayName: "Gone" });
  await scim("DELETE", `/Users/${id}`);

  const { events } = await feed();

  expect(JSON.stringify(events)).not.toContain("gone@contoso.com");
  expect(events.map(({ type, data }) => [type, data])).toEqual([
    ["user.created", expect.objectContaining({ userId: id, user: null })],
    [
      "user.deleted",
      expect.objectContaining({ userId: id, user: null, externalId: "gone-1", version: null }),
    ],
  ]);
});

test("pages of any size give the same events, and the cursor of an event goes on after it", async () => {
  const { scim, feed } = await newProduct();
  for (const name of ["a", "b", "c", "d", "e"]) await createUser(scim, `${name}@contoso.com`);
  const all = (await feed()).events.map(({ id }) => id);

  const seen: string[] = [];
  for (let cursor = "", hasMore = true; hasMore;) {
    const page = await feed(`?limit=2&after=${cursor}`);
    seen.push(...page.events.map(({ id }) => id));
    ({ cursor, hasMore } = page);
  }
  expect(seen).toEqual(all);

  const second = (await feed("?limit=2")).events[1];
  expect((await feed(`?after=${second?.cursor}`)).events.map(({ id }) => id)).toEqual(all.slice(2));
});

test("a filter by type leaves the others out and moves on behind them", async () => {
  const { scim, feed } = await newProduct();
  const id = await createUser(scim, "a@contoso.com");
  await scim("DELETE", `/Users/${id}`);
  await createUser(scim, "b@contoso.com");

  const page = await feed("?types=user.deleted,group.created");

  expect(typesOf(page)).toEqual(["user.deleted"]);
  expect((await feed(`?after=${page.cursor}`)).events).toEqual([]);
});

test("a reader that waits is answered when something happens, and not by what it does not want", async () => {
  const { scim, feed } = await newProduct();
  const { cursor } = await feed("?after=latest");
  const answer = feed(`?after=${cursor}&types=user.deleted&wait=50`);

  const id = await createUser(scim, "a@contoso.com");
  await scim("DELETE", `/Users/${id}`);

  expect(typesOf(await answer)).toEqual(["user.deleted"]);
  expect((await feed("?after=latest&wait=1")).events).toEqual([]);
});

test("a tenant sees its own events alone, and another's cursor is refused", async () => {
  const [one, two] = [await newProduct(), await newProduct()];
  await createUser(one.scim, "one@contoso.com");
  await createUser(two.scim, "two@contoso.com");

  expect(JSON.stringify(await two.feed())).not.toContain("one@contoso.com");
  const { cursor } = await one.feed();
  const answer = await two.product("GET", `/events?after=${cursor}`);
  expect(answer).toMatchObject({ status: 400, body: { code: "cursor-invalid" } });
  expect((await fetch(`${service.apiUrl}/v1/events`)).status).toBe(401);
});

test("a cursor whose events were removed is told so; without a cursor reading begins with what is left", async () => {
  const { scim, feed, product, tenantId } = await newProduct();
  const { cursor } = await feed("?after=latest");
  await createUser(scim, "a@contoso.com");
  await createUser(scim, "b@contoso.com");
  await service.database.query(
    "UPDATE events SET occurred_at = now() - interval '40 days' WHERE tenant_id = $1 AND position = 1",
    [tenantId],
  );
  await service.database.transaction((tx) => pruneEvents(tx, { seconds: 30 * 86_400, perTenantMax: 100 }));

  const answer = await product("GET", `/events?after=${cursor}`);

  expect(answer).toMatchObject({ status: 410, body: { code: "cursor-expired" } });
  expect(typesOf(await feed())).toEqual(["user.created"]);
});

test("a cursor ahead of a database that was restored is refused rather than waited for", async () => {
  const { scim, feed, product, tenantId } = await newProduct();
  await createUser(scim, "a@contoso.com");
  const { cursor } = await feed();
  await service.database.query("UPDATE event_heads SET head = 0 WHERE tenant_id = $1", [tenantId]);

  const answer = await product("GET", `/events?after=${cursor}&wait=50`);

  expect(answer).toMatchObject({ status: 400, body: { code: "cursor-invalid" } });
});

test.each([
  "types=user.exploded",
  "limit=0",
  "limit=1001",
  "limit=x",
  "wait=51",
  "wait=-1",
  "after=nonsense",
  `after=${"A".repeat(200)}`,
  "after=AQAAAAAAAAAAAAAAAAAAAAA",
])("a query that is not one is refused: %s", async (query) => {
  const { product } = await newProduct();

  const { status, body } = await product("GET", `/events?${query}`);

  expect(status).toBe(400);
  expect(body).toMatchObject({ code: expect.stringMatching(/^(parameter|cursor)-invalid$/) as string });
});

test("events are read, not written", async () => {
  const { product } = await newProduct();
  const { status, headers } = await product("POST", "/events", {});
  expect([status, headers.get("allow")]).toEqual([405, "GET"]);
});

test("a stream tells what happens as it happens, and is resumed where it was", async () => {
  const { scim, key, feed } = await newProduct();
  const headers = { Authorization: `Bearer ${key}` };
  const url = `${service.apiUrl}/v1/events`;
  await createUser(scim, "a@contoso.com");
  const stream = await openEventStream(url, headers);
  await waitFor(() => stream.events.length === 1);
  await createUser(scim, "b@contoso.com");
  await waitFor(() => stream.events.length === 2);
  stream.close();
  await stream.ended;
  await createUser(scim, "c@contoso.com");

  const resumed = await openEventStream(url, { ...headers, "Last-Event-ID": stream.events[0]?.id ?? "" });
  await waitFor(() => resumed.events.length === 2);
  resumed.close();

  const { events } = await feed();
  const told = events.map(({ cursor, ...message }) => ({ id: cursor, event: message.type, data: message }));
  expect(stream.events).toEqual(told.slice(0, 2));
  expect(resumed.events).toEqual(told.slice(1));
});

test("a stream ends with its key, and says nothing after that", async () => {
  const { scim, key, tenantId } = await newProduct();
  const stream = await openEventStream(`${service.apiUrl}/v1/events`, { Authorization: `Bearer ${key}` });
  await waitFor(() => stream.lastId() !== undefined);
  const [stored] = await listProductKeys(service.database, tenantId);
  await service.database.transaction((tx) => revokeProductKey(tx, tenantId, stored?.id ?? ""));

  await createUser(scim, "a@contoso.com");

  await stream.ended;
  expect(stream.events).toEqual([]);
});

test("a stopping process lets streams and waiting readers go at once", async () => {
  const other = await startTestService(openTestQueue("postgres"));
  const { tenantId } = await other.addTenant();
  const key = await addProductKey(other.database, tenantId);
  const stream = await openEventStream(`${other.apiUrl}/v1/events`, { Authorization: `Bearer ${key}` });
  await waitFor(() => stream.lastId() !== undefined);
  const waiting = createProductClient(other.apiUrl, key)("GET", "/events?wait=50");
  await waitFor(async () => (await createProductClient(other.apiUrl, key)("GET", "")).status === 200);

  await other.stop();

  // Left behind, they would be cut, and both would fail.
  await stream.ended;
  expect((await waiting).status).toBe(200);
});
