/**
 * The deactivation guard of a batch: which of its writes may take access away, and which are held because their cycle
 * has reached its limit (docs/decisions/0029). Asks Postgres nothing where no connection of the batch is guarded and
 * no user of it is held.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { invariant } from "../platform/invariant.ts";
import { say, ScimError } from "../scim/index.ts";
import type { WriteCommand } from "../queue/contracts.ts";
import { HELD_CODE } from "../queue/outcome-of-row.ts";
import type { ConnectionKey } from "../store/cycles.ts";
import { together, type Transaction } from "../store/database.ts";
import {
  addGuardCounts,
  type CycleCount,
  type CycleCountChange,
  forgetHeld,
  type Guard,
  type HeldAttempt,
  type HeldDeactivation,
  type HeldKind,
  holdDeactivations,
  readGuardState,
  usersLimit,
} from "../store/deactivation-guards.ts";
import type { ResourceRow } from "../store/directory-writes.ts";
import type { NewEvent } from "../store/events.ts";

const ReplacedOrPatched = z.object({
  resource: z.object({ active: z.unknown().optional() }).optional(),
  operations: z
    .array(z.object({ attribute: z.string().optional(), value: z.unknown().optional() }))
    .optional(),
});

/** The connections whose writes may take access away, in the order in which their guards are locked. */
export function guardedCandidates(commands: readonly WriteCommand[]): readonly ConnectionKey[] {
  const found = new Map<string, ConnectionKey>();
  for (const command of commands) {
    const { tenantId, connectionId } = command;
    if (mayTakeAccess(command)) found.set(connectionKeyOf(command), { tenantId, connectionId });
  }
  return [...found.values()];
}

/** What the payload says; whether it comes to that, only the stored user tells. */
function mayTakeAccess({ resourceType, operation, payload, cycleId, isReleased }: WriteCommand): boolean {
  // What an admin sends again or has released is a person's decision already.
  if (resourceType !== "User" || operation === "create" || cycleId === null || isReleased === true)
    return false;
  if (operation === "delete") return true;
  const { resource, operations = [] } = ReplacedOrPatched.parse(payload);
  return (
    resource?.active === false ||
    operations.some(({ attribute, value }) => attribute === "active" && value !== true)
  );
}

interface CycleState extends CycleCount {
  readonly guard: Guard;
  /** What the batch adds. */
  added: { counted: number; held: number };
}

type Held = HeldDeactivation & { readonly writeId?: string; readonly attempts: number };

export class DeactivationGuard {
  /** By cycle. */
  readonly #cycles: ReadonlyMap<string, CycleState>;
  /** By user: as they are after the writes so far; undefined where there was one, and is none any more. */
  readonly #held: Map<string, Held | undefined>;
  /** By cycle: held before, wanted no more. */
  readonly #superseded = new Map<string, Held[]>();

  private constructor(cycles: ReadonlyMap<string, CycleState>, held: readonly HeldDeactivation[]) {
    this.#cycles = cycles;
    this.#held = new Map(held.map((each) => [userKeyOf(each), { ...each, attempts: 0 }]));
  }

  /** Of a batch that takes nobody's access away. */
  static none(): DeactivationGuard {
    return new DeactivationGuard(new Map(), []);
  }

  /**
   * @param guards - locked, of the batch's connections
   * @param users - locked, whom the batch changes
   */
  static async load(
    tx: Transaction,
    commands: readonly WriteCommand[],
    { guards, users }: { readonly guards: readonly Guard[]; readonly users: readonly ResourceRow[] },
  ): Promise<DeactivationGuard> {
    const byConnection = new Map(guards.map((guard) => [connectionKeyOf(guard), guard]));
    const cycles = new Map<string, ConnectionKey & { cycleId: string }>();
    if (guards.length > 0) {
      for (const command of commands) {
        const { tenantId, connectionId, cycleId } = command;
        if (cycleId !== null && byConnection.has(connectionKeyOf(command)))
          cycles.set(cycleId, { tenantId, connectionId, cycleId });
      }
    }
    const marked = users.filter(({ isHeld }) => isHeld === true);
    if (cycles.size === 0 && marked.length === 0) return DeactivationGuard.none();
    const [counts, held] = await readGuardState(tx, [...cycles.values()], marked);
    const states = counts.flatMap((count) => {
      const guard = byConnection.get(connectionKeyOf(count));
      return guard ? [[count.cycleId, { ...count, guard, added: { counted: 0, held: 0 } }] as const] : [];
    });
    return new DeactivationGuard(new Map(states), held);
  }

  /** False for a released deactivation that is wanted no more, or was applied before. */
  awaits(command: WriteCommand): boolean {
    return this.#held.get(userKeyOf(commandUser(command)))?.state === "released";
  }

  /** Whether the write may take the user's access away now. */
  admits(command: WriteCommand): boolean {
    const cycle = this.#cycleOf(command);
    if (command.isReleased === true || !cycle) return true;
    if (this.#held.get(userKeyOf(commandUser(command)))) return false;
    return cycle.isLifted || cycle.counted + cycle.added.counted < limitOf(cycle);
  }

  /** The write has taken it away. */
  passed(command: WriteCommand): void {
    const key = userKeyOf(commandUser(command));
    if (this.#held.has(key)) this.#held.set(key, undefined);
    const cycle = this.#cycleOf(command);
    if (cycle && command.isReleased !== true) cycle.added.counted += 1;
  }

  /** @throws {ScimError} 503, where the client is to come again: the write is held, and nothing of it is applied */
  turnAway(command: WriteCommand, kind: HeldKind): void {
    const cycle = this.#cycleOf(command);
    if (cycle?.guard.answer !== "retry") return;
    this.hold(command, kind);
    throw heldError(cycle);
  }

  /** Holds what the write wants; its client is told that it was applied. */
  hold(command: WriteCommand, kind: HeldKind): void {
    const { tenantId, connectionId, writeId, cycleId, resourceId: userId } = command;
    const cycle = this.#cycleOf(command);
    invariant(cycle && cycleId !== null, `${writeId} is held without a guard`);
    const key = userKeyOf({ tenantId, userId });
    const before = this.#held.get(key);
    const as = heldAs(before, cycleId);
    const attempts = (before?.attempts ?? 0) + 1;
    this.#held.set(key, { tenantId, connectionId, userId, kind, writeId, attempts, ...as });
    if (before?.state !== as.state) cycle.added.held += 1;
  }

  /** Whether somebody's deactivation is held, so that a write may end that. */
  isHeld(command: WriteCommand): boolean {
    return this.#held.get(userKeyOf(commandUser(command))) !== undefined;
  }

  /** The identity provider wants the user to be active again. */
  supersede(command: WriteCommand): void {
    const key = userKeyOf(commandUser(command));
    const held = this.#held.get(key);
    if (!held) return;
    this.#held.set(key, undefined);
    if (held.state !== "waiting") return;
    this.#superseded.set(held.cycleId, [...(this.#superseded.get(held.cycleId) ?? []), held]);
  }

  /** After the users were written, before what others wait for. */
  async save(tx: Transaction): Promise<void> {
    if (this.#held.size === 0 && this.#cycles.size === 0) return;
    const entries = [...this.#held].map(([key, held]) => ({ key, held }));
    const holding = entries.flatMap(({ held }) => (held && isAttempt(held) ? [held] : []));
    const gone = entries.flatMap(({ key, held }) => (held ? [] : [userOf(key)]));
    await together([
      holdDeactivations(tx, holding),
      forgetHeld(tx, gone),
      addGuardCounts(tx, this.#countChanges()),
    ]);
  }

  /** One event for each cycle that begins to hold. */
  events(): readonly NewEvent[] {
    return [...this.#cycles.values()]
      .filter(({ held, added }) => held === 0 && added.held > 0)
      .map(({ tenantId, cycleId }) => ({
        tenantId,
        id: randomUUID(),
        type: "guard.held",
        resourceType: "Cycle",
        resourceId: cycleId,
        version: null,
        changed: [],
        details: null,
        writeId: null,
      }));
  }

  #cycleOf({ cycleId }: WriteCommand): CycleState | undefined {
    return cycleId === null ? undefined : this.#cycles.get(cycleId);
  }

  #countChanges(): readonly CycleCountChange[] {
    const changes = new Map<string, CycleCountChange>();
    for (const cycle of this.#cycles.values()) {
      const { tenantId, connectionId, cycleId, activeUsers, added } = cycle;
      if (added.counted === 0 && added.held === 0) continue;
      const limit = added.held > 0 ? limitOf(cycle) : null;
      const base = { tenantId, connectionId, cycleId, activeUsers, superseded: 0, usersLimit: limit };
      changes.set(cycleId, { ...base, ...added });
    }
    for (const [cycleId, held] of this.#superseded) {
      const [first] = held;
      if (!first) continue;
      const { tenantId, connectionId } = first;
      const none = { activeUsers: 0, counted: 0, held: 0, usersLimit: null };
      const known = changes.get(cycleId) ?? { ...none, tenantId, connectionId, cycleId };
      changes.set(cycleId, { ...known, superseded: held.length });
    }
    return [...changes.values()];
  }
}

/**
 * What a held attempt becomes. One that was rejected stays so in its cycle, and in the next one that repeats it; in a
 * later one somebody is asked again, whatever the limit.
 */
function heldAs(before: Held | undefined, cycleId: string): Pick<Held, "cycleId" | "state" | "repeatedIn"> {
  if (!before) return { cycleId, state: "waiting", repeatedIn: null };
  const { state, repeatedIn } = before;
  const isSettled =
    state !== "rejected" || before.cycleId === cycleId || repeatedIn === null || repeatedIn === cycleId;
  if (!isSettled) return { cycleId, state: "waiting", repeatedIn: null };
  const isRepeated = state === "rejected" && before.cycleId !== cycleId;
  return { cycleId: before.cycleId, state, repeatedIn: isRepeated ? cycleId : repeatedIn };
}

function isAttempt(held: Held): held is HeldAttempt {
  return held.writeId !== undefined;
}

function limitOf({ guard, activeUsers }: CycleState): number {
  return usersLimit(guard, activeUsers);
}

function heldError(cycle: CycleState): ScimError {
  const detail = say`this cycle has reached the limit of ${limitOf(cycle)} deactivations that was set for the connection; nothing was changed. An admin releases or rejects what is held, in the console or by "rollcall guard"; the same request may be sent again later`;
  return new ScimError(503, HELD_CODE, detail);
}

type UserKey = Pick<HeldDeactivation, "tenantId" | "userId">;

function commandUser({ tenantId, resourceId }: WriteCommand): UserKey {
  return { tenantId, userId: resourceId };
}

function userKeyOf({ tenantId, userId }: UserKey): string {
  return `${tenantId} ${userId}`;
}

function userOf(key: string): UserKey {
  const [tenantId = "", userId = ""] = key.split(" ");
  return { tenantId, userId };
}

function connectionKeyOf({ tenantId, connectionId }: ConnectionKey): string {
  return `${tenantId} ${connectionId}`;
}
