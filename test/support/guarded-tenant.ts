/** A tenant with a guarded connection and an open cycle, whose writes are applied without a queue. */
import { v7 as uuidv7 } from "uuid";
import type { Outcome, WriteCommand } from "../../src/queue/contracts.ts";
import { releaseCommands } from "../../src/queue/release.ts";
import { openCycle } from "../../src/store/cycles.ts";
import type { DatabasePool } from "../../src/store/database.ts";
import { type GuardAnswer, setGuard } from "../../src/store/deactivation-guards.ts";
import { findGuardCycles, type GuardCycle } from "../../src/store/guard-cycles.ts";
import {
  decideHeld,
  type HeldDecision,
  type HeldUser,
  listHeld,
} from "../../src/store/held-deactivations.ts";
import { createConnection } from "../../src/store/tenants.ts";
import { commitBatch } from "../../src/worker/commit-batch.ts";
import { command, commitDeps, create, insertTenant, patch, type Step } from "./write-commands.ts";

export class GuardedTenant {
  readonly #db: DatabasePool;
  readonly tenantId: string;
  readonly connectionId: string;
  cycleId: string;

  private constructor(db: DatabasePool, ids: { tenantId: string; connectionId: string; cycleId: string }) {
    this.#db = db;
    this.tenantId = ids.tenantId;
    this.connectionId = ids.connectionId;
    this.cycleId = ids.cycleId;
  }

  static async make(db: DatabasePool): Promise<GuardedTenant> {
    const tenantId = await insertTenant(db);
    const connectionId = await db.transaction((tx) => createConnection(tx, tenantId, "Azure AD"));
    return new GuardedTenant(db, {
      tenantId,
      connectionId,
      cycleId: await openCycle(db, { tenantId, connectionId }),
    });
  }

  guard(usersMax: number, answer: GuardAnswer, percentMax: number | null = null): Promise<void> {
    return this.#db.transaction((tx) => setGuard(tx, this, { usersMax, percentMax, answer }));
  }

  by(step: Step): WriteCommand {
    const { connectionId, cycleId } = this;
    return { ...command(this.tenantId, step), connectionId, cycleId };
  }

  deactivate(id: string, more: readonly object[] = []): WriteCommand {
    return this.by(patch(id, { op: "replace", path: "active", value: false }, ...more));
  }

  activate(id: string): WriteCommand {
    return this.by(patch(id, { op: "replace", path: "active", value: true }));
  }

  retitle(id: string): WriteCommand {
    return this.by(patch(id, { op: "replace", path: "title", value: "Boss" }));
  }

  async apply(commands: readonly WriteCommand[], db = this.#db): Promise<readonly Outcome[]> {
    const writes = commands.map((each) => ({ command: each, attempt: 1 }));
    return (await commitBatch(commitDeps(db), writes)).map(({ outcome }) => outcome);
  }

  /** @returns their ids */
  async addUsers(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => uuidv7());
    await this.apply(
      ids.map((id, index) => this.by(create(id, `u${index}@contoso.com`, { title: "Clerk" }))),
    );
    return ids;
  }

  async activeUsers(): Promise<number> {
    const rows = await this.#db.query("SELECT FROM users WHERE tenant_id = $1 AND active", [this.tenantId]);
    return rows.length;
  }

  waiting(): Promise<readonly HeldUser[]> {
    return listHeld(this.#db, this, { state: "waiting", limit: 100 });
  }

  async counts(): Promise<GuardCycle | undefined> {
    return (await findGuardCycles(this.#db, this.tenantId, [this.cycleId])).get(this.cycleId);
  }

  decide(decision: HeldDecision["decision"], userIds?: readonly string[]) {
    const { tenantId, connectionId } = this;
    const who = userIds === undefined ? {} : { userIds };
    const request = { tenantId, connectionId, decision, ...who, actor: "ada", reason: "asked" };
    return this.#db.transaction((tx) => decideHeld(tx, request, releaseCommands("t")));
  }

  async released(): Promise<WriteCommand[]> {
    const rows = await this.#db.query<{ command: WriteCommand }>(
      "SELECT command FROM accepted_writes WHERE tenant_id = $1 ORDER BY sequence",
      [this.tenantId],
    );
    return rows.map((row) => row.command);
  }

  async nextCycle(): Promise<void> {
    await this.#db.query(
      "UPDATE cycles SET ended_at = now(), kind = 'incremental' WHERE tenant_id = $1 AND id = $2",
      [this.tenantId, this.cycleId],
    );
    this.cycleId = await openCycle(this.#db, this);
  }
}

/** The status of a refusal; otherwise the kind. */
export function endOf(outcome: Outcome | undefined): number | string | undefined {
  return outcome?.kind === "refused" ? outcome.status : outcome?.kind;
}
