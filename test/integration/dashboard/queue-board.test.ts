/** Bull Board in the console, on each queue backend: for who is signed in, to look at, and without anybody's data. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WriteCommand } from "../../../src/queue/contracts.ts";
import { QUEUES, type WriteQueue, type WriteWorker } from "../../../src/queue/queues.ts";
import { addAccount } from "../../support/console-seed.ts";
import { startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { makeQueue } from "../../support/queues.ts";
import { waitFor } from "../../support/service.ts";
import { createTestDatabase, queueBackends, type TestDatabase } from "../../support/stores.ts";

const PERSON = "ada.lovelace@contoso.com";
const QUEUE = `/queues/api/queues/${QUEUES.writes}`;

function command(): WriteCommand {
  const [writeId, tenantId, connectionId, resourceId] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  return {
    ...{ version: 1, writeId, tenantId, tenantSlug: "contoso", connectionId, resourceId },
    ...{ cycleId: null, apiId: uuidv7(), requestKey: uuidv7(), correlationId: "correlation-of-the-write" },
    ...{ operation: "create", resourceType: "User", ifMatch: null, requestedAt: Date.now() },
    payload: { userName: PERSON, displayName: "Ada Lovelace" },
  };
}

describe.each(queueBackends())("with the queue on %s", (kind) => {
  let store: TestDatabase;
  let queue: WriteQueue;
  let worker: WriteWorker;
  let site: TestConsole;
  let viewer: TestVisitor;
  const refused = command();
  const waiting = command();

  beforeAll(async () => {
    store = await createTestDatabase();
    const made = await makeQueue(kind, store.url);
    queue = made.queue;
    worker = made.backend.openWorker(() => Promise.reject(new Error("409 uniqueness: userName is taken")), 1);
    await queue.add("create User", refused, { jobId: refused.writeId, attempts: 1 });
    void worker.run();
    await waitFor(async () => (await queue.getJobCounts("failed"))["failed"] === 1);
    await worker.close();
    await queue.add("create User", waiting, { jobId: waiting.writeId });
    site = await startConsole(store.database, { queues: [queue] });
    await addAccount(store.database, "viewer", "viewer");
    viewer = site.visitor();
    await viewer.signIn("viewer");
  });
  afterAll(async () => {
    await site.stop();
    await queue.close();
    await store.drop();
  });

  test("who is not signed in gets neither its page nor its data", async () => {
    for (const path of ["/queues", "/queues/", "/queues/api/queues", `${QUEUE}/${waiting.writeId}`]) {
      const { status, headers, text } = await site.visitor().get(path);
      expect([path, status]).toEqual([path, 303]);
      expect(headers.get("location")).toMatch(/^\/sign-in\?next=%2Fqueues/);
      expect(text).not.toContain(waiting.tenantId);
    }
  });

  test("its page runs no script but its own, and asks nothing of another host", async () => {
    const { status, headers, text } = await viewer.get("/queues/");

    const policy = headers.get("content-security-policy") ?? "";
    expect(status).toBe(200);
    expect(/script-src ([^;]*)/.exec(policy)?.[1]).toBe("'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(text).toContain("Rollcall queues");
    expect(text).not.toMatch(/(href|src)="https?:/);
    const script = /src="(static\/js\/main[^"]+)"/.exec(text)?.[1] ?? "";
    expect((await viewer.get(`/queues/${script}`)).headers.get("content-type")).toMatch(/javascript/);
  });

  test("jobs are shown with their ids and their reason, and without their payload", async () => {
    const list = await viewer.get(`/queues/api/queues?activeQueue=${QUEUES.writes}&status=latest`);
    const failed = await viewer.get(`${QUEUE}/${refused.writeId}`);
    const logs = await viewer.get(`${QUEUE}/${refused.writeId}/logs`);

    for (const { status, text } of [list, failed]) {
      expect(status).toBe(200);
      expect(text).toContain(refused.writeId);
      expect(text).toContain(refused.correlationId);
      expect(text).toContain("409 uniqueness: userName is taken");
      expect(text).toContain('"payload":"hidden"');
    }
    expect(list.text).toContain(waiting.writeId);
    for (const { text } of [list, failed, logs]) {
      expect(text).not.toContain(PERSON);
      expect(text).not.toContain("Lovelace");
      // Where the server's files lie is for its log.
      expect(text).not.toContain("at async ");
      expect(text).not.toMatch(/\.[cm]?[jt]s:\d+:\d+/);
      expect(text).not.toContain(refused.apiId);
      expect(text).not.toContain(refused.requestKey);
    }
  });

  test.each([
    ["POST", QUEUE + "/add"],
    ["PUT", QUEUE + "/pause"],
    ["PUT", QUEUE + "/retry/failed"],
    ["PUT", QUEUE + "/clean/failed"],
    ["PUT", QUEUE + "/empty"],
    ["PUT", "/queues/api/queues/pause"],
    ["DELETE", QUEUE],
    ["PATCH", `${QUEUE}/${waiting.writeId}/update-data`],
  ])("%s %s changes nothing, not even for the owner", async (method, path) => {
    await addAccount(store.database, "owner", "owner");
    const owner = site.visitor();
    await owner.signIn("owner");
    const cookie = [...owner.cookies].map(([name, value]) => `${name}=${value}`).join("; ");

    const answer = await fetch(`${site.url}${path}`, {
      method,
      headers: { cookie, "Content-Type": "application/json" },
      body: JSON.stringify({ jobData: {} }),
    });

    expect(answer.status).toBe(403);
    expect(await queue.isPaused()).toBe(false);
    expect(await queue.getJobCounts("failed", "waiting")).toEqual({ failed: 1, waiting: 1 });
  });
});
