/** Webhooks against a real receiver: signed, in order per resource, patient with outages, and none lost. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EventMessage } from "../../src/store/event-messages.ts";
import { EventMessage2 } from "../../src/store/event-messages-2.ts";
import { findBusyEndpoints } from "../../src/store/webhook-deliveries.ts";
import {
  listEndpoints,
  pauseEndpoint,
  resumeEndpoint,
  rotateEndpointSecret,
} from "../../src/store/webhook-endpoints.ts";
import { type LoggedDelivery, listDeliveries, redeliver } from "../../src/store/webhook-log.ts";
import { addProductKey, createProductClient } from "../support/product.ts";
import { createGroup, createUser, patch, USER } from "../support/provision.ts";
import { verify } from "../support/receiver.ts";
import { startTestService, TEST_SECRET, type TestService, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";
import { PATIENT, hook } from "../support/webhooks.ts";

const idsOf = (messages: readonly EventMessage[]): string[] => messages.map(({ id }) => id);

/** Every event of the tenant, in order: what must arrive. */
async function eventIds(service: TestService, tenantId: string): Promise<string[]> {
  const rows = await service.database.query<{ id: string }>(
    "SELECT 'evt_' || id AS id FROM events WHERE tenant_id = $1 ORDER BY position",
    [tenantId],
  );
  return rows.map(({ id }) => id);
}

/** Versions by resource, in the order in which the receiver took them first. */
function versionsOf(messages: readonly EventMessage[]): number[][] {
  const byResource = new Map<string, number[]>();
  const seen = new Set<string>();
  for (const { id, data } of messages) {
    if (seen.has(id) || !("userId" in data) || data.version === null) continue;
    seen.add(id);
    byResource.set(data.userId, [...(byResource.get(data.userId) ?? []), data.version]);
  }
  return [...byResource.values()];
}

describe.each(queueBackends())("with the queue on %s", (kind) => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService(openTestQueue(kind), PATIENT);
  });
  afterAll(() => service.stop());

  test("an endpoint whose messages are of a newer process's version waits for that process", async () => {
    const { scim, receiver, endpoint } = await hook(service);
    const { id, tenantId } = endpoint;
    const pin = (version: number): Promise<unknown> =>
      service.database.query(
        "UPDATE webhook_endpoints SET payload_version = $3 WHERE tenant_id = $1 AND id = $2",
        [tenantId, id, version],
      );
    const isBusy = async (): Promise<boolean> =>
      (await findBusyEndpoints(service.database)).some((busy) => busy.id === id);
    await pin(99);
    await createUser(scim, "later@contoso.com");
    expect(await isBusy()).toBe(false);
    expect(receiver.received).toEqual([]);

    await pin(1);
    await waitFor(() => receiver.received.length === 1);
    expect(receiver.received[0]?.message).toMatchObject({ payloadVersion: 1, type: "user.created" });
  });

  test("an event is sent, signed as Standard Webhooks says", async () => {
    const { scim, receiver, secret } = await hook(service);
    const id = await createUser(scim, "ada@contoso.com", { displayName: "Ada" });
    await waitFor(() => receiver.received.length > 0);

    const [first] = receiver.received;
    if (!first) throw new Error("nothing came");
    expect(verify(secret, first)).toMatchObject({
      type: "user.created",
      data: { userId: id, user: { displayName: "Ada" } },
    });
    expect(EventMessage.parse(first.message)).toEqual(first.message);
    expect(first.headers["webhook-id"]).toBe(first.message.id);
    expect(() => verify(secret, { ...first, body: first.body.replace("Ada", "Eve") })).toThrow();
    await receiver.goAway();
  });

  test("in version 2 an event says from what to what, what it is about whole, and which request it was", async () => {
    const { scim, receiver, connectionId, endpoint } = await hook(service, null, 2);
    const id = await createUser(scim, "ada@contoso.com", { title: "Dr", externalId: "e-1" });
    const group = await createGroup(scim, "Staff");
    const members = { op: "add", path: "members", value: [{ value: id }] };
    await scim("PATCH", `/Groups/${group}`, patch(members));
    await waitFor(() => receiver.taken().length === 3);
    await scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "title", value: "Prof" }));
    await waitFor(() => receiver.taken().length === 4);

    const told = receiver.taken().map((message) => EventMessage2.parse(message));
    expect(told).toEqual(receiver.taken());
    const cause = { connectionId, cycleId: expect.any(String) as string, clientRequestId: null };
    expect(told.find(({ type }) => type === "user.created")).toMatchObject({
      ...{ payloadVersion: 2, subject: { type: "User", id, externalId: "e-1" } },
      cause: { ...cause, operation: "create" },
    });
    expect(told.find(({ type }) => type === "group.members_changed")).toMatchObject({
      subject: { type: "Group", id: group },
      data: { members: { added: [id], removed: [] }, resource: { displayName: "Staff" } },
    });
    expect(told.at(-1)).toMatchObject({
      type: "user.updated",
      cause: { ...cause, operation: "patch" },
      data: {
        version: 2,
        changes: [{ attribute: "title", from: "Dr", to: "Prof" }],
        resource: {
          ...{ schemas: [USER], id, userName: "ada@contoso.com", title: "Prof", meta: { version: 'W/"2"' } },
          groups: [{ value: group, type: "direct", display: "Staff" }],
        },
      },
    });

    // Back to version 1, by the product itself; what is sent again is told in it.
    const { tenantId } = endpoint;
    const product = createProductClient(service.apiUrl, await addProductKey(service.database, tenantId));
    const path = `/webhooks/${endpoint.id}`;
    expect(await product("PATCH", path, { payloadVersion: 3 })).toMatchObject({ status: 400 });
    expect(await product("PATCH", path, { payloadVersion: 1 })).toMatchObject({
      ...{ status: 200, body: { id: endpoint.id, payloadVersion: 1 } },
    });
    const first = receiver.taken()[0]?.id.slice("evt_".length) ?? "";
    await service.database.transaction((tx) => redeliver(tx, endpoint, { eventId: first }));
    await waitFor(() => receiver.taken().length === 5);
    expect(EventMessage.parse(receiver.taken().at(-1))).toMatchObject({ payloadVersion: 1 });
    const { body } = await product("GET", "/events?payloadVersion=2");
    const feed = (body as { readonly events: readonly object[] }).events;
    expect(feed.map((event) => EventMessage2.parse(event).id)).toEqual(await eventIds(service, tenantId));
    await receiver.goAway();
  });

  test("a receiver that was away gets everything when it is back, each resource's events in order", async () => {
    const { scim, receiver, tenantId, endpoint } = await hook(service);
    const users = await Promise.all(
      ["a", "b", "c", "d"].map((name) => createUser(scim, `${name}@contoso.com`)),
    );
    await waitFor(() => receiver.taken().length === users.length);
    await receiver.goAway();
    for (const round of ["1", "2", "3", "4", "5"]) {
      await Promise.all(
        users.map((id) =>
          scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "title", value: round })),
        ),
      );
    }
    await waitFor(async () => {
      const [state] = await listEndpoints(service.database, tenantId);
      return (state?.failures ?? 0) >= 3;
    });
    await receiver.comeBack();

    const wanted = await eventIds(service, tenantId);
    await waitFor(() => new Set(idsOf(receiver.taken())).size === wanted.length, 180_000);
    expect(new Set(idsOf(receiver.taken()))).toEqual(new Set(wanted));
    for (const versions of versionsOf(receiver.taken())) expect(versions).toEqual([1, 2, 3, 4, 5, 6]);
    await waitFor(async () => (await listEndpoints(service.database, tenantId))[0]?.pending === 0);
    const log = await listDeliveries(service.database, endpoint, { limit: 100, failedOnly: false });
    expect(log.every(({ state }) => state === "delivered")).toBe(true);
    await receiver.goAway();
  });

  test("an event that the receiver refuses holds its own resource, and nobody else", async () => {
    const { scim, receiver, tenantId, endpoint } = await hook(service);
    const [bad, good] = [
      await createUser(scim, "bad@contoso.com"),
      await createUser(scim, "good@contoso.com"),
    ];
    await waitFor(() => receiver.taken().length === 2);
    receiver.answer(({ data }) => ("userId" in data && data.userId === bad ? 500 : 204));
    for (const id of [bad, bad, good, good])
      await scim(
        "PATCH",
        `/Users/${id}`,
        patch({ op: "replace", path: "title", value: crypto.randomUUID() }),
      );
    const versions = (id: string): (number | null)[] =>
      receiver.taken().flatMap(({ data }) => ("userId" in data && data.userId === id ? [data.version] : []));
    await waitFor(() => versions(good).length === 3);

    expect(versions(good)).toEqual([1, 2, 3]);
    expect(versions(bad)).toEqual([1]);
    const refused = receiver.received.filter(({ status }) => status === 500);
    expect(refused.map(({ message }) => "version" in message.data && message.data.version)).not.toContain(3);
    // An attempt counts when it begins, and what came of it is written once the receiver has answered.
    const held = async (): Promise<LoggedDelivery | undefined> =>
      (await listDeliveries(service.database, endpoint, { limit: 10, failedOnly: false })).find(
        ({ attempts, state }) => attempts > 0 && state === "pending",
      );
    await waitFor(async () => typeof (await held())?.status === "number");
    expect(await held()).toMatchObject({ status: 500, error: "answered 500", response: "said 500" });

    receiver.answer(() => 204);
    await waitFor(() => versions(bad).length === 3);
    expect(versions(bad)).toEqual([1, 2, 3]);
    expect(await eventIds(service, tenantId)).toHaveLength(6);
    await receiver.goAway();
  });

  test("what a tenant does is told to its own receivers, and of the types they want", async () => {
    const one = await hook(service, ["user.deleted"]);
    const two = await hook(service);
    const id = await createUser(one.scim, "one@contoso.com");
    await one.scim("DELETE", `/Users/${id}`);
    await createUser(two.scim, "two@contoso.com");
    await waitFor(() => one.receiver.taken().length > 0 && two.receiver.taken().length > 0);

    expect(one.receiver.taken().map(({ type }) => type)).toEqual(["user.deleted"]);
    expect(JSON.stringify(two.receiver.taken())).not.toContain("one@contoso.com");

    // Of what it does not want nothing waits.
    const options = { reason: "by_hand", probeAfterSeconds: null } as const;
    await service.database.transaction((tx) => pauseEndpoint(tx, one.endpoint, options));
    const another = await createUser(one.scim, "another@contoso.com");
    await one.scim("DELETE", `/Users/${another}`);
    expect(await listEndpoints(service.database, one.tenantId)).toMatchObject([{ pending: 1 }]);
    await Promise.all([one.receiver.goAway(), two.receiver.goAway()]);
  });

  test("while a secret is replaced, both verify", async () => {
    const { scim, receiver, secret, endpoint } = await hook(service);
    const rotation = { secret: TEST_SECRET, overlapHours: 1 };
    const next = await service.database.transaction((tx) => rotateEndpointSecret(tx, endpoint, rotation));
    await createUser(scim, "a@contoso.com");
    await waitFor(() => receiver.received.length > 0);

    const [first] = receiver.received;
    if (!first) throw new Error("nothing came");
    expect(next).not.toBe(secret);
    expect(verify(next, first)).toEqual(verify(secret, first));
    const rows = await service.database.query("SELECT to_jsonb(e) AS row FROM webhook_endpoints e");
    for (const shown of [secret, next]) expect(JSON.stringify(rows)).not.toContain(shown.slice(6));
    await receiver.goAway();
  });

  test("a paused endpoint gets nothing; resumed, it gets what waited; and an event can be sent again", async () => {
    const { scim, receiver, endpoint, tenantId } = await hook(service);
    const options = { reason: "by_hand", probeAfterSeconds: null } as const;
    await service.database.transaction((tx) => pauseEndpoint(tx, endpoint, options));
    await createUser(scim, "a@contoso.com");
    const other = await hook(service);
    await createUser(other.scim, "b@contoso.com");
    await waitFor(() => other.receiver.taken().length === 1);
    expect(receiver.received).toEqual([]);
    expect(await listEndpoints(service.database, tenantId)).toMatchObject([{ pending: 1 }]);

    await service.database.transaction((tx) => resumeEndpoint(tx, endpoint));
    await waitFor(() => receiver.taken().length === 1);
    const [id = ""] = await eventIds(service, tenantId);
    const again = { eventId: id.slice("evt_".length) };
    await waitFor(async () => (await listEndpoints(service.database, tenantId))[0]?.pending === 0);
    expect(await service.database.transaction((tx) => redeliver(tx, endpoint, again))).toBe(1);
    expect(await service.database.transaction((tx) => redeliver(tx, other.endpoint, again))).toBe(0);
    await waitFor(() => receiver.taken().length === 2);
    expect(idsOf(receiver.taken())).toEqual([id, id]);
    await Promise.all([receiver.goAway(), other.receiver.goAway()]);
  });

  test("a redirect is not followed", async () => {
    const { scim, receiver, endpoint } = await hook(service);
    receiver.answer(() => 302);
    await createUser(scim, "a@contoso.com");
    await waitFor(() => receiver.received.length > 1);

    const [last] = await listDeliveries(service.database, endpoint, { limit: 1, failedOnly: false });
    expect(last?.status).toBe(302);
    await receiver.goAway();
  });
});
