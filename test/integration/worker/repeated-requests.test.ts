/** A request that is sent again is one write, however its first sending ended; one that is meant anew is another. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Outcome } from "../../../src/queue/contracts.ts";
import { openSender, type Sender, title } from "../../support/sent-requests.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";
import { command, create, createGroup, patchGroup, remove } from "../../support/write-commands.ts";

let store: TestDatabase;
let apply: Sender["apply"];
let newUser: Sender["newUser"];
let noteUnanswered: Sender["noteUnanswered"];
let request: Sender["request"];
let tenantId: Sender["tenantId"];
let titleOf: Sender["titleOf"];
let usersNamed: Sender["usersNamed"];
beforeAll(async () => {
  store = await createTestDatabase();
  ({ apply, newUser, noteUnanswered, request, tenantId, titleOf, usersNamed } = await openSender(store));
});
afterAll(() => store.drop());

test.each([
  ["each alone", 1],
  ["all in one batch", 3],
])("a request that went unanswered twice is one write the third time, %s", async (name, size) => {
  const send = request(create("", `thrice-${size}`));
  const sent = [send(), send(), send()];
  for (const unanswered of sent.slice(0, 2)) await noteUnanswered(unanswered);

  const outcomes: Outcome[] = [];
  for (let start = 0; start < 3; start += size) {
    outcomes.push(...(await apply(...sent.slice(start, start + size))));
  }

  expect(await usersNamed(`thrice-${size}`), name).toMatchObject([{ id: sent[0]!.resourceId, version: "1" }]);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ kind: "applied", resourceId: sent[0]!.resourceId });
  }
});

test("the retry is applied before what it repeats: the late job then changes nothing", async () => {
  const [id, connectionId] = [await newUser("late@contoso.com"), uuidv7()];
  const send = request(title(id, "first"), connectionId);
  const [late, retry] = [send(), send()];
  await noteUnanswered(late);
  await apply(retry);
  await apply(request(title(id, "second"), connectionId)());

  expect(await apply(late)).toMatchObject([{ kind: "applied" }]);
  expect(await titleOf(id)).toBe("second");
});

test("a write that is noted only after its retry was answered: its late job changes nothing", async () => {
  const id = await newUser("noted-late@contoso.com");
  const send = request(title(id, "first"));
  const [late, retry] = [send(), send()];
  await apply(retry);
  await noteUnanswered(late);
  await apply(request(title(id, "theirs"))());

  expect(await apply(late)).toMatchObject([{ kind: "applied" }]);
  expect(await titleOf(id)).toBe("theirs");
});

test("a group whose create comes late, after its retry was answered and the group was used, is not made twice", async () => {
  const connectionId = uuidv7();
  const send = request(createGroup("", "Late twin"), connectionId);
  const [late, retry] = [send(), send()];
  await apply(retry);
  const rename = patchGroup(retry.resourceId, { op: "replace", path: "externalId", value: "x" });
  await apply(request(rename, connectionId)());

  const [outcome] = await apply(late);

  expect(outcome).toMatchObject({ kind: "applied", resourceId: retry.resourceId });
});

test("the late job of an earlier request is no change of its connection's since: a retry stays one", async () => {
  const [id, connectionId] = [await newUser("late-between@contoso.com"), uuidv7()];
  const [sendFirst, send] = [
    request(title(id, "first"), connectionId),
    request(title(id, "2nd"), connectionId),
  ];
  const [late, unanswered] = [sendFirst(), send()];
  for (const write of [sendFirst(), unanswered]) await apply(write);
  await noteUnanswered(unanswered);
  for (const write of [late, request(title(id, "theirs"))()]) await apply(write);

  expect(await apply(send())).toMatchObject([{ kind: "applied" }]);
  expect(await titleOf(id)).toBe("theirs");
});

test("a note that comes after the retry was answered says nothing of a later request", async () => {
  const id = await newUser("stale-note@contoso.com");
  const send = request(title(id, "mine"));
  const [first, retry] = [send(), send()];
  await apply(first);
  await apply(retry);
  await noteUnanswered(first);
  await apply(request(title(id, "theirs"))());

  const [outcome] = await apply(send());

  expect(outcome).toMatchObject({ kind: "applied", changed: true });
  expect(await titleOf(id)).toBe("mine");
});

test("what a connection changed meanwhile is changed back by the same request as before", async () => {
  const [id, connectionId] = [await newUser("meant-anew@contoso.com"), uuidv7()];
  const send = request(title(id, "first"), connectionId);
  const unanswered = send();
  await apply(unanswered);
  await noteUnanswered(unanswered);
  await apply(request(title(id, "second"), connectionId)());

  const [outcome] = await apply(send());

  expect(outcome).toMatchObject({ kind: "applied", changed: true });
  expect(await titleOf(id)).toBe("first");
});

test("what is meant anew is so too when its client is cut off before its batch begins", async () => {
  const [id, connectionId] = [await newUser("cut-anew@contoso.com"), uuidv7()];
  const send = request(title(id, "first"), connectionId);
  const perhapsAnswered = send();
  await apply(perhapsAnswered);
  await noteUnanswered(perhapsAnswered);
  await apply(request(title(id, "second"), connectionId)());
  const anew = send();
  await noteUnanswered(anew);

  await apply(anew);

  expect(await titleOf(id)).toBe("first");
  await apply(request(title(id, "theirs"))());
  await apply(send());
  expect(await titleOf(id)).toBe("theirs");
});

test("a late job of one retry takes nothing from the next one, which went unanswered too", async () => {
  const id = await newUser("late-retry@contoso.com");
  const send = request(title(id, "mine"));
  const [first, late, retry] = [send(), send(), send()];
  await apply(first);
  for (const write of [first, late]) await noteUnanswered(write);
  await apply(retry);
  await noteUnanswered(retry);
  await apply(request(title(id, "theirs"))());
  await apply(late);

  await apply(send());

  expect(await titleOf(id)).toBe("theirs");
});

test("what another connection changed meanwhile stays: the retry has its answer, and is not applied again", async () => {
  const id = await newUser("others@contoso.com");
  const send = request(title(id, "mine"));
  const unanswered = send();
  await apply(unanswered);
  await noteUnanswered(unanswered);
  await apply(request(title(id, "theirs"))());

  expect(await apply(send())).toMatchObject([{ kind: "applied" }]);
  expect(await titleOf(id)).toBe("theirs");
});

test("two workers that have the same job at once: one applies it, both know how it ended", async () => {
  const id = await newUser("twice@contoso.com");
  const workers = 4;
  for (let round = 1; round <= 10; round += 1) {
    const job = command(tenantId, title(id, `round ${round}`));

    const outcomes = await Promise.all(Array.from({ length: workers }, () => apply(job)));

    for (const [outcome] of outcomes) expect(outcome).toMatchObject({ kind: "applied", changed: true });
    const [user] = await usersNamed("twice@contoso.com");
    expect(user).toMatchObject({ version: String(round + 1) });
  }
});

test("the same create sent at once to two apis: one user, one answer", async () => {
  const send = request(create("", "at-once@contoso.com"));
  const [one, other] = [send(), { ...send(), apiId: uuidv7() }];

  const [first] = await apply(one);
  const [second] = await apply(other);

  expect(first).toMatchObject({ kind: "applied", resourceId: one.resourceId });
  expect(second).toMatchObject({ kind: "applied", resourceId: one.resourceId });
  expect(await usersNamed("at-once@contoso.com")).toHaveLength(1);
});

test("a create whose user is gone is not answered with it again: who has the name now is named", async () => {
  const send = request(create("", "gone@contoso.com"));
  const [one, other] = [send(), { ...send(), apiId: uuidv7() }];
  await apply(one);
  const heir = command(tenantId, create(uuidv7(), "gone@contoso.com"));
  await apply(command(tenantId, remove("User", one.resourceId)), heir);

  const [outcome] = await apply(other);

  expect(outcome).toMatchObject({ kind: "refused", status: 409 });
  expect(await usersNamed("gone@contoso.com")).toMatchObject([{ id: heir.resourceId }]);
});

test("a create that went unanswered and whose user is gone creates anew", async () => {
  const send = request(create("", "created-anew@contoso.com"));
  const [unanswered, retry] = [send(), send()];
  await apply(unanswered);
  await noteUnanswered(unanswered);
  await apply(command(tenantId, remove("User", unanswered.resourceId)));

  const [outcome] = await apply(retry);

  expect(outcome).toMatchObject({ kind: "applied", resourceId: retry.resourceId });
});

test("the same create sent at once, in one batch: one group", async () => {
  const send = request(createGroup("", "At once"));

  const outcomes = await apply(send(), { ...send(), apiId: uuidv7() });

  const groups = await store.database.query(
    "SELECT id FROM groups WHERE tenant_id = $1 AND resource ->> 'displayName' = 'At once'",
    [tenantId],
  );
  expect(groups).toHaveLength(1);
  expect(outcomes[0]).toMatchObject({ kind: "applied" });
  expect(outcomes[1]).toEqual(outcomes[0]);
});
