/**
 * An upgrade as docs/operations.md has it: the last release runs with data, the new version migrates beside it, and its
 * processes take the places of the old ones, under load. Nobody is answered wrongly, nothing is lost, nothing is done twice.
 */
import { afterEach, describe, expect, test } from "vitest";
import type { EventMessage } from "../../src/store/event-messages.ts";
import { knownMigrations } from "../../src/store/migrations.ts";
import { rollcall } from "../support/cli.ts";
import { TestVisitor } from "../support/console.ts";
import { cycleCounts } from "../support/cycle-counts.ts";
import { holdRequest } from "../support/held-request.ts";
import { createProductClient } from "../support/product.ts";
import { ENTERPRISE, memberIds, USER } from "../support/provision.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { type Release, unpackLastRelease } from "../support/release.ts";
import { createScimClient, type ScimClient } from "../support/scim-client.ts";
import { type ServiceProcess, spawnService, testEnv, waitFor } from "../support/service.ts";
import { createEmptyDatabase, openTestQueue, queueBackends, type TestDatabase } from "../support/stores.ts";
import { type Acknowledged, type Balancer, type Credentials, UpgradeLoad } from "../support/upgrade-load.ts";
import { SETTINGS as TO_OUR_RECEIVER } from "../support/webhooks.ts";

const SLUG = "contoso";
const TEST_MS = 600_000;

type Env = Readonly<Record<string, string | undefined>>;

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function tracked(spawned: Promise<ServiceProcess>): Promise<ServiceProcess> {
  const started = await spawned;
  cleanUps.push(() => (started.child.exitCode === null ? started.kill() : undefined));
  return started;
}

function consoleOf({ output }: ServiceProcess): string {
  return /^Console +(\S+)$/m.exec(output())?.[1] ?? "";
}

/** A tenant with all that opens it, made by the release's own commands. */
async function openTenant(release: Release, env: Env, receiver: Receiver): Promise<Credentials> {
  const json = async (...args: readonly string[]): Promise<Record<string, string>> => {
    const { code, stdout, stderr } = await release.rollcall(env, ...args, "--json");
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as Record<string, string>;
  };
  const { token = "" } = await json("tenant", "create", SLUG);
  const [{ key = "" }] = await Promise.all([
    json("product-key", "create", SLUG),
    json("webhook", "create", SLUG, receiver.url),
  ]);
  return { token, productKey: key };
}

interface Before {
  readonly userIds: readonly string[];
  readonly groupId: string;
  readonly userNames: readonly string[];
}

/** What a directory has grown to before: people of departments and managers, some who left, groups, refusals. */
async function fill(load: UpgradeLoad): Promise<Before> {
  const userIds: string[] = [];
  for (let number = 1; number <= 12; number += 1) {
    const manager = userIds.at(-1);
    userIds.push(
      await load.createUser(`before-${number}@contoso.com`, {
        schemas: [USER, ENTERPRISE],
        externalId: `external-${number}`,
        title: "Engineer",
        name: { givenName: "Zoë", familyName: `Müller ${number}` },
        emails: [{ type: "work", value: `before-${number}@contoso.com`, primary: true }],
        [ENTERPRISE]: { department: "Research", ...(manager && { manager: { value: manager } }) },
      }),
    );
  }
  for (const id of userIds.slice(0, 3)) await load.deactivate(id);
  await load.write(409, ["POST", "/Users", { schemas: [USER], userName: "BEFORE-5@contoso.com" }]);
  const groupId = await load.createGroup("Research");
  await load.addMembers(groupId, ...userIds);
  const userNames = [...load.users.values()].map(({ userName }) => userName);
  return { userIds, groupId, userNames };
}

interface Installation {
  readonly store: TestDatabase;
  readonly credentials: Credentials;
  readonly load: UpgradeLoad;
  readonly before: Before;
}

/** How an api shows what was there before: resources, who may log in, and what was told of it. */
async function shown(
  api: string,
  { credentials, load, before }: Omit<Installation, "store">,
): Promise<unknown> {
  const scim = createScimClient(`${api}/scim/v2`, credentials.token);
  const product = createProductClient(api, credentials.productKey);
  const paths = [...before.userIds.map((id) => `/Users/${id}`), `/Groups/${before.groupId}`];
  load.countReads(paths.length);
  const answers = [
    ...(await Promise.all(paths.map((path) => scim("GET", path)))),
    ...(await Promise.all(before.userNames.map((userName) => product("POST", "/login-check", { userName })))),
    await product("GET", `/events?limit=${before.userIds.length}`),
  ];
  const text = JSON.stringify(answers.map(({ status, body }) => ({ status, body })));
  return JSON.parse(text.replaceAll(api, "https://rollcall.example"));
}

/** Takes an old api out and stops it while a request is in hand, which is answered all the same. */
async function drain(api: ServiceProcess, { token }: Credentials, load: UpgradeLoad): Promise<void> {
  // Whoever was sent there before has its answer.
  await load.goOn();
  const userName = "in-hand@contoso.com";
  const held = await holdRequest(`${api.apiUrl}/scim/v2/Users`, token, { schemas: [USER], userName });
  const stopped = api.stop();
  await waitFor(() =>
    fetch(`${api.apiUrl}/health/live`).then(
      () => false,
      () => true,
    ),
  );

  expect(await held.finish()).toBe(201);
  load.requests += 1;
  load.count("create", "User", "applied");
  load.accepted.push(userName);
  expect(await stopped, api.output()).toBe(0);
}

async function directory(scim: ScimClient, load: UpgradeLoad): Promise<ReadonlyMap<string, Acknowledged>> {
  const users = new Map<string, Acknowledged>();
  for (let startIndex = 1, total = 1; startIndex <= total;) {
    const { body } = await scim("GET", `/Users?startIndex=${startIndex}&count=500&sortBy=id`);
    load.countReads(1);
    for (const { id, userName = "", title = "", active = true, meta } of body.Resources)
      users.set(id, { userName, title, active, version: meta.version });
    total = body.totalResults;
    startIndex += body.Resources.length;
  }
  return users;
}

/** Each user is as its last answer said; who was answered 202 is there; nobody else is. */
async function expectDirectory(scim: ScimClient, load: UpgradeLoad, groupId: string): Promise<void> {
  const users = await directory(scim, load);
  const others = [...users].filter(([id]) => !load.users.has(id)).map(([, { userName }]) => userName);

  expect(new Map([...users].filter(([id]) => load.users.has(id)))).toEqual(load.users);
  expect(others.sort()).toEqual([...load.accepted].sort());
  expect(await memberIds(scim, groupId)).toEqual([...load.members].sort());
  load.countReads(1);
}

/** A row for each write that was answered, and none besides; no version was given twice. */
async function expectLedger({ database }: TestDatabase, load: UpgradeLoad): Promise<void> {
  const rows = await database.query<{ kind: string; count: number }>(
    `SELECT concat_ws(' ', operation, resource_type, result) AS kind, count(*)::int AS count FROM writes GROUP BY 1`,
  );
  const twice = await database.query(
    `SELECT resource_id, version FROM writes
      WHERE result = 'applied' AND operation <> 'delete'
      GROUP BY resource_id, version HAVING count(*) > 1`,
  );

  expect(Object.fromEntries(rows.map(({ kind, count }) => [kind, count]))).toEqual(load.tally);
  expect(twice).toEqual([]);
}

/** A product that polls and one that is called were told the same, all of it, of each user in the same order. */
async function expectTold({ events, tally, deactivated }: UpgradeLoad, receiver: Receiver): Promise<void> {
  const numberOf = (type: string): number => events.filter((event) => event.type === type).length;
  const ids = new Set(events.map(({ id }) => id));

  expect(ids.size).toBe(events.length);
  expect(numberOf("user.created")).toBe(tally["create User applied"]);
  expect(numberOf("user.deactivated")).toBe(deactivated);
  expect(numberOf("user.updated")).toBe((tally["patch User applied"] ?? 0) - deactivated);
  expect(numberOf("user.deleted")).toBe(tally["delete User applied"]);
  await waitFor(() => new Set(receiver.taken().map(({ id }) => id)).size === ids.size, 120_000);
  expect(orders(receiver.taken())).toEqual(orders(events));
}

/** Ids of the events of each user and group, each once. */
function orders(events: readonly EventMessage[]): ReadonlyMap<string, readonly string[]> {
  const sequences = new Map<string, Set<string>>();
  for (const { id, data } of events) {
    const of = "userId" in data ? data.userId : "groupId" in data ? data.groupId : "";
    sequences.set(of, (sequences.get(of) ?? new Set()).add(id));
  }
  return new Map([...sequences].map(([of, ids]) => [of, [...ids]]));
}

/** One cycle, begun by the last release and counted on by this one. */
async function expectCycle({ database }: TestDatabase, load: UpgradeLoad): Promise<void> {
  const { tally, deactivated } = load;
  const [tenant] = await database.query<{ id: string }>("SELECT id FROM tenants WHERE slug = $1", [SLUG]);
  const asked = await database.query("SELECT requests::int AS requests, reads::int AS reads FROM cycles");

  expect(await cycleCounts(database, tenant?.id ?? "")).toEqual([
    {
      usersCreated: tally["create User applied"],
      usersUpdated: (tally["patch User applied"] ?? 0) - deactivated,
      usersDeactivated: deactivated,
      usersReactivated: 0,
      usersDeleted: tally["delete User applied"],
      groupsCreated: tally["create Group applied"],
      groupsUpdated: tally["patch Group applied"],
      groupsDeleted: 0,
      refused: tally["create User refused"],
      faulted: 0,
    },
  ]);
  expect(asked).toEqual([{ requests: load.requests, reads: load.reads }]);
}

describe.each(queueBackends())("with the queue on %s", (kind) => {
  test(
    "the last release is replaced under load: every answer is right, and all of it is there once",
    async () => {
      const release = unpackLastRelease();
      cleanUps.push(() => release.remove());
      const store = await createEmptyDatabase();
      cleanUps.push(() => store.drop());
      const receiver = await startReceiver();
      cleanUps.push(() => receiver.goAway());
      const env = testEnv(store.url, openTestQueue(kind), { ...TO_OUR_RECEIVER, LOG_LEVEL: "error" });
      const asRelease = (roles: string) => tracked(release.spawn({ ...env, ROLES: roles }));
      const asNew = (roles: string) => tracked(spawnService({ ...env, ROLES: roles }));

      expect((await release.rollcall(env, "migrate")).code).toBe(0);
      const [oldApi, oldOne, oldTwo] = await Promise.all([
        asRelease("api,dashboard"),
        asRelease("worker"),
        asRelease("worker"),
      ]);
      const credentials = await openTenant(release, env, receiver);
      const owner = new TestVisitor(consoleOf(oldApi));
      await owner.signIn("owner", env["ROLLCALL_OWNER_PASSWORD"]);
      const balancer: Balancer = { apis: [oldApi.apiUrl] };
      const load = new UpgradeLoad(balancer, credentials);
      const before = await fill(load);
      const installation: Installation = { store, credentials, load, before };
      const shownBefore = await shown(oldApi.apiUrl, installation);
      const commonGroup = await load.createGroup("All");

      load.start(commonGroup, "");
      await load.goOn();
      const migrated = await rollcall(env, "migrate");
      expect(migrated, migrated.stderr).toMatchObject({ code: 0 });
      const isOurs = (name: string): boolean => !release.migrations.includes(name);
      for (const name of (await knownMigrations()).filter(isOurs))
        expect(migrated.stdout).toContain(`applied ${name}\n`);
      await load.goOn();
      // An api and a worker of each version, and each api hands to either worker.
      const [newApi, newOne] = await Promise.all([
        asNew("api,dashboard"),
        asNew("worker"),
        expect(asRelease("worker")).rejects.toThrow("by a newer Rollcall"),
      ]);
      expect(await oldOne.stop()).toBe(0);
      balancer.apis = [oldApi.apiUrl, newApi.apiUrl];
      await load.goOn();
      expect(await shown(newApi.apiUrl, installation)).toEqual(shownBefore);
      owner.moveTo(consoleOf(newApi));
      expect(await owner.get("/")).toMatchObject({ status: 200 });
      const newTwo = await asNew("worker");
      expect(await oldTwo.stop()).toBe(0);
      await load.goOn();
      balancer.apis = [newApi.apiUrl];
      await drain(oldApi, credentials, load);
      await load.goOn();
      await load.end(() =>
        waitFor(async () => (await store.database.query("SELECT FROM accepted_writes")).length === 0),
      );

      await expectDirectory(
        createScimClient(`${newApi.apiUrl}/scim/v2`, credentials.token),
        load,
        commonGroup,
      );
      await expectLedger(store, load);
      await expectTold(load, receiver);
      for (const each of [newApi, newOne, newTwo]) expect(await each.stop()).toBe(0);
      await expectCycle(store, load);
      for (const each of [oldApi, oldOne, oldTwo, newApi, newOne, newTwo])
        expect(each.output()).not.toContain('"level":50');
    },
    TEST_MS,
  );
});
