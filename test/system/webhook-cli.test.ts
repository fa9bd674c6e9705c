/** `bin/rollcall webhook …`: endpoints made, looked at, tried and taken away from a shell; the secret shown once. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { findTenant } from "../../src/store/tenants.ts";
import { listTenantAudit } from "../../src/store/audit.ts";
import { type Ended, rollcall } from "../support/cli.ts";
import { createUser } from "../support/provision.ts";
import { type Receiver, startReceiver, verify } from "../support/receiver.ts";
import { createScimClient } from "../support/scim-client.ts";
import { startTestService, testEnv, type TestService, waitFor } from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";
import { PATIENT } from "../support/webhooks.ts";

let service: TestService;
let receiver: Receiver;
let env: ReturnType<typeof testEnv>;

beforeAll(async () => {
  const queue = openTestQueue("postgres");
  service = await startTestService(queue, PATIENT);
  env = testEnv(service.databaseUrl, queue, PATIENT);
  receiver = await startReceiver();
});
afterAll(async () => {
  await service.stop();
  await receiver.goAway();
});

const run = (...args: readonly string[]): Promise<Ended> => rollcall(env, ...args);
async function done(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

test("an endpoint's life from a shell", async () => {
  const { token } = JSON.parse(await done("tenant", "create", "acme", "--json")) as { token: string };
  const made = JSON.parse(await done("webhook", "create", "acme", receiver.url, "--json")) as {
    endpoint: string;
    secret: string;
  };
  expect(made.secret).toMatch(/^whsec_[\w+/]{43}=$/);

  expect(await done("webhook", "test", "acme", made.endpoint)).toContain("answered 204");
  const [tried] = receiver.received;
  if (!tried) throw new Error("nothing came");
  expect(verify(made.secret, tried)).toMatchObject({ type: "webhook.test", tenant: "acme" });

  await createUser(createScimClient(`${service.apiUrl}/scim/v2`, token), "ada@acme.example");
  await waitFor(() => receiver.received.length === 2);
  const eventId = receiver.received[1]?.message.id ?? "";
  const delivered = async (): Promise<string> => done("webhook", "log", "acme", made.endpoint);
  await waitFor(async () => /user\.created +delivered +1 +204/.test(await delivered()), 90_000);
  expect(await delivered()).toContain(eventId);
  expect(await done("webhook", "redeliver", "acme", made.endpoint, eventId)).toContain(
    "1 will be sent again",
  );
  await waitFor(() => receiver.received.length === 3);
  expect(receiver.received[2]?.message.id).toBe(eventId);

  await done("webhook", "pause", "acme", made.endpoint);
  const listed = await done("webhook", "list", "acme");
  expect(listed).toMatch(
    new RegExp(`${made.endpoint} +${receiver.url} +all +paused \\(by hand\\) +0 +0 +2\n`),
  );
  expect(listed).not.toContain(made.secret);
  await done("webhook", "resume", "acme", made.endpoint);
  expect(await done("webhook", "set-version", "acme", made.endpoint, "1")).toContain("version 1 from now on");
  const rotated = JSON.parse(await done("webhook", "rotate-secret", "acme", made.endpoint, "--json")) as {
    secret: string;
  };
  expect(rotated.secret).not.toBe(made.secret);
  await done("webhook", "delete", "acme", made.endpoint);
  expect(await done("webhook", "list", "acme")).toBe("acme has no webhook endpoint.\n");

  const tenant = await findTenant(service.database, "acme");
  const audit = await listTenantAudit(service.database, tenant?.id ?? "", 20);
  expect(audit.map(({ action }) => action).filter((action) => action.startsWith("webhook"))).toEqual([
    "webhook.deleted",
    "webhook.secret_rotated",
    "webhook.version_changed",
    "webhook.resumed",
    "webhook.paused",
    "webhook.redelivered",
    "webhook.created",
  ]);
}, 360_000);

test.each([
  [["webhook", "create", "other", "https://user:pw@example.com"], 1, "user name or password"],
  [["webhook", "create", "other", "nonsense"], 1, "absolute address"],
  [["webhook", "create", "other", "https://example.com", "--types", "user.exploded"], 1, "user.exploded"],
  [
    ["webhook", "create", "other", "https://example.com", "--payload-version", "9"],
    2,
    'takes 1 or 2, not "9"',
  ],
  [["webhook", "create", "nobody", "https://example.com"], 1, "nobody"],
  [["webhook", "pause", "other", "ffff"], 1, "webhook list other"],
  [["webhook", "redeliver", "other", "ffff"], 2, "--since"],
])("%j is refused", async (args, code, word) => {
  await run("tenant", "create", "other");
  const ended = await run(...args);
  expect(ended.code).toBe(code);
  expect(ended.stderr).toContain(word);
});
