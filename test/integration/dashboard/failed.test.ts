/** Failed jobs by cause and page by page, and what strangers can put on a page: names, details and addresses meant to do harm. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  addAccount,
  addCycle,
  addFailedWrite,
  addTenant,
  type SeededTenant,
} from "../../support/console-seed.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const FAILURES = 60;
const PAGE_LENGTH = 25;
const HOSTILE = `</title><script>alert(1)</script><img src=x onerror=alert(2)>"'\`&amp;{{7*7}}`;

let store: TestDatabase;
let site: TestConsole;
let viewer: TestVisitor;
let plain: SeededTenant;
let hostile: SeededTenant;
let hostileCycle: string;
let hostileWrite: string;
let admin: TestVisitor;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  const add = (slug: string, name: string) => addTenant(store.database, { slug, name }, CONSOLE_SECRET);
  plain = await add("plain", "Plain");
  hostile = await add("hostile", HOSTILE);
  hostileCycle = await addCycle(store.database, hostile, { startedMinutesAgo: 5, refused: 1 });
  for (let failure = 1; failure <= FAILURES; failure += 1) {
    const masked = `failure ${failure}.`;
    await addFailedWrite(store.database, plain, { detail: `${masked} 'Canary'`, masked });
  }
  hostileWrite = await addFailedWrite(store.database, hostile, {
    cycleId: hostileCycle,
    detail: HOSTILE,
    masked: HOSTILE,
  });
  for (const role of ["viewer", "admin"] as const) await addAccount(store.database, role, role);
  viewer = site.visitor();
  await viewer.signIn("viewer");
  admin = site.visitor();
  await admin.signIn("admin");
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

const CAUSE = "code=userName-taken&type=User&operation=create";
const details = (text: string): string[] => text.match(/failure \d+\./g) ?? [];
const olderPage = (text: string): string | undefined =>
  /href="([^"]+)">Older</.exec(text)?.[1]?.replaceAll("&#38;", "&");

test("every failed job is on one page and only one, newest first", async () => {
  const seen: string[][] = [];
  for (let path: string | undefined = `/tenants/plain/failed?${CAUSE}`; path !== undefined;) {
    const { status, text } = await viewer.get(path);
    expect(status).toBe(200);
    seen.push(details(text));
    path = olderPage(text);
  }

  const wanted = Array.from({ length: FAILURES }, (_, index) => `failure ${FAILURES - index}.`);
  expect(seen.map(({ length }) => length)).toEqual([PAGE_LENGTH, PAGE_LENGTH, FAILURES - 2 * PAGE_LENGTH]);
  expect(seen.flat()).toEqual(wanted);
});

test("failures of one cause are one card, with their number and what to do in Azure", async () => {
  const { text } = await viewer.get("/failed?tenant=plain");

  expect(text.match(/class="card failure"/g)).toHaveLength(1);
  expect(text).toContain(`${FAILURES} jobs`);
  expect(text).toContain("Two users map to one userName");
});

test("values are for those who may mend", async () => {
  expect((await admin.get(`/tenants/plain/failed?${CAUSE}`)).text).toContain("Canary");
  for (const path of ["/failed?tenant=plain", `/tenants/plain/failed?${CAUSE}`])
    expect((await viewer.get(path)).text).not.toContain("Canary");
});

test("a refusal is told from a fault, each with its explanation", async () => {
  const tenant = await addTenant(store.database, { slug: "both", name: "Both" }, CONSOLE_SECRET);
  await addFailedWrite(store.database, tenant);
  await addFailedWrite(store.database, tenant, { result: "fault", detail: "Postgres could not be reached" });

  const { text } = await viewer.get("/failed?tenant=both");

  expect(text).toContain(">Refused<");
  expect(text).toContain("Another user has this userName");
  expect(text).toContain(">Failed<");
  expect(text).toContain("A fault of the service");
});

test("a code that this version does not know is shown without an explanation", async () => {
  const tenant = await addTenant(store.database, { slug: "newer", name: "Newer" }, CONSOLE_SECRET);
  await addFailedWrite(store.database, tenant);
  await store.database.query(`UPDATE failures SET code = 'toString' WHERE tenant_id = $1`, [tenant.tenantId]);

  const { status, text } = await viewer.get("/failed?tenant=newer");

  expect(status).toBe(200);
  expect(text).toContain("toString");
  expect(text).not.toContain('class="advice"');
});

describe("of one cycle", () => {
  let tenant: SeededTenant;
  let wanted: string;

  beforeAll(async () => {
    tenant = await addTenant(store.database, { slug: "cycles", name: "Cycles" }, CONSOLE_SECRET);
    const cycle = (refused: number) => addCycle(store.database, tenant, { startedMinutesAgo: 9, refused });
    wanted = await cycle(PAGE_LENGTH + 2);
    const other = await cycle(1);
    for (let failure = 1; failure <= PAGE_LENGTH + 2; failure += 1)
      await addFailedWrite(store.database, tenant, { cycleId: wanted, masked: `failure ${failure}.` });
    await addFailedWrite(store.database, tenant, { cycleId: other, masked: "failure 99." });
    await store.database.query(
      "UPDATE failures SET state = 'dismissed', reason = 'known', changed_by = 'admin' WHERE masked = 'failure 1.' AND tenant_id = $1",
      [tenant.tenantId],
    );
  });

  test("a cycle shows all that failed in it, whatever became of it, and nothing else", async () => {
    for (const path of [`/failed?cycle=${wanted}`, `/failed?tenant=cycles&cycle=${wanted}`]) {
      const first = await viewer.get(path);
      const second = await viewer.get(olderPage(first.text) ?? "");

      expect(details(first.text)).toHaveLength(PAGE_LENGTH);
      expect(details(second.text)).toEqual(["failure 2.", "failure 1."]);
      expect(second.text).toContain("Dismissed");
      expect(first.text).toContain(`href="/tenants/cycles/cycles/${wanted}"`);
      expect(olderPage(second.text)).toBeUndefined();
    }
  });

  test("its open ones stand by cause, with their newest as the example, and lead to those alone", async () => {
    const { text } = await viewer.get(`/failed?cycle=${wanted}&state=open`);
    const path = /href="(\/tenants\/cycles\/failed\?[^"]+)"/.exec(text)?.[1]?.replaceAll("&#38;", "&") ?? "";
    const cause = await viewer.get(path);

    expect(text).toContain(`${PAGE_LENGTH + 1} jobs`);
    expect(text).toContain(`Latest: failure ${PAGE_LENGTH + 2}.`);
    expect(details(cause.text)).toHaveLength(PAGE_LENGTH);
    expect(details((await viewer.get(olderPage(cause.text) ?? "")).text)).toEqual(["failure 2."]);
  });

  test("dismissing all of a cause leaves those of other cycles open", async () => {
    await admin.get(`/tenants/cycles/failed?${CAUSE}&cycle=${wanted}`);
    const [code, type, operation] = ["userName-taken", "User", "create"];
    const form = { code, type, operation, cycle: wanted, reason: "mended in Azure" };
    const answer = await admin.post("/tenants/cycles/failed/dismiss", form);

    expect(answer.headers.get("location")).toContain(
      `cycle=${wanted}&done=dismissed&count=${PAGE_LENGTH + 1}`,
    );
    expect(details((await viewer.get("/failed?tenant=cycles")).text)).toEqual(["failure 99."]);
    expect((await viewer.get(`/failed?cycle=${wanted}&state=open`)).text).toContain("Nothing is open");
  });

  test("a cycle of another tenant is none", async () => {
    expect((await viewer.get(`/failed?tenant=plain&cycle=${wanted}`)).status).toBe(404);
    expect((await viewer.get(`/tenants/plain/failed?${CAUSE}&cycle=${wanted}`)).status).toBe(404);
  });
});

test.each([
  ["/failed?cycle=nonsense", 404],
  ["/failed?cycle=018f0000-0000-7000-8000-000000000000", 404],
  ["/failed?tenant=nobody", 404],
  ["/failed?tenant=%3Cscript%3E", 404],
  ["/failed?tenant=", 200],
  ["/failed?state=resolved&before=not-an-id", 200],
  ["/failed?state=dismissed&before=018f0000-0000-7000-8000-000000000000", 200],
  ["/failed?state=nonsense", 200],
  ["/tenants/plain/failed", 404],
  ["/tenants/nobody/failed?code=x&type=User&operation=create", 404],
  ["/tenants/plain/failed?code=%3Cscript%3E&type=User&operation=create", 200],
  ["/tenants/plain/failed/not-an-id", 404],
  ["/tenants/plain/failed/018f0000-0000-7000-8000-000000000000", 404],
  ["/failed?tenant=plain&tenant=hostile", 200],
  ["/failed?tenant=%00", 400],
  ["/failed?x=%E0%A4%A", 200],
  ["/tenants/%00/connections/018f0000-0000-7000-8000-000000000000", 400],
  ["/tenants/%E0%A4%A/connections/x", 400],
  ["/tenants/plain/connections/018F0000-0000-7000-8000-00000000000G", 404],
  ["/tenants/plain/cycles/'; DROP TABLE cycles; --", 404],
  ["//", 200],
  ["/queues/../../etc/passwd", 404],
  ["/assets/..%2f..%2fpackage.json", 404],
  [`/${"x".repeat(500)}`, 404],
])("the address %s is answered %i, in the console's frame", async (path, status) => {
  const answer = await viewer.get(path);

  expect(answer.status).toBe(status);
  expect(answer.text).toContain("Rollcall");
  expect(answer.text).not.toContain("    at "); // A stack.
});

describe("hostile text", () => {
  const pages = (): string[] => [
    "/",
    "/failed",
    "/failed?tenant=hostile",
    `/tenants/hostile/connections/${hostile.connectionId}`,
    `/tenants/hostile/cycles/${hostileCycle}`,
    `/tenants/hostile/failed?${CAUSE}`,
    `/tenants/hostile/failed/${hostileWrite}`,
  ];

  test("is shown as it is, and is markup nowhere", async () => {
    for (const path of pages()) {
      const { status, text } = await viewer.get(path);
      expect([path, status]).toEqual([path, 200]);
      expect(text).toContain("alert(1)");
      expect(text).not.toMatch(/<script>|<img/);
      expect(text.match(/<\/title>/g)).toHaveLength(1);
    }
  });

  test("in a form comes back as text", async () => {
    const activate = await admin.post("/activate", { name: HOSTILE, slug: `"><script>` });
    const rotate = await admin.get(`/tenants/hostile/connections/${hostile.connectionId}/rotate`);
    const revoke = await admin.get(`/tenants/hostile/connections/${hostile.connectionId}/revoke`);
    const signIn = await site.visitor().get("/sign-in?next=%22%3E%3Cscript%3E");

    expect(activate.status).toBe(422);
    for (const { text } of [activate, rotate, revoke, signIn]) expect(text).not.toMatch(/<script>|<img/);
  });

  test("pages bring no script but our own file, no inline style and no handler, which the policy would refuse", async () => {
    for (const path of pages()) {
      const { headers, text } = await viewer.get(path);
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).toContain("script-src 'self';");
      expect(policy).not.toMatch(/unsafe|\*/);
      expect(text.match(/<script[^>]*>/g)).toEqual([
        expect.stringMatching(/^<script src="\/assets\/console-[0-9a-f]{12}\.js" defer>$/),
      ]);
      const tags = text.match(/<[a-z][^>]*>/g) ?? [];
      expect(tags.filter((tag) => /\s(on\w+|style)\s*=/.test(tag))).toEqual([]);
    }
  });
});

test("a form that is none is refused: another type, another character set, broken in the middle", async () => {
  const cookie = [...viewer.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const send = async (type: string, body: string): Promise<number> => {
    const headers = { cookie, "Content-Type": type };
    return (await fetch(`${site.url}/sign-out`, { method: "POST", headers, body, redirect: "manual" }))
      .status;
  };

  expect(await send("application/json", `{"csrf":"x"}`)).toBe(403);
  expect(await send("application/x-www-form-urlencoded; charset=utf-16", "csrf=x")).toBe(415);
  expect(await send("application/x-www-form-urlencoded", "csrf=%E0%A4%A&csrf[]=x&__proto__=x")).toBe(403);
  expect(await send("application/x-www-form-urlencoded", "a=1&".repeat(2_000))).toBe(413);
  expect((await viewer.get("/")).status).toBe(200);
});
