/** A tenant's cycles, newest first: by connection, by kind, and those in which something went wrong. */
import { type Cycle, pageCycles } from "../../store/cycle-history.ts";
import type { CycleKind } from "../../store/cycle-kind.ts";
import { type Connection, findTenant, listTenantConnections } from "../../store/tenants.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, isId, type MemberVisit, notFound, page } from "../page.ts";
import { emptyState } from "../parts.ts";
import { cyclesTable } from "./connection.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

const PAGE_LENGTH = 50;

const KINDS: readonly { readonly value: CycleKind; readonly label: string }[] = [
  { value: "initial", label: "Initial" },
  { value: "incremental", label: "Incremental" },
  { value: "on_demand", label: "On demand" },
  { value: "test", label: "Connection tests" },
];
const TROUBLES = [
  { value: "refused", label: "With refusals" },
  { value: "faulted", label: "With faults" },
] as const;

interface Chosen {
  readonly connectionId: string | undefined;
  readonly kind: CycleKind | undefined;
  readonly trouble: "refused" | "faulted" | undefined;
}

export async function showCycles(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const chosen = chosenBy(visit.query);
  const before = visit.query.get("before") ?? "";
  const [connections, found] = await Promise.all([
    listTenantConnections(database, tenant.id),
    pageCycles(database, {
      tenantId: tenant.id,
      ...chosen,
      limit: PAGE_LENGTH,
      ...(isId(before) && { olderThan: before }),
    }),
  ]);
  const body = html`${tenantHead(visit, tenant, "/cycles")} ${filter(connections, chosen)}
  ${content(tenant.slug, found.cycles)} ${found.olderThan && olderLink(tenant.slug, chosen, found.olderThan)}`;
  return page(`Cycles · ${tenant.name}`, body, { section: "overview" });
}

function chosenBy(query: URLSearchParams): Chosen {
  const connectionId = query.get("connection") ?? "";
  return {
    connectionId: isId(connectionId) ? connectionId : undefined,
    kind: KINDS.find(({ value }) => value === query.get("kind"))?.value,
    trouble: TROUBLES.find(({ value }) => value === query.get("result"))?.value,
  };
}

function filter(connections: readonly Connection[], { connectionId, kind, trouble }: Chosen): Html {
  const options = connections.map(({ id, name }) => ({ value: id, label: name }));
  const which = { name: "connection", label: "Connection", all: "All connections", options };
  return html`<form class="filter" method="get" role="search" aria-label="Cycles">
    ${connections.length > 1 && select(which, connectionId)}
    ${select({ name: "kind", label: "Kind", all: "All kinds", options: KINDS }, kind)}
    ${select({ name: "result", label: "Result", all: "Any result", options: TROUBLES }, trouble)}
    <button class="quiet" type="submit">Show</button>
  </form>`;
}

interface Choice {
  readonly name: string;
  readonly label: string;
  /** What stands for no choice. */
  readonly all: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
}

function select({ name, label, all, options }: Choice, chosen: string | undefined): Html {
  return html`<label for="${name}">${label}</label>
    <select id="${name}" name="${name}">
      <option value="">${all}</option>
      ${options.map((option) =>
        option.value === chosen
          ? html`<option value="${option.value}" selected>${option.label}</option>`
          : html`<option value="${option.value}">${option.label}</option>`,
      )}
    </select>`;
}

function content(slug: string, cycles: readonly Cycle[]): Html {
  if (cycles.length > 0) return cyclesTable("Cycles", slug, cycles);
  return emptyState(
    "No such cycle",
    "Nothing matches. Cycles begin with Azure's first request, and are kept for as long as CYCLE_RETENTION_DAYS says.",
  );
}

function olderLink(slug: string, { connectionId, kind, trouble }: Chosen, before: string): Html {
  const query = new URLSearchParams({
    ...(connectionId !== undefined && { connection: connectionId }),
    ...(kind !== undefined && { kind }),
    ...(trouble !== undefined && { result: trouble }),
    before,
  });
  return html`<p><a href="/tenants/${slug}/cycles?${query.toString()}" rel="next">Older cycles</a></p>`;
}
