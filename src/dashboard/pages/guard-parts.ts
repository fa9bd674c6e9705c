/** What other pages say of the deactivation guard. */
import { describeGuard, findGuard } from "../../store/deactivation-guards.ts";
import type { Database } from "../../store/database.ts";
import { findGuardCycles } from "../../store/guard-cycles.ts";
import { countHeld, findHeld } from "../../store/held-deactivations.ts";
import type { Connection } from "../../store/tenants.ts";
import { shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import { badge, caution, connectionPath } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const { common, guard: words } = texts;

/** For a connection's facts: on or off, and how many it holds. */
export async function guardFact(db: Database, connection: Connection): Promise<Html> {
  const { tenantId, id: connectionId, tenantSlug } = connection;
  const [guard, held] = await Promise.all([
    findGuard(db, { tenantId, connectionId }),
    countHeld(db, tenantId),
  ]);
  const waiting = held.find((each) => each.connectionId === connectionId)?.waiting ?? 0;
  const path = `${connectionPath(tenantSlug, connectionId)}/guard`;
  const settings = guard ? describeGuard(guard) : words.notRecommended;
  return html`${waiting > 0 && badge("bad", words.held(waiting))} ${words.fact(settings)}
    <a href="${path}">${common.show}</a>`;
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
    ...(released > 0 ? [words.fates.released(released)] : []),
    ...(rejected > 0 ? [words.fates.rejected(rejected)] : []),
    ...(superseded > 0 ? [words.fates.superseded(superseded)] : []),
  ];
  return caution(
    html`${words.ofCycle(held, usersLimit ?? 0, fates)} ${liftedAt && words.liftedAt(shortTime(liftedAt))}
      <a href="${connectionPath(slug, connectionId)}/guard">${words.showGuard}</a>`,
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
  return caution(
    html`${words.ofUser(held.kind, held.state, shortTime(held.heldAt))}
      <a href="${connectionPath(slug, held.connectionId)}/guard">${words.showGuard}</a>`,
  );
}
