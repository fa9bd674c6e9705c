/** Failed jobs of all tenants or of one: newest first, page by page. */
import { listFailedWrites } from "../../store/failed-writes.ts";
import { findTenant, listConnections } from "../../store/tenants.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, type MemberVisit, notFound, page } from "../page.ts";
import { emptyState } from "../parts.ts";
import { failedList } from "./failed-list.ts";

const PAGE_LENGTH = 25;
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

export async function showFailed(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const slug = visit.query.get("tenant") ?? "";
  const olderThan = visit.query.get("before") ?? "";
  const tenant = slug === "" ? undefined : await findTenant(database, slug);
  if (slug !== "" && tenant === undefined) return notFound("There is no such tenant");
  const [connections, { writes, olderThan: next }] = await Promise.all([
    listConnections(database),
    listFailedWrites(database, {
      limit: PAGE_LENGTH,
      ...(tenant && { tenantId: tenant.id }),
      ...(UUID.test(olderThan) && { olderThan }),
    }),
  ]);
  const tenants = new Map(connections.map(({ tenantSlug, tenantName }) => [tenantSlug, tenantName]));
  const list =
    writes.length === 0
      ? nothing(olderThan !== "")
      : failedList(writes, { showsTenant: tenant === undefined, showsCycle: true });
  const body = html`<h1>Failed jobs</h1>
    <p class="lead">
      What was refused, and what failed on our side. A refusal changes nothing and is not tried again by
      itself: mend its cause in Azure, and a later cycle brings it.
    </p>
    ${tenants.size > 1 && filter(tenants, slug)}
    <h2 class="unseen">Newest first</h2>
    ${list} ${pages({ slug, isFirst: olderThan === "", next })}`;
  return page("Failed jobs", body, { section: "failed" });
}

function filter(tenants: ReadonlyMap<string, string>, chosen: string): Html {
  return html`<form class="filter" method="get" action="/failed">
    <label for="tenant">Tenant</label>
    <select id="tenant" name="tenant">
      <option value="">All tenants</option>
      ${[...tenants].map(([slug, name]) =>
        slug === chosen
          ? html`<option value="${slug}" selected>${name}</option>`
          : html`<option value="${slug}">${name}</option>`,
      )}
    </select>
    <button class="quiet" type="submit">Show</button>
  </form>`;
}

function nothing(isLaterPage: boolean): Html {
  return isLaterPage
    ? emptyState("Nothing older", html`<p>There are no failed jobs before this point.</p>`)
    : emptyState(
        "Nothing failed",
        html`<p>Every write was applied. Refusals and faults appear here, each with what to do about it.</p>`,
      );
}

function pages(at: { slug: string; isFirst: boolean; next: string | undefined }): Html | undefined {
  if (at.isFirst && at.next === undefined) return undefined;
  const tenant = at.slug === "" ? "" : `tenant=${at.slug}`;
  return html`<nav class="pages" aria-label="Pages">
    ${!at.isFirst && html`<a class="button quiet" href="/failed?${tenant}">Newest</a>`}
    ${at.next && html`<a class="button quiet" href="/failed?${tenant}&amp;before=${at.next}">Older</a>`}
  </nav>`;
}
