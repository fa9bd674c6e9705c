/** Reconciliation over HTTP and by the command line: a product's own list against what Azure has provisioned. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTenantAudit } from "../../src/store/audit.ts";
import type { Difference } from "../../src/store/reconciliation-reports.ts";
import type { ReconciliationCounts } from "../../src/store/reconciliations.ts";
import { pruneReconciliations } from "../../src/store/reconciliations.ts";
import { rollcall } from "../support/cli.ts";
import { addProductKey, addProductTenant, type ProductTenant } from "../support/product.ts";
import { createUser } from "../support/provision.ts";
import { startTestService, testEnv, type TestService } from "../support/service.ts";
import { openTestQueue, queueBackends, type TestQueue } from "../support/stores.ts";

interface Report {
  readonly id: string;
  readonly completedAt: string | null;
  readonly counts: ReconciliationCounts | null;
}

let service: TestService;
let queue: TestQueue;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "rollcall-reconciliation-"));
  queue = openTestQueue(queueBackends()[0]!);
  service = await startTestService(queue, {});
});
afterAll(async () => {
  await service.stop();
  rmSync(dir, { recursive: true, force: true });
});

const PATH = "/reconciliations";
const run = (...args: readonly string[]) => rollcall(testEnv(service.databaseUrl, queue), ...args);

async function begin({ product }: ProductTenant): Promise<string> {
  const answer = await product("POST", PATH);
  expect(answer).toMatchObject({ status: 201, body: { completedAt: null, counts: null } });
  return (answer.body as Report).id;
}

const list = ({ product }: ProductTenant, id: string, users: readonly object[]) =>
  product("PUT", `${PATH}/${id}/users`, { users });
const line = ({ finding, id, userId, matchedBy, ...is }: Difference) =>
  [finding, id, userId, matchedBy, is.activeInProduct, is.activeInDirectory] as const;

/** A directory of four, one of them deactivated, and ids by name. */
async function provision({ scim }: ProductTenant): Promise<Readonly<Record<string, string>>> {
  const ids: Record<string, string> = {};
  for (const name of ["ada", "bob", "cy", "dan"])
    ids[name] = await createUser(scim, `${name}@contoso.com`, {
      ...{ externalId: `x-${name}`, displayName: name, active: name !== "bob" },
      emails: [{ type: "work", value: `${name}@mail.contoso.com` }],
    });
  return ids;
}

test("a list sent in parts is held against the directory; the report stays, and is told as an event without names", async () => {
  const tenant = await addProductTenant(service);
  const other = await addProductTenant(service);
  await provision(other);
  const { product } = tenant;
  await product("PUT", "/existing-users", { users: [{ id: "4", email: "dan@mail.contoso.com" }] });
  // Dan is adopted under the product's id, and has another name here than there.
  const { ada, bob, cy, dan } = await provision(tenant);
  const { body } = await product("GET", "/events?after=latest");
  const { cursor } = body as { cursor: string };

  const id = await begin(tenant);
  await list(tenant, id, [{ id: "1", userName: "nobody" }]);
  expect(
    await list(tenant, id, [
      { id: "1", userName: " ADA@contoso.com" },
      { id: "2", userId: bob, email: "moved@elsewhere.example" },
      { id: "4", userName: "daniel" },
    ]),
  ).toMatchObject({ status: 200, body: { listed: 3 } });
  await list(tenant, id, [
    { id: "5", email: "left@contoso.com", displayName: "Left" },
    { id: "6", email: "gone@contoso.com", active: false },
    { id: "7", displayName: "Nobody knows" },
  ]);
  const ended = await product("POST", `${PATH}/${id}/complete`);

  const counts = {
    ...{ listed: 6, directory: 4, agreeing: 2, activeOnlyInProduct: 1, activeOnlyInDirectory: 0 },
    ...{ onlyInProduct: 2, onlyInDirectory: 1, ambiguous: 0, duplicate: 0, incomplete: 1 },
    ...{ accessToRemove: 2, accessToGive: 1 },
  };
  expect(ended).toMatchObject({ status: 200, body: { id, counts } });
  const { differences, next } = (await product("GET", `${PATH}/${id}/differences?count=3`)).body as {
    readonly differences: readonly Difference[];
    readonly next: number;
  };
  const rest = (await product("GET", `${PATH}/${id}/differences?after=${next}`)).body as {
    readonly differences: readonly Difference[];
  };
  expect([...differences, ...rest.differences].map(line)).toEqual([
    ["activeOnlyInProduct", "2", bob, "userId", true, false],
    ["onlyInProduct", "5", null, null, true, null],
    ["onlyInProduct", "6", null, null, false, null],
    ["onlyInDirectory", null, cy, null, null, true],
    ["incomplete", "7", null, null, true, null],
  ]);
  expect(differences[0]).toMatchObject({ userName: "bob@contoso.com", email: "moved@elsewhere.example" });
  const one = await product("GET", `${PATH}/${id}/differences?finding=incomplete,onlyInDirectory`);
  expect((one.body as typeof rest).differences.map(({ finding }) => finding)).toEqual([
    "onlyInDirectory",
    "incomplete",
  ]);

  const told = (await product("GET", `/events?after=${cursor}`)).body as { events: readonly object[] };
  expect(told.events).toMatchObject([
    { type: "reconciliation.completed", data: { reconciliationId: id, counts } },
  ]);
  expect(JSON.stringify(told.events)).not.toMatch(/contoso|Left|Nobody/);
  // What agrees is not kept, and what was listed neither.
  const kept = await service.database.query<{ text: string }>(
    "SELECT t::text AS text FROM reconciliation_differences t UNION ALL SELECT t::text FROM reconciliation_people t",
  );
  expect(kept).toHaveLength(5);
  expect(kept.map(({ text }) => text).join()).not.toMatch(new RegExp(`${ada}|${dan}|cy@`));
});

test("a tenant has no way to another's list, and a list that has ended takes nobody", async () => {
  const tenant = await addProductTenant(service);
  const other = await addProductTenant(service);
  const id = await begin(tenant);
  const asks = [
    ["GET", ""],
    ["GET", "/differences"],
    ["PUT", "/users", { users: [{ id: "1" }] }],
    ["POST", "/complete"],
    ["DELETE", ""],
  ] as const;
  for (const [method, path, body] of asks)
    expect(await other.product(method, `${PATH}/${id}${path}`, body)).toMatchObject({
      ...{ status: 404, body: { code: "reconciliation-not-found" } },
    });
  expect(await other.product("GET", PATH)).toMatchObject({ body: { reconciliations: [] } });

  expect(await tenant.product("POST", `${PATH}/${id}/complete`)).toMatchObject({
    ...{ status: 409, body: { code: "reconciliation-empty" } },
  });
  expect(await list(tenant, id, [{ id: "1", active: "yes" }])).toMatchObject({
    ...{ status: 400, body: { code: "body-invalid" } },
  });
  expect(await tenant.product("GET", `${PATH}/${id}/differences?finding=odd`)).toMatchObject({
    ...{ status: 400, body: { code: "parameter-invalid" } },
  });
  await list(tenant, id, [{ id: "1", userName: "nobody" }]);
  expect(await tenant.product("POST", `${PATH}/${id}/complete`)).toMatchObject({ status: 200 });
  for (const answer of [
    await list(tenant, id, [{ id: "2" }]),
    await tenant.product("POST", `${PATH}/${id}/complete`),
  ])
    expect(answer).toMatchObject({ status: 409, body: { code: "reconciliation-completed" } });

  // Nothing is due yet; with nothing to be kept, everything is.
  expect(await service.database.transaction((tx) => pruneReconciliations(tx, 3_600))).toBe(0);
  expect(await tenant.product("DELETE", `${PATH}/${id}`)).toMatchObject({ status: 204 });
  expect(await tenant.product("GET", PATH)).toMatchObject({ body: { reconciliations: [] } });
  const left = await begin(tenant);
  await list(tenant, left, [{ id: "1" }]);
  await service.database.transaction((tx) => pruneReconciliations(tx, 0));
  expect(await tenant.product("GET", `${PATH}/${left}`)).toMatchObject({ status: 404 });
  const rows = await service.database.query(
    "SELECT FROM reconciliation_people WHERE tenant_id = $1 UNION ALL SELECT FROM reconciliation_differences WHERE tenant_id = $1",
    [tenant.tenantId],
  );
  expect(rows).toEqual([]);
});

test("an operator compares a file with headings of its own, and takes the report as a file", async () => {
  const tenant = await addProductTenant(service);
  const slug = ((await tenant.product("GET", "")).body as { tenant: string }).tenant;
  const ids = await provision(tenant);
  const file = join(dir, "accounts.csv");
  writeFileSync(
    file,
    'Account;Mail;Full name;Enabled;Rollcall\n1;ADA@mail.contoso.com;"Lovelace; Ada";no;\n' +
      `2;;=Bob;yes;${ids["bob"]}\n3;CY@contoso.com;Cy;;\n4;twin@contoso.com;Twin;1;\n5;TWIN@contoso.com;Twin;0;\n`,
  );
  const map = "id=Account,email=Mail,displayName=Full name,active=Enabled,userId=Rollcall";

  const ended = await run("reconciliation", "run", slug, file, "--map", map);

  expect(ended).toMatchObject({ code: 0, stderr: "" });
  expect(ended.stdout).toMatch(/^5 people of .* are compared: [0-9a-f-]{36}\n/);
  for (const row of [/^agreeing +1$/m, /^duplicate +2$/m, /^accessToRemove +1$/m, /^accessToGive +2$/m])
    expect(ended.stdout).toMatch(row);
  // Counts stand in the same order whenever they are shown.
  const [, ...counted] = ended.stdout.trimEnd().split("\n");
  const shown = await run("reconciliation", "show", slug);
  expect(shown.stdout.split("\n").slice(0, counted.length)).toEqual(counted);
  const csv = await run("reconciliation", "show", slug, "--csv");
  expect(csv.stdout.trimEnd().split(/\r?\n/)).toEqual([
    "finding,id,userId,userName,email,externalId,displayName,matchedBy,activeInProduct,activeInDirectory",
    `activeOnlyInProduct,2,${ids["bob"]},bob@contoso.com,bob@mail.contoso.com,x-bob,'=Bob,userId,true,false`,
    `activeOnlyInDirectory,1,${ids["ada"]},ada@contoso.com,ADA@mail.contoso.com,x-ada,Lovelace; Ada,email,false,true`,
    `onlyInDirectory,,${ids["dan"]},dan@contoso.com,dan@mail.contoso.com,x-dan,dan,,,true`,
    "duplicate,4,,,twin@contoso.com,,Twin,,true,",
    "duplicate,5,,,TWIN@contoso.com,,Twin,,false,",
  ]);
  const key = await addProductKey(service.database, tenant.tenantId);
  const id = /compared: ([0-9a-f-]{36})$/m.exec(ended.stdout)?.[1] ?? "";
  const download = await fetch(`${service.apiUrl}/v1${PATH}/${id}/differences?finding=duplicate`, {
    headers: { Authorization: `Bearer ${key}`, Accept: "text/csv" },
  });
  expect(download.headers.get("content-type")).toMatch(/^text\/csv/);
  expect((await download.text()).split("\r\n")).toHaveLength(4);
  expect((await run("reconciliation", "show", slug, id, "--finding", "duplicate")).stdout).toMatch(
    /^duplicate +4 +Twin +twin@contoso\.com +active +- *$/m,
  );

  writeFileSync(join(dir, "odd.csv"), "id,active\n1,perhaps\n");
  const odd = await run("reconciliation", "run", slug, join(dir, "odd.csv"));
  expect(odd).toMatchObject({ code: 1, stdout: "" });
  expect(odd.stderr).toMatch(/row 2 has "active" as none of 0, 1, true, yes, /);
  expect((await run("reconciliation", "delete", slug, id)).stdout).toBe(`The report ${id} is removed.\n`);
  const audit = await listTenantAudit(service.database, tenant.tenantId, 2);
  expect(audit.map(({ actor, action, subject }) => `${actor} ${action} ${subject}`)).toEqual([
    "cli reconciliation.deleted 5 people",
    "cli reconciliation.completed 5 people",
  ]);
});
