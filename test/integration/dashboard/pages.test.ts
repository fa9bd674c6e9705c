/** What the console's pages say, and what their forms do. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPrincipal } from "../../../src/store/tenants.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { addAccount, addFailedWrite, seedConsole } from "../../support/console-seed.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let site: TestConsole;
let owner: TestVisitor;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  await addAccount(store.database, "owner", "owner");
  owner = site.visitor();
  await owner.signIn("owner");
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

const TOKEN = /rc_[\w-]{43}/;
const words = (text: string): string => text.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
const isAccepted = async (token: string): Promise<boolean> =>
  (await findPrincipal(store.database, CONSOLE_SECRET, token)) !== undefined;

describe("with nothing yet", () => {
  test("the overview leads to activation", async () => {
    const { text } = await owner.get("/");
    expect(words(text)).toContain("No identity provider is connected yet");
    expect(text).toContain('href="/activate"');
    expect(words((await owner.get("/failed")).text)).toMatch(/No failed jobs|Nothing (has )?failed/i);
  });
});

describe("activating", () => {
  test("shows Tenant URL, token and steps once; afterwards the token is nowhere", async () => {
    await owner.get("/activate");

    const made = await owner.post("/activate", { name: "Acme Corp", slug: "acme" });

    const token = TOKEN.exec(made.text)?.[0] ?? "";
    expect(made.status).toBe(200);
    expect(words(made.text)).toContain("https://scim.example.com/scim/v2");
    expect(words(made.text)).toContain("Test Connection");
    expect(await isAccepted(token)).toBe(true);

    const connection = /href="(\/tenants\/acme\/connections\/[^"]+)"/.exec(made.text)?.[1] ?? "";
    for (const path of ["/", connection]) expect((await owner.get(path)).text).not.toContain(token);
    expect(words((await owner.get(connection)).text)).toContain("Waiting for Azure");
    const stored = await store.database.query("SELECT * FROM tokens");
    const audited = await store.database.query("SELECT * FROM audit");
    expect(JSON.stringify([stored, audited])).not.toContain(token);
    expect(JSON.stringify(stored)).not.toContain(createHash("sha256").update(token).digest("hex"));
    expect(audited).toContainEqual(
      expect.objectContaining({ actor: "owner", action: "token.issued" }) as object,
    );
  });

  test.each([
    ["a taken short name", { name: "Other", slug: "acme" }, /acme/],
    ["a short name with a space", { name: "Other", slug: "not good" }, /short name/],
    ["no name", { name: "", slug: "other" }, /name/],
  ])("with %s is refused with a reason, and what was typed stays", async (_case, fields, reason) => {
    await owner.get("/activate");

    const answer = await owner.post("/activate", fields);

    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(words(answer.text)).toMatch(reason);
    expect(answer.text).not.toMatch(TOKEN);
    expect(answer.text).toContain(`value="${fields.slug}"`);
  });
});

describe("a connection in use", () => {
  let seed: Awaited<ReturnType<typeof seedConsole>>;
  let connection: string;

  beforeAll(async () => {
    seed = await seedConsole(store.database, CONSOLE_SECRET);
    connection = `/tenants/${seed.busy.slug}/connections/${seed.busy.connectionId}`;
  });

  test("is on the overview with its users, its cycles and its state", async () => {
    const text = words((await owner.get("/")).text);

    expect(text).toContain("Contoso Ltd");
    expect(text).toContain("1,178 of 1,240");
    expect(text).toContain("Cycle running");
    expect(text).toMatch(/Last 20 cycles: 16 applied, 3 with refusals, 1 with faults/);
  });

  test("a name is text, whatever stands in it", async () => {
    const detail = `<img src=x onerror="alert(1)">`;
    const write = await addFailedWrite(store.database, seed.busy, { detail });

    const overview = await owner.get("/");
    const failed = await owner.get(`/tenants/${seed.busy.slug}/failed/${write}`);

    expect(overview.text).toContain("Fabrikam &#60;GmbH&#62;");
    expect(overview.text).not.toContain("<GmbH>");
    expect(failed.text).not.toContain("<img");
    expect(words(failed.text)).toContain("onerror");
  });

  test("has its cycles with their counts, and each cycle a page with its failed jobs", async () => {
    const list = words((await owner.get(connection)).text);
    const cycle = words((await owner.get(`/tenants/${seed.busy.slug}/cycles/${seed.cycleId}`)).text);

    expect(list).toMatch(/Initial 2 refused .* 1,240/);
    expect(cycle).toContain("Running cycle");
    expect(cycle).toContain("userName-taken");
    expect(cycle).toContain("rename or remove that user first");
  });

  test("failed jobs say why and what to do, and can be looked at by tenant", async () => {
    const all = words((await owner.get("/failed")).text);
    const ours = words((await owner.get(`/failed?tenant=${seed.busy.slug}`)).text);
    const others = words((await owner.get(`/failed?tenant=${seed.waiting.slug}`)).text);

    for (const text of [all, ours]) {
      expect(text).toContain("Create user: userName-taken");
      expect(text).toContain("Another user has this userName");
      expect(text).toContain("Two users map to one userName");
    }
    expect(others).not.toContain("userName-taken");
  });

  test("its token is rotated after a question: the new one works, the old one does not", async () => {
    const asked = await owner.get(`${connection}/rotate`);
    expect(words(asked.text)).toContain("ends at once");
    expect(await isAccepted(seed.busy.token)).toBe(true);

    const answer = await owner.post(`${connection}/rotate`);

    expect(await isAccepted(TOKEN.exec(answer.text)?.[0] ?? "")).toBe(true);
    expect(await isAccepted(seed.busy.token)).toBe(false);
  });

  test("its tokens are revoked only when the box is ticked", async () => {
    await owner.get(`${connection}/revoke`);

    const unticked = await owner.post(`${connection}/revoke`);
    const live = words((await owner.get(connection)).text);
    await owner.get(`${connection}/revoke`);
    const ticked = await owner.post(`${connection}/revoke`, { understood: "yes" });

    expect(unticked.status).toBe(422);
    expect(live).toContain("Live");
    expect(ticked.status).toBe(303);
    expect(words((await owner.get(connection)).text)).toContain("No token");
  });
});
