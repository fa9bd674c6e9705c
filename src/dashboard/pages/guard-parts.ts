/** What other pages say of the deactivation guard. */
import { describeGuard, findGuard } from "../../store/deactivation-guards.ts";
import type { Database } from "../../store/database.ts";
import { findGuardCycles } from "../../store/guard-cycles.ts";
import { countHeld, findHeld } from "../../store/held-deactivations.ts";
import type { Connection } from "../../store/tenants.ts";
import { count, shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import { badge, caution, connectionPath } from "../parts.ts";

/** For a connection's facts: on or off, and how many it holds. */
export async function guardFact(db: Database, connection: Connection): Promise<Html> {
  const { tenantId, id: connectionId, tenantSlug } = connection;
  const [guard, held] = await Promise.all([
    findGuard(db, { tenantId, connectionId }),
    countHeld(db, tenantId),
  ]);
  const waiting = held.find((each) => each.connectionId === connectionId)?.waiting ?? 0;
  const path = `${connectionPath(tenantSlug, connectionId)}/guard`;
  const words = guard ? describeGuard(guard) : "Off, which is not recommended";
  return html`${waiting > 0 && badge("bad", `${count(waiting)} held`)} ${words}. <a href="${path}">Show</a>`;
}

/** For a cycle's page: what the guard did in it. */
export async function guardOfCycle(
  db: Database,
  slug: string,
  cycle: { readonly tenantId: string; readonly id: string },
): Promise<Html | undefined> {
  const guarded = (await findGuardCycles(db, cycle.tenantId, [cycle.id])).get(cycle.id);
  if (guarded === undefined || guarded.held === 0) return undefined;
  const { held, released, rejected, superseded, usersLimit, connectionId, liftedAt } = guarded;
  const fates = [
    [released, "released"],
    [rejected, "rejected"],
    [superseded, "made active again"],
  ] as const;
  const told = fates.filter(([number]) => number > 0).map(([number, fate]) => `${count(number)} ${fate}`);
  return caution(
    html`The deactivation guard held ${count(held)}, beyond the limit of
      ${count(usersLimit ?? 0)}${told.length > 0 && `: ${told.join(", ")}`}.
      ${liftedAt && html`Its limit was lifted at ${shortTime(liftedAt)}.`}
      <a href="${connectionPath(slug, connectionId)}/guard">Show the guard</a>`,
  );
}

/** For a user's page: that somebody must decide, or has. */
export async function guardOfUser(
  db: Database,
  slug: string,
  user: { readonly tenantId: string; readonly userId: string },
): Promise<Html | undefined> {
  const held = await findHeld(db, user);
  if (held === undefined) return undefined;
  const what = held.kind === "delete" ? "deletion" : "deactivation";
  const fate = {
    waiting: "is held",
    released: "is released, and about to be applied",
    rejected: "was rejected",
  };
  return caution(
    html`The ${what} of this user ${fate[held.state]}, since ${shortTime(held.heldAt)}.
      <a href="${connectionPath(slug, held.connectionId)}/guard">Show the guard</a>`,
  );
}
