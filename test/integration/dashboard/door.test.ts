/** Who may do what in the console: sessions, roles, forms of our own, and what a browser is told to refuse. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { CONSOLE_SECRET, startConsole, type TestConsole } from "../../support/console.ts";
import { addAccount, seedConsole } from "../../support/console-seed.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

type Seed = Awaited<ReturnType<typeof seedConsole>>;

let store: TestDatabase;
let site: TestConsole;
let seed: Seed;
let connection: string;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  seed = await seedConsole(store.database, CONSOLE_SECRET);
  for (const role of ["owner", "admin", "viewer"] as const) await addAccount(store.database, role, role);
  connection = `/tenants/${seed.busy.slug}/connections/${seed.busy.connectionId}`;
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

const pages = (): string[] => [
  "/",
  "/activate",
  "/failed",
  "/people",
  "/queues",
  connection,
  `${connection}/rotate`,
  `${connection}/revoke`,
  `/tenants/${seed.busy.slug}/cycles/${seed.cycleId}`,
];

test("without a session every page asks to sign in", async () => {
  for (const path of pages()) {
    const { status, headers } = await site.visitor().get(path);
    expect([path, status]).toEqual([path, 303]);
    expect(headers.get("location")).toMatch(/^\/sign-in/);
  }
});

test("a viewer sees, and may not change", async () => {
  const viewer = site.visitor();
  await viewer.signIn("viewer");

  expect((await viewer.get("/")).text).not.toContain("/activate");
  expect((await viewer.get(connection)).status).toBe(200);
  for (const path of ["/activate", `${connection}/rotate`, `${connection}/revoke`]) {
    expect((await viewer.get(path)).status).toBe(403);
    expect((await viewer.post(path, { name: "X", slug: "x", understood: "yes" })).status).toBe(403);
  }
  const [{ count } = { count: -1 }] = await store.database.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM tokens WHERE revoked_at IS NOT NULL",
  );
  expect(count).toBe(0);
});

test("a form without our token, or sent from another site, changes nothing", async () => {
  const admin = site.visitor();
  await admin.signIn("admin");
  const before = await store.database.query("SELECT * FROM tokens ORDER BY id");
  const cookie = [...admin.cookies].map(([name, value]) => `${name}=${value}`).join("; ");

  const without = await admin.post(`${connection}/rotate`, { csrf: "" });
  const wrong = await admin.post(`${connection}/rotate`, { csrf: "x".repeat(43) });
  const foreign = await fetch(`${site.url}${connection}/rotate`, {
    method: "POST",
    headers: { cookie, "Sec-Fetch-Site": "cross-site" },
    body: new URLSearchParams(),
  });

  expect([without.status, wrong.status, foreign.status]).toEqual([403, 403, 403]);
  expect(await store.database.query("SELECT * FROM tokens ORDER BY id")).toEqual(before);
});

test("browsers are told to run no foreign code, show no frame and keep nothing", async () => {
  const viewer = site.visitor();
  await viewer.signIn("viewer");

  const { headers } = await viewer.get("/");

  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("x-powered-by")).toBeNull();
});

test("what is not there is 404, and what cannot be read is 4xx, in the console's own frame", async () => {
  const owner = site.visitor();
  await owner.signIn("owner");
  const { busy, waiting } = seed;

  const unknown = [
    "/nope",
    "/tenants/nobody/connections/018f0000-0000-7000-8000-000000000000",
    `/tenants/${busy.slug}/connections/no-uuid`,
    `/tenants/${waiting.slug}/connections/${busy.connectionId}`,
    `/tenants/${waiting.slug}/cycles/${seed.cycleId}`,
  ];
  for (const path of unknown) {
    const { status, text } = await owner.get(path);
    expect([path, status]).toEqual([path, 404]);
    expect(text).toContain("Rollcall");
  }
  const large = await owner.post("/activate", { name: "x".repeat(100_000), slug: "x" });
  expect(large.status).toBe(413);
});
