/** Who is told of a cycle that failed: once, by webhook and by e-mail, whatever becomes of attempts, jobs and workers. */
import { beforeAll, afterAll, expect, test } from "vitest";
import { createLogger } from "../../src/platform/logger.ts";
import { createMailer } from "../../src/platform/mail.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { createWebhookPoster } from "../../src/platform/webhook-post.ts";
import { EXPLANATIONS } from "../../src/scim/index.ts";
import type { DatabasePool } from "../../src/store/database.ts";
import {
  claimDigest,
  insertDigests,
  listDigests,
  recordDigest,
  takeDueDigests,
} from "../../src/store/digest-deliveries.ts";
import { setDigest } from "../../src/store/digests.ts";
import { createDigestProcessor, type DigestDeps } from "../../src/worker/deliver-digest.ts";
import { addCycle, addTenant } from "../support/console-seed.ts";
import { type MailServer, startMailServer } from "../support/mail-server.ts";
import { createUser, USER } from "../support/provision.ts";
import { type Receiver, startReceiver, verify } from "../support/receiver.ts";
import { startTestService, TEST_SECRET, type TestTenant, waitFor } from "../support/service.ts";
import { createTestDatabase, openTestQueue, queueBackends, type TestDatabase } from "../support/stores.ts";
import { SETTINGS } from "../support/webhooks.ts";

const EMAILS = ["ops@example.com", "sre@example.com"];
const PATIENCE_MS = 60_000;

let mails: MailServer;
let receiver: Receiver;
let store: TestDatabase;
beforeAll(async () => {
  mails = await startMailServer();
  receiver = await startReceiver();
  store = await createTestDatabase();
});
afterAll(async () => {
  await store.drop();
  await receiver.goAway();
  await mails.close();
});

test("a cycle that failed is told once by webhook and by e-mail, and one that went well is not", async () => {
  const [kind = "postgres"] = queueBackends();
  const env = {
    ...SETTINGS,
    ...{ SMTP_HOST: "127.0.0.1", SMTP_PORT: String(mails.port), SMTP_TLS: "none" },
    SMTP_FROM: "Rollcall <rollcall@example.com>",
  };
  let passedMs = 0;
  const service = await startTestService(openTestQueue(kind), env, () => Date.now() + passedMs);
  const { database } = service;
  const { tenantId, connectionId, scim }: TestTenant = await service.addTenant();
  const key = { tenantId, connectionId };
  const secret = await database.transaction((tx) =>
    setDigest(tx, key, {
      ...{ settings: { url: receiver.url, emails: EMAILS }, renewsSecret: false, secret: TEST_SECRET },
    }),
  );
  const cycles = () =>
    database.query<{ id: string; refused: number; isOver: boolean }>(
      `SELECT id, refused::int AS refused, ended_at IS NOT NULL AS "isOver"
         FROM cycles WHERE tenant_id = $1 ORDER BY id DESC`,
      [tenantId],
    );
  // The api may yet say when the last request was, so time passes until the cycle is over.
  const endCycle = () => {
    passedMs += 3_600_000;
    return waitFor(async () => {
      await database.query(
        `UPDATE cycles SET last_request_at = now() - interval '1 hour'
          WHERE tenant_id = $1 AND ended_at IS NULL`,
        [tenantId],
      );
      return (await cycles()).every(({ isOver }) => isOver);
    }, PATIENCE_MS);
  };

  receiver.answer(() => (receiver.received.length === 0 ? 500 : 204));
  mails.refuse(1);
  await createUser(scim, "alice@contoso.com");
  for (let repeat = 0; repeat < 2; repeat += 1) {
    const again = await scim("POST", "/Users", {
      schemas: [USER],
      userName: "alice@contoso.com",
      title: "x",
    });
    expect(again.status).toBe(409);
  }
  await waitFor(async () => (await cycles())[0]?.refused === 2, PATIENCE_MS);
  await endCycle();
  await waitFor(async () => {
    const digests = await listDigests(database, key, 10);
    return digests.length === 2 && digests.every(({ state }) => state === "delivered");
  }, PATIENCE_MS);

  const [told] = await database.query<{ slug: string; cycleId: string }>(
    `SELECT t.slug, c.id AS "cycleId" FROM tenants t JOIN cycles c ON c.tenant_id = t.id WHERE t.id = $1`,
    [tenantId],
  );
  const link = `${service.dashboardUrl}/tenants/${told?.slug}/cycles/${told?.cycleId}`;
  expectPosts({ tenant: told?.slug, secret, data: { cycleId: told?.cycleId, connectionId, link } });
  expectMail(link);
  const metrics = await (await fetch(`${service.metricsUrl}/metrics`)).text();
  for (const channel of ["webhook", "email"]) {
    expect(metrics).toContain(`rollcall_digests_total{channel="${channel}",result="retried"} 1`);
    expect(metrics).toContain(`rollcall_digests_total{channel="${channel}",result="delivered"} 1`);
  }

  // The next cycle goes well: with its end there is no digest of it.
  await createUser(scim, "bob@contoso.com");
  await endCycle();
  expect((await cycles()).length).toBe(2);
  expect(await listDigests(database, key, 10)).toHaveLength(2);
  await service.stop();
});

// The journey above is on the first backend; on the others, that the job arrives.
test.each(queueBackends().slice(1))("with the queue on %s a digest is sent once as well", async (kind) => {
  const service = await startTestService(openTestQueue(kind), SETTINGS);
  const before = receiver.received.length;
  receiver.answer(() => 204);
  const { key, cycle } = await failedCycle("elsewhere", { database: service.database });

  await service.database.transaction((tx) => insertDigests(tx, [cycle]));
  await waitFor(async () => {
    const [digest] = await listDigests(service.database, key, 10);
    return digest?.state === "delivered";
  }, PATIENCE_MS);

  expect(await listDigests(service.database, key, 10)).toMatchObject([{ channel: "webhook", attempts: 1 }]);
  expect(receiver.received.slice(before).map(({ status }) => status)).toEqual([204]);
  await service.stop();
});

/** Put off once and then taken: the same message, signed, with all but a person. */
function expectPosts(sent: {
  readonly tenant: string | undefined;
  readonly secret: string | undefined;
  readonly data: object;
}): void {
  const { tenant, secret = "", data } = sent;
  const [first, second] = receiver.received;
  if (first === undefined || second === undefined) throw new Error("it was not posted twice");
  expect(receiver.received.map(({ status }) => status)).toEqual([500, 204]);
  expect(second.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
  expect(verify(secret, second)).toMatchObject({
    ...{ type: "cycle.failed", tenant },
    data: {
      ...data,
      counts: { applied: 1, unchanged: 0, refused: 2, faulted: 0 },
      reasons: [
        {
          ...{ code: "userName-taken", operation: "create", resourceType: "User", result: "refused" },
          ...{ count: 2, open: 2, ...EXPLANATIONS["userName-taken"] },
        },
      ],
    },
  });
  expect(second.body).not.toMatch(/alice|contoso/);
}

function expectMail(link: string): void {
  const [taken] = mails.taken;
  if (taken === undefined) throw new Error("no mail was taken");
  expect(mails.offered()).toBe(2);
  expect(mails.taken.map(({ to }) => to)).toEqual([EMAILS]);
  expect(taken.raw).toMatch(/^Message-ID: <dig_[0-9a-f-]{36}@example\.com>/m);
  const mail = decoded(taken.raw);
  expect(mail).toContain(link);
  expect(mail).toContain("Create user: userName-taken (2 refused, 2 of them still open)");
  expect(mail).not.toMatch(/alice|contoso/);
}

/** A mail with its lines as they were before they travelled. */
function decoded(raw: string): string {
  if (!/^Content-Transfer-Encoding: quoted-printable/im.test(raw)) return raw;
  const bytes = raw
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

test("of many workers that end a cycle, take its digest and begin an attempt, one does", async () => {
  const { key, cycle } = await failedCycle("busy");
  const { database } = store;
  const five = <T>(work: () => Promise<T>): Promise<readonly T[]> =>
    Promise.all(Array.from({ length: 5 }, work));

  await five(() => database.transaction((tx) => insertDigests(tx, [cycle])));
  const taken = (await five(() => takeDueDigests(database, { max: 10, leaseSeconds: 60 }))).flat();
  const [due] = taken;
  if (due === undefined) throw new Error("nothing was due");
  expect(taken).toEqual([{ tenantId: key.tenantId, cycleId: cycle.id, channel: "webhook", attempt: 1 }]);
  const claims = await five(() => claimDigest(database, due, 0));
  expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);

  // The worker died: its lease is over, another begins the second attempt, and the first says nothing any more.
  const [next] = await takeDueDigests(database, { max: 10, leaseSeconds: 60 });
  if (next === undefined) throw new Error("it was not taken again");
  expect(next.attempt).toBe(2);
  await claimDigest(database, next, 60);
  await recordDigest(database, due, { state: "failed", retryAfterSeconds: null, error: "too late" });
  await recordDigest(database, next, { state: "delivered", retryAfterSeconds: null, error: null });
  expect(await listDigests(database, key, 10)).toMatchObject([
    { state: "delivered", attempts: 2, error: null },
  ]);
});

test("a digest goes to no private address, to no mail server without TLS, and is given up after its attempts", async () => {
  const { key, cycle } = await failedCycle("private", { emails: ["ops@example.com"] });
  const seen = { posts: receiver.received.length, mails: mails.offered() };
  await store.database.transaction((tx) => insertDigests(tx, [cycle]));
  const poster = createWebhookPoster({ timeoutMs: 10_000, isHttpAllowed: true, isPrivateAllowed: false });
  const mailer = createMailer({
    ...{ host: "127.0.0.1", port: mails.port, security: "starttls", credentials: undefined },
    from: "rollcall@example.com",
  });
  const process = createDigestProcessor({
    ...{ db: store.database, poster, mailer, secret: TEST_SECRET, retrySeconds: [] },
    metrics: createMetrics({ tenantsMax: 1, version: "0" }),
    logger: createLogger({ service: "test", level: "silent" }),
    consoleUrl: () => undefined,
    queue: undefined as unknown as DigestDeps["queue"],
  });
  for (const due of await takeDueDigests(store.database, { max: 10, leaseSeconds: 60 }))
    await process({ data: { version: 1, ...due } });
  poster.close();

  const ends = new Map((await listDigests(store.database, key, 10)).map((each) => [each.channel, each]));
  expect(ends.get("webhook")).toMatchObject({ state: "failed", attempts: 1 });
  expect(ends.get("webhook")?.error).toContain("not of the public internet");
  expect(ends.get("email")).toMatchObject({ state: "failed", attempts: 1 });
  expect(ends.get("email")?.error).toMatch(/STARTTLS/i);
  expect({ posts: receiver.received.length, mails: mails.offered() }).toEqual(seen);
});

/** A cycle of a tenant of its own that ended with a refusal, and whose connection has somebody to tell. */
async function failedCycle(
  slug: string,
  { emails = [], database = store.database }: { emails?: readonly string[]; database?: DatabasePool } = {},
) {
  const tenant = await addTenant(database, { slug, name: slug }, TEST_SECRET);
  const { tenantId, connectionId } = tenant;
  const key = { tenantId, connectionId };
  const settings = { url: receiver.url, emails };
  await database.transaction((tx) =>
    setDigest(tx, key, { settings, renewsSecret: false, secret: TEST_SECRET }),
  );
  const id = await addCycle(database, tenant, { startedMinutesAgo: 30, refused: 1 });
  return { key, cycle: { tenantId, id } };
}
