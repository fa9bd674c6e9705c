/** A tenant's cycles, newest first: by connection, by kind, and those in which something went wrong. */
import { type Cycle, pageCycles } from "../../store/cycle-history.ts";
import type { CycleKind } from "../../store/cycle-kind.ts";
import { type Connection, findTenant, listTenantConnections } from "../../store/tenants.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, isId, type MemberVisit, notFound, page } from "../page.ts";
import { emptyState } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { cyclesTable } from "./connection.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

const words = texts.cycles;

const PAGE_LENGTH = 50;

const KINDS: readonly { readonly value: CycleKind; readonly label: string }[] = [
  { value: "initial", label: words.kinds.initial },
  { value: "incremental", label: words.kinds.incremental },
  { value: "on_demand", label: words.kinds.on_demand },
  { value: "test", label: words.filter.tests },
];
const TROUBLES = [
  { value: "refused", label: words.filter.refused },
  { value: "faulted", label: words.filter.faulted },
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
  return page(words.titleOf(tenant.name), body, { section: "overview" });
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
  const said = words.filter;
  const which = { name: "connection", label: said.connection, all: said.allConnections, options };
  return html`<form class="filter" method="get" role="search" aria-label="${words.title}">
    ${connections.length > 1 && select(which, connectionId)}
    ${select({ name: "kind", label: said.kind, all: said.allKinds, options: KINDS }, kind)}
    ${select({ name: "result", label: said.result, all: said.anyResult, options: TROUBLES }, trouble)}
    <button class="quiet" type="submit">${texts.common.show}</button>
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
  if (cycles.length > 0) return cyclesTable(words.title, slug, cycles);
  return emptyState(words.noneMatches, words.noneMatchesMore);
}

function olderLink(slug: string, { connectionId, kind, trouble }: Chosen, before: string): Html {
  const query = new URLSearchParams({
    ...(connectionId !== undefined && { connection: connectionId }),
    ...(kind !== undefined && { kind }),
    ...(trouble !== undefined && { result: trouble }),
    before,
  });
  return html`<p><a href="/tenants/${slug}/cycles?${query.toString()}" rel="next">${words.older}</a></p>`;
}
