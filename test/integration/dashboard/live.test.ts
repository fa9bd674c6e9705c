/** Pages that stay true by themselves: what a stream sends, to whom, and when it ends. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { addAccount, addCycle, addTenant, type SeededTenant } from "../../support/console-seed.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { type EventStream, openEventStream } from "../../support/event-stream.ts";
import { waitFor } from "../../support/service.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let site: TestConsole;
let tenant: SeededTenant;
let connection: string;
let viewer: TestVisitor;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  tenant = await addTenant(store.database, { slug: "acme", name: "Acme" }, CONSOLE_SECRET);
  connection = `/tenants/acme/connections/${tenant.connectionId}`;
  await addAccount(store.database, "viewer", "viewer");
});
beforeEach(async () => {
  viewer = site.visitor();
  await viewer.signIn("viewer");
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

function listen(path: string, visitor = viewer): Promise<EventStream> {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  return openEventStream(`${site.url}${path}`, { cookie });
}

/** The last text of a region, without its markup. */
function last({ events }: EventStream, name: string): string {
  const sent = events.filter(({ event }) => event === "region").map(({ data }) => data as Region);
  return (sent.findLast((region) => region.name === name)?.html ?? "").replaceAll(/<[^>]+>/g, " ");
}

interface Region {
  readonly name: string;
  readonly html: string;
}

test("the connection's page turns green with Azure's first request, and shows the reason where it is turned away", async () => {
  const stream = await listen(connection);
  await waitFor(() => last(stream, "door").includes("Waiting for Azure to knock"));

  await store.database.query(
    `INSERT INTO knocks (tenant_id, connection_id, reason, times, token_hint, method, path, user_agent)
     VALUES ($1, $2, 'expired', 2, 'rc_abcde', 'GET', '/scim/v2/Users', '<b>Azure</b>')`,
    [tenant.tenantId, tenant.connectionId],
  );
  await waitFor(() => last(stream, "door").includes("the token has expired"));
  await store.database.query(
    `UPDATE tokens SET last_used_at = now() + interval '1 second' WHERE tenant_id = $1`,
    [tenant.tenantId],
  );
  await waitFor(() => last(stream, "door").includes("Connected"));

  expect(last(stream, "door")).not.toContain("expired");
  stream.close();
});

test("the page that shows a new token goes on to tell whether Azure gets in", async () => {
  const admin = site.visitor();
  await addAccount(store.database, "admin", "admin");
  await admin.signIn("admin");

  const made = await admin.post("/activate", { name: "Fresh", slug: "fresh" });

  const [, at = ""] = /data-live="([^"]+)"/.exec(made.text) ?? [];
  expect(made.text).toContain('data-region="door"');
  const stream = await listen(at, admin);
  await waitFor(() => last(stream, "door").includes("Waiting for Azure to knock"));
  stream.close();
});

test("a cycle is seen while it runs, and a region is sent again only when it has changed", async () => {
  const cycleId = await addCycle(store.database, tenant, {
    startedMinutesAgo: 1,
    isOpen: true,
    created: 3,
  });
  const stream = await listen(`/tenants/acme/cycles/${cycleId}`);
  await waitFor(() => stream.events.length === 1);

  await store.database.query(`UPDATE cycles SET users_created = 4711 WHERE id = $1`, [cycleId]);
  await waitFor(() => last(stream, "cycle").includes("4,711"));

  expect(stream.events).toHaveLength(2);
  stream.close();
});

test("a stream ends with its session, and none is opened without one", async () => {
  const stream = await listen("/");
  await waitFor(() => stream.events.length > 0);

  await viewer.post("/sign-out");
  await stream.ended;

  expect(stream.events.at(-1)?.event).toBe("gone");
  const stranger = await listen("/", site.visitor());
  await stranger.ended;
  expect(stranger.events.map(({ event }) => event)).toEqual(["gone"]);
});

test("a page without live parts, and one that the role may not see, stream nothing", async () => {
  for (const path of ["/people", "/activate", "/tenants/nobody"]) {
    const stream = await listen(path);
    await stream.ended;
    expect(
      stream.events.map(({ event }) => event),
      path,
    ).toEqual(["gone"]);
  }
});
