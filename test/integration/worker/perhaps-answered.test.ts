/** What a worker makes of a request that was answered perhaps: by notes, and by the words that api processes leave. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noteApiProcess, recordUnanswered } from "../../../src/store/repeated-requests.ts";
import { openSender, type Sender, title } from "../../support/sent-requests.ts";
import { waitFor } from "../../support/service.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let apply: Sender["apply"];
let newUser: Sender["newUser"];
let noteUnanswered: Sender["noteUnanswered"];
let request: Sender["request"];
let titleOf: Sender["titleOf"];
beforeAll(async () => {
  store = await createTestDatabase();
  ({ apply, newUser, noteUnanswered, request, titleOf } = await openSender(store));
});
afterAll(() => store.drop());

async function waitingForLocks(): Promise<number> {
  const rows = await store.database.query<{ waiting: number }>(
    `SELECT count(*)::int AS waiting FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows[0]?.waiting ?? 0;
}

test("a note that is made while the retry's batch waits for somebody is not missed", async () => {
  const { database } = store;
  const [id, otherId] = [await newUser("noted-meanwhile@contoso.com"), await newUser("holder@contoso.com")];
  const [send, sendOther] = [request(title(id, "mine")), request(title(otherId, "any"))];
  const [first, firstOther] = [send(), sendOther()];
  await apply(first, firstOther);
  await noteUnanswered(firstOther);
  await apply(request(title(id, "theirs"))());

  // A worker that holds the other request's note: the batch waits for it, having looked for notes.
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  let isHeld = false;
  const holder = database.transaction(async (tx) => {
    await tx.query("SELECT FROM unanswered_writes WHERE write_id = $1 FOR UPDATE", [firstOther.writeId]);
    isHeld = true;
    await released;
  });
  await waitFor(() => isHeld);
  const retried = apply(sendOther(), { ...send(), apiId: uuidv7() });
  await waitFor(async () => (await waitingForLocks()) > 0);
  await noteUnanswered(first);
  await noteApiProcess(database, first.apiId, { answeredThrough: first.writeId, open: [] });
  release();
  await holder;

  expect(await retried).toMatchObject([{ kind: "applied" }, { kind: "applied" }]);
  expect(await titleOf(id)).toBe("theirs");
});

test("a write whose process was killed is not applied again over what others wrote since", async () => {
  const id = await newUser("killed@contoso.com");
  const send = request(title(id, "mine"));
  const first = send();
  await apply(first);
  await apply(request(title(id, "theirs"))());

  const [outcome] = await apply({ ...send(), apiId: uuidv7() });

  expect(outcome).toMatchObject({ kind: "applied", resourceId: id });
  expect(await titleOf(id)).toBe("theirs");
});

test.each([
  ["the process said that it was answered", { isSentAgain: false, isOpen: false }, "mine"],
  ["the process said that it is open", { isSentAgain: false, isOpen: true }, "theirs"],
  ["the process of its retry said that it was answered", { isSentAgain: true, isOpen: false }, "mine"],
  ["the process of its retry said that it is open", { isSentAgain: true, isOpen: true }, "theirs"],
])(
  "a write that is said again at another process, where %s",
  async (name, { isSentAgain, isOpen }, expected) => {
    const id = await newUser(`${name}@contoso.com`);
    const send = request(title(id, "mine"));
    const sent = [send(), ...(isSentAgain ? [{ ...send(), apiId: uuidv7() }] : [])];
    for (const each of sent) await apply(each);
    const { apiId, writeId } = sent.at(-1)!;
    await noteApiProcess(store.database, apiId, { answeredThrough: uuidv7(), open: isOpen ? [writeId] : [] });
    await apply(request(title(id, "theirs"))());

    await apply({ ...send(), apiId: uuidv7() });

    expect(await titleOf(id)).toBe(expected);
  },
);

test("of two sendings that went unanswered and were both applied, the later one is what the retry is told", async () => {
  const id = await newUser("twice-applied@contoso.com");
  const send = request(title(id, "mine"));
  const [first, second] = [send(), send()];
  await apply(first);
  await apply(request(title(id, "theirs"))());
  await apply(second);
  await noteUnanswered(first);
  await noteUnanswered(second);

  const [outcome] = await apply(send());

  expect(outcome).toMatchObject({ kind: "applied", recorded: { version: 4 } });
});

test("a request whose answer had left is meant anew a minute later, and taken up until then", async () => {
  const id = await newUser("perhaps@contoso.com");
  const send = request(title(id, "mine"));
  const perhapsAnswered = send();
  await apply(perhapsAnswered);
  await recordUnanswered(store.database, { ...perhapsAnswered, isPerhapsAnswered: true });
  await apply(request(title(id, "theirs"))());
  const [{ seconds } = { seconds: 0 }] = await store.database.query<{ seconds: number }>(
    `SELECT extract(epoch FROM expires_at - created_at)::int AS seconds FROM unanswered_writes WHERE write_id = $1`,
    [perhapsAnswered.writeId],
  );
  expect(seconds).toBe(60);
  await store.database.query(
    "UPDATE unanswered_writes SET expires_at = expires_at - interval '1 minute' WHERE write_id = $1",
    [perhapsAnswered.writeId],
  );

  await apply(send());

  expect(await titleOf(id)).toBe("mine");
});
