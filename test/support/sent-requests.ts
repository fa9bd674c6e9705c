/** Requests that are sent to workers without an api, once or again, and what came of them in the directory. */
import { v7 as uuidv7 } from "uuid";
import type { Outcome, WriteCommand } from "../../src/queue/contracts.ts";
import { recordUnanswered } from "../../src/store/repeated-requests.ts";
import { commitBatch } from "../../src/worker/commit-batch.ts";
import type { TestDatabase } from "./stores.ts";
import { command, commitDeps, create, insertTenant, patch, type Step } from "./write-commands.ts";

export type Sender = Awaited<ReturnType<typeof openSender>>;

/** In a tenant of its own. */
export async function openSender({ database }: TestDatabase) {
  const tenantId = await insertTenant(database);
  /** All in one batch. */
  const apply = async (...commands: readonly WriteCommand[]): Promise<readonly Outcome[]> => {
    const writes = commands.map((each) => ({ command: each, attempt: 1 }));
    return (await commitBatch(commitDeps(database), writes)).map(({ outcome }) => outcome);
  };
  return {
    tenantId,
    apply,

    /** A request of one connection; sent again, it is another write with the same key. */
    request: (step: Step, connectionId = uuidv7()): (() => WriteCommand) => {
      const [requestKey, apiId] = [uuidv7(), uuidv7()];
      // A create gets a new id each time, as the api gives it.
      const idOf = (): string => (step.operation === "create" ? uuidv7() : step.resourceId);
      return () => ({ ...command(tenantId, step), resourceId: idOf(), connectionId, requestKey, apiId });
    },

    noteUnanswered: ({ requestKey, writeId }: WriteCommand): Promise<void> =>
      recordUnanswered(database, { tenantId, requestKey, writeId }),

    usersNamed: (name: string): Promise<readonly { id: string; version: string }[]> =>
      database.query("SELECT id, version FROM users WHERE tenant_id = $1 AND resource ->> 'userName' = $2", [
        tenantId,
        name,
      ]),

    titleOf: async (id: string): Promise<unknown> => {
      const rows = await database.query<{ title: unknown }>(
        "SELECT resource -> 'title' AS title FROM users WHERE tenant_id = $1 AND id = $2",
        [tenantId, id],
      );
      return rows[0]?.title;
    },

    /** @returns the id of a new user */
    newUser: async (name: string): Promise<string> => {
      const id = uuidv7();
      await apply(command(tenantId, create(id, name)));
      return id;
    },
  };
}

/** A request's step: the user gets this title. */
export const title = (id: string, value: string): Step => patch(id, { op: "replace", path: "title", value });
