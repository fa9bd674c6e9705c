/** Which failed jobs a page shows: of one tenant or all, of one cycle, in one state; and its address. */
import { type Cycle, findCycle, findTenantOfCycle } from "../../store/cycle-history.ts";
import type { Cause } from "../../store/failed-writes.ts";
import { FAILURE_STATES, type FailureState } from "../../store/failures.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import { tabs } from "../navigation.ts";
import { type Console, isId } from "../page.ts";
import { cyclePath } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const words = texts.failed;

export interface FailedFilter {
  readonly tenant: Tenant | undefined;
  /** Then the tenant is the cycle's. */
  readonly cycle: Cycle | undefined;
  /** Undefined: whatever became of them. */
  readonly state: FailureState | undefined;
}

/** @returns undefined where the tenant or the cycle is unknown, or the one is not the other's */
export async function filterFrom(
  query: URLSearchParams,
  database: Console["database"],
): Promise<FailedFilter | undefined> {
  const [slug, cycleId] = [query.get("tenant") ?? "", query.get("cycle") ?? ""];
  const state = FAILURE_STATES.find((known) => known === query.get("state"));
  if (cycleId !== "") return ofCycle(database, { slug, cycleId, state });
  const tenant = slug === "" ? undefined : await findTenant(database, slug);
  if (slug !== "" && tenant === undefined) return undefined;
  return { tenant, cycle: undefined, state: state ?? "open" };
}

interface OfCycle extends Pick<FailedFilter, "state"> {
  /** Empty where the cycle alone is named. */
  readonly slug: string;
  readonly cycleId: string;
}

async function ofCycle(
  database: Console["database"],
  { slug, cycleId, state }: OfCycle,
): Promise<FailedFilter | undefined> {
  if (!isId(cycleId)) return undefined;
  const tenant = await (slug === "" ? findTenantOfCycle(database, cycleId) : findTenant(database, slug));
  const cycle = tenant && (await findCycle(database, tenant.id, cycleId));
  return cycle && { tenant, cycle, state };
}

export function failedPath({ tenant, cycle, state }: FailedFilter): string {
  const query = new URLSearchParams({
    tenant: tenant?.slug ?? "",
    ...(cycle && { cycle: cycle.id }),
    ...(state && { state }),
  });
  return `/failed?${query.toString()}`;
}

/** All that failed in a cycle, whatever became of it since. */
export function cycleFailedPath(slug: string, cycleId: string): string {
  return `/failed?${new URLSearchParams({ tenant: slug, cycle: cycleId }).toString()}`;
}

/** The open failures of one cause. @param cycleId - only those of this cycle */
export function causePath(group: Cause & { readonly tenantSlug: string }, cycleId?: string): string {
  const { tenantSlug, code, resourceType, operation } = group;
  const query = new URLSearchParams({
    code,
    type: resourceType,
    operation,
    ...(cycleId && { cycle: cycleId }),
  });
  return `/tenants/${tenantSlug}/failed?${query.toString()}`;
}

/** Of a cycle one wants to see all that failed, so there the first tab is that. */
export function stateTabs(filter: FailedFilter): Html {
  const states = FAILURE_STATES.map((state) => ({
    href: failedPath({ ...filter, state }),
    label: words.states[state],
  }));
  const all = { href: failedPath({ ...filter, state: undefined }), label: words.all };
  return tabs(words.state, filter.cycle ? [all, ...states] : states, failedPath(filter));
}

/** Says that only one cycle's are shown, with the way to the cycle and to all the others. */
export function cycleNote(cycle: Cycle, tenant: Tenant, everything: string): Html {
  const which = words.cycleAt(texts.cycles.oneOf[cycle.kind ?? "running"], shortTime(cycle.startedAt));
  const link = html`<a href="${cyclePath(tenant.slug, cycle.id)}">${which}</a>`;
  return html`<p>${words.ofCycle(link, tenant.name)} <a href="${everything}">${words.ofAllCycles}</a></p>`;
}
