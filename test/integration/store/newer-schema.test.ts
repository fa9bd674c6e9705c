/** Versions that meet on one database: an older one does not start on what a newer one has made of it. */
import { expect, test } from "vitest";
import { parseConfig } from "../../../src/platform/config.ts";
import { prepareStores } from "../../../src/prepare.ts";
import { testEnv } from "../../support/service.ts";
import { createTestDatabase, openTestQueue } from "../../support/stores.ts";

test.each(["worker", "api", "api,worker,dashboard"])(
  "%s refuses a newer schema, and says which",
  async (roles) => {
    const store = await createTestDatabase();
    const config = parseConfig({ ...testEnv(store.url, openTestQueue("postgres")), ROLES: roles });
    try {
      await prepareStores(config);
      await store.database.query(
        "INSERT INTO rollcall_migrations (name, batch, migration_time) VALUES ('9999_of_tomorrow', 9999, now())",
      );

      await expect(prepareStores(config)).rejects.toThrow(
        /migrated by a newer Rollcall \(9999_of_tomorrow\).*start that version/,
      );
    } finally {
      await store.drop();
    }
  },
);
