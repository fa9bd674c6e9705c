/** `bin/rollcall schema` beside a running service: what it says, and that every process has it within moments. */
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { listTenantAudit } from "../../src/store/audit.ts";
import { rollcall } from "../support/cli.ts";
import { JAVELO, JAVELO_FILE } from "../support/extensions.ts";
import { testEnv, waitFor } from "../support/service.ts";
import { read, useOneService, userAt } from "./rfc/one-service.ts";

const { tenant, service, queue } = useOneService();
const FILE = join(tmpdir(), `rollcall-schema-${process.pid}.json`);
afterAll(() => rm(FILE, { force: true }));

const cli = (...args: string[]) => rollcall(testEnv(service().databaseUrl, queue), ...args);

test("a change is in force in the running service, told, recorded, and shown as it can be set again", async () => {
  const { scim, tenantId } = await tenant();
  const slug = (
    await service().database.query<{ slug: string }>("SELECT slug FROM tenants WHERE id = $1", [tenantId])
  )[0]!.slug;
  const path = await userAt(scim, { [JAVELO]: { job: "Nurse" } });
  expect(await read(scim, path)).not.toHaveProperty([JAVELO]);

  const set = await cli("schema", "set", slug, JAVELO_FILE);

  expect(set).toMatchObject({ code: 0, stderr: "" });
  expect(set.stdout).toContain(`Version 1 is in force for ${slug}.\n  added    ${JAVELO}:employeeNumber\n`);
  await waitFor(async () => (await scim("GET", `/Schemas/${JAVELO}`)).status === 200);
  await scim("PUT", path, { userName: `${slug}@x`, [JAVELO]: { job: "Nurse" } });
  expect(await read(scim, path)).toMatchObject({ [JAVELO]: { job: "Nurse" } });
  const [audit] = await listTenantAudit(service().database, tenantId, 1);
  expect(audit).toMatchObject({ actor: "cli", action: "schema.set", subject: "version 1" });
  const shown = await cli("schema", "show", slug, "--json");
  await writeFile(FILE, shown.stdout);
  expect((await cli("schema", "set", slug, FILE)).stdout).toBe(
    "Version 1, which is in force, says the same.\n",
  );
  expect((await cli("schema", "show", slug)).stdout).toContain("workTime");

  await writeFile(FILE, JSON.stringify({ User: [] }));
  const refused = await cli("schema", "set", slug, FILE);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`removed  ${JAVELO}:job\n`)]);
  const forced = await cli("schema", "set", slug, FILE, "--force");
  expect(forced.stdout).toContain("Rebuilt what filters look at, of 1 users and groups.");
  await waitFor(async () => !JSON.stringify(await read(scim, path)).includes(JAVELO));
});

test("a file that cannot be taken is refused with every reason, and changes nothing", async () => {
  const attributes = [{ name: "a b", description: "D", multivalued: true }];
  await writeFile(
    FILE,
    JSON.stringify({ User: [{ id: "urn:x:y", name: "N", description: "D", attributes }] }),
  );
  const typo = await cli("tenant", "create", "typo", "--schema", FILE);
  await writeFile(
    FILE,
    JSON.stringify({
      User: [
        {
          id: "urn:x:y",
          name: "N",
          description: "D",
          attributes: [{ name: "a b", description: "D", uniqueness: "server" }],
        },
      ],
    }),
  );
  const rules = await cli("tenant", "create", "typo", "--schema", FILE);
  const absent = await cli("schema", "set", "nobody", join(tmpdir(), "no-such-file.json"));

  expect([typo.code, typo.stderr]).toEqual([
    1,
    expect.stringMatching(/User\[0\]\.attributes\[0\]: .*multivalued/),
  ]);
  expect(rules.stderr).toMatch(
    /urn:x:y:a b: "a b" is no attribute name[^\n]*\n {2}urn:x:y:a b: uniqueness server is kept/,
  );
  expect([absent.code, absent.stderr]).toEqual([
    1,
    expect.stringContaining("no-such-file.json cannot be read"),
  ]);
  expect((await cli("tenant", "list")).stdout).not.toContain("typo");
});

test("a tenant may be made with its schema, from the example as it is printed", async () => {
  await writeFile(FILE, (await cli("schema", "example")).stdout);

  expect((await cli("tenant", "create", "fresh", "--schema", FILE, "--json")).code).toBe(0);

  expect((await cli("schema", "show", "fresh")).stdout).toMatch(/^Version 1, set .* by cli\n\nUser: urn:/);
});
