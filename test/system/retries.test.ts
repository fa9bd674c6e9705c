/** What a client may do when it does not know: hang up, be cut off, ask again. One write, and its true answer. */
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createConnection, issueToken } from "../../src/store/tenants.ts";
import { PATCH_OP, USER } from "../support/provision.ts";
import { createScimClient } from "../support/scim-client.ts";
import {
  startTestService,
  TEST_SECRET,
  type TestService,
  type TestTenant,
  waitFor,
} from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";

let service: TestService;
let tenant: TestTenant;
const sockets: Socket[] = [];

beforeEach(async () => {
  service = await startTestService(openTestQueue("postgres"));
  tenant = await service.addTenant();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await service.stop();
});

const bodyOf = (userName: string): string => JSON.stringify({ schemas: [USER], userName });

/** Sends a request by hand, so that the connection can be treated badly. */
function send(start: string, body: string, header = ""): Socket {
  const { hostname, port } = new URL(service.apiUrl);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.write(
    `${start} HTTP/1.1\r\nHost: rollcall\r\nAuthorization: Bearer ${tenant.token}\r\n${header}` +
      `Content-Type: application/scim+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return socket;
}

const post = (body: string, header?: string): Socket => send("POST /scim/v2/Users", body, header);
const textFrom = (socket: Socket): Promise<string> =>
  new Promise((resolve) => socket.once("data", (data: Buffer) => resolve(String(data))));

const count = async (table: "unanswered_writes" | "writes"): Promise<number> => {
  const rows = await service.database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${table} WHERE tenant_id = $1`,
    [tenant.tenantId],
  );
  return rows[0]?.count ?? 0;
};

test("a connection that is reset under its answer: the same request again has that answer, not a conflict", async () => {
  const body = bodyOf("reset@contoso.com");
  const socket = post(body);
  await new Promise((resolve) => socket.once("data", resolve));

  socket.resetAndDestroy();
  await waitFor(async () => (await count("unanswered_writes")) === 1);
  const again = await tenant.scim("POST", "/Users", undefined, { raw: body });
  const third = await tenant.scim("POST", "/Users", undefined, { raw: body });

  expect(again.status).toBe(201);
  expect(third.status).toBe(409);
  const { body: list } = await tenant.scim("GET", "/Users");
  expect(list.Resources.map(({ id }) => id)).toEqual([again.body.id]);
});

test("a client that hangs up and asks again while its write is under way leaves nothing for later requests", async () => {
  // Nothing is committed while the table is held, so both requests wait for the same write.
  const again = await service.database.transaction(async (tx) => {
    await tx.query("LOCK TABLE users IN EXCLUSIVE MODE");
    const body = bodyOf("impatient@contoso.com");
    const impatient = post(body);
    const waiting = async (): Promise<boolean> => {
      const rows = await tx.query("SELECT FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass");
      return rows.length > 0;
    };
    await waitFor(waiting);
    await new Promise((resolve) => impatient.once("close", resolve).destroy());
    await waitFor(async () => (await count("unanswered_writes")) === 1);
    const socket = post(body, "Expect: 100-continue\r\n");
    // Once the api has answered this, and another request after it, the second one waits too.
    expect(await textFrom(socket)).toContain("100 Continue");
    await tenant.scim("GET", "/ServiceProviderConfig");
    return socket;
  });
  const answer = await textFrom(again);

  expect(answer).toContain("201 Created");
  await waitFor(async () => (await count("unanswered_writes")) === 0);
  expect(await count("writes")).toBe(1);
});

const titled = (title: string): string =>
  JSON.stringify({ schemas: [PATCH_OP], Operations: [{ op: "replace", path: "title", value: title }] });

/** The tenant's other connection. @returns what changes a user there */
async function connectElsewhere(): Promise<(path: string) => Promise<void>> {
  const { tenantId } = tenant;
  const { token } = await service.database.transaction(async (tx) => {
    const connectionId = await createConnection(tx, tenantId, "Okta");
    return issueToken(tx, { tenantId, connectionId, secret: TEST_SECRET, ttlDays: 1 });
  });
  const scim = createScimClient(`${service.apiUrl}/scim/v2`, token);
  return async (path) => {
    expect((await scim("PATCH", path, undefined, { raw: titled("theirs") })).status).toBe(200);
  };
}

test.each([
  ["is ended in good order, as by a client that hung up when it came", (socket: Socket) => socket.end()],
  ["is reset", (socket: Socket) => socket.resetAndDestroy()],
])(
  "a PATCH whose connection %s: the same again is not applied over what others wrote",
  async (_case, leave) => {
    const { body: user } = await tenant.scim("POST", "/Users", {
      schemas: [USER],
      userName: "ada@contoso.com",
    });
    const path = `/Users/${user.id}`;
    const changeElsewhere = await connectElsewhere();
    const socket = send(`PATCH /scim/v2${path}`, titled("mine"));
    await new Promise((resolve) => socket.once("data", resolve));
    await changeElsewhere(path);
    leave(socket);
    await waitFor(async () => (await count("unanswered_writes")) === 1);

    const again = await tenant.scim("PATCH", path, undefined, { raw: titled("mine") });

    // What the first one made of the user nobody can show any more; its version is known.
    expect(again.status).toBe(204);
    expect(again.headers.get("etag")).toBe('W/"2"');
    const { body: now } = await tenant.scim("GET", path);
    expect(now).toMatchObject({ title: "theirs", meta: { version: 'W/"3"' } });
  },
);
