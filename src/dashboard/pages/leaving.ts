/** What a tenant may take along, and how it ends: export, disconnecting, erasing a person or everything. */
import { type Erased, findPersonToErase } from "../../store/erase-person.ts";
import { eraseOnePerson, eraseWholeTenant } from "../../store/erase.ts";
import { EXPORT_FORMATS } from "../../store/export-directory.ts";
import { type Connection, findTenant, listTenantConnections, type Tenant } from "../../store/tenants.ts";
import { field, isUnderstood, understood } from "../forms.ts";
import { count } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, csrfField, mayActAs, type MemberVisit, notFound, page } from "../page.ts";
import { connectionPath, crumbs, emptyState, notice, problem, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { FILES } from "./disconnect.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

const { common, leaving: words } = texts;

const PATH = "/leaving";
const WHO_CHARS_MAX = 1_024;

export async function showLeaving(visit: MemberVisit, deps: Console): Promise<Answer> {
  return leavingPage(visit, deps);
}

/** First says whom it would be, then does it. */
export async function submitPersonErasure(visit: MemberVisit, deps: Console): Promise<Answer> {
  const { database, eraseJobs } = deps;
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const who = (visit.form.get("who") ?? "").trim();
  const [person, another] = who === "" ? [] : await findPersonToErase(database, tenant.id, who);
  if (person === undefined) return leavingPage(visit, deps, words.nobody(who));
  if (another !== undefined) return leavingPage(visit, deps, words.several(who));
  const whom = person.userId === undefined ? words.personFromBefore : words.user(person.userId);
  if (!isUnderstood(visit)) return confirmPerson(visit, tenant, { who: person.userId ?? who, whom });
  const erased = await eraseOnePerson(person, { db: database, actor: visit.session.login, eraseJobs });
  return proofPage(words.erased(whom), erased, [tenant.name, `/tenants/${tenant.slug}${PATH}`]);
}

export async function submitTenantErasure(visit: MemberVisit, deps: Console): Promise<Answer> {
  const { database, eraseJobs } = deps;
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  if (!isUnderstood(visit) || visit.form.get("confirm")?.trim() !== tenant.slug)
    return leavingPage(visit, deps, words.eraseTenantUnconfirmed(tenant.slug));
  const erased = await eraseWholeTenant(tenant, { db: database, actor: visit.session.login, eraseJobs });
  return proofPage(words.erased(tenant.name), erased, [common.overview, "/"]);
}

async function leavingPage(visit: MemberVisit, { database }: Console, wrong?: string): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const connections = (await listTenantConnections(database, tenant.id)).filter(
    ({ disconnectedAt }) => disconnectedAt === null,
  );
  const { role } = visit.session;
  const body = html`${tenantHead(visit, tenant, PATH)}
    <h2>${words.title}</h2>
    <p class="lead">${words.lead}</p>
    ${wrong !== undefined && problem(wrong)}
    ${mayActAs(role, "admin") ? takeAlong(tenant, connections) : emptyState(words.nothingToDo, words.nothingToDoHint)}
    ${mayActAs(role, "owner") && erasures(visit, tenant)}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · ${words.title}`, body, { status, section: "overview" });
}

function takeAlong({ slug }: Tenant, connections: readonly Connection[]): Html {
  return html`<section>
      <h2>${words.exporting}</h2>
      <ul>
        ${EXPORT_FORMATS.map(
          (format) =>
            html`<li><a href="/tenants/${slug}/export?format=${format}">${FILES[format][0]}</a></li>`,
        )}
      </ul>
    </section>
    <section>
      <h2>${words.disconnecting}</h2>
      ${
        connections.length === 0
          ? emptyState(words.nothingConnected, words.nothingConnectedHint)
          : html`<p class="actions">
              ${connections.map(
                (connection) =>
                  html`<a class="button danger" href="${connectionPath(slug, connection.id)}/disconnect"
                    >${words.disconnect(connection.name)}</a
                  >`,
              )}
            </p>`
      }
    </section>`;
}

function erasures(visit: MemberVisit, { slug, name }: Tenant): Html {
  return html`<section>
      <h2>${words.erasePerson}</h2>
      <form class="card stack medium" method="post" action="/tenants/${slug}/erase-person">
        ${csrfField(visit)}
        ${field({
          ...{ name: "who", label: words.who, charsMax: WHO_CHARS_MAX, isRequired: true },
          hint: words.whoHint,
        })}
        <div class="actions"><button class="quiet" type="submit">${words.look}</button></div>
      </form>
    </section>
    <section>
      <h2>${words.eraseTenant}</h2>
      <form class="card stack medium" method="post" action="/tenants/${slug}/erase">
        ${csrfField(visit)}
        <p>${words.eraseTenantLead(name)}</p>
        ${field({ name: "confirm", label: words.typeName(slug), isRequired: true })}
        ${understood(words.eraseTenantUnderstood(name))}
        <div class="actions"><button class="danger" type="submit">${words.eraseTenant}</button></div>
      </form>
    </section>`;
}

function confirmPerson(
  visit: MemberVisit,
  { slug, name }: Tenant,
  { who, whom }: { readonly who: string; readonly whom: string },
): Answer {
  const body = html`${crumbs([
      [common.overview, "/"],
      [`${name} · ${words.title}`, `/tenants/${slug}${PATH}`],
    ])}
    <div class="medium">
      <h1>${words.eraseWhom(whom)}</h1>
      <p class="lead">${words.erasePersonLead}</p>
      <form class="card stack" method="post" action="/tenants/${slug}/erase-person">
        ${csrfField(visit)}
        <input type="hidden" name="who" value="${who}" />
        ${understood(words.erasePersonUnderstood)}
        <div class="actions">
          <button class="danger" type="submit">${words.erase}</button>
          <a class="button quiet" href="/tenants/${slug}${PATH}">${common.cancel}</a>
        </div>
      </form>
    </div>`;
  return page(words.erasePerson, body, { section: "overview" });
}

/** What was removed or emptied, and where: numbers alone, so that the proof can be kept. */
function proofPage(title: string, erased: Erased, [label, href]: readonly [string, string]): Answer {
  const rows = Object.entries(erased)
    .filter(([, removed]) => removed > 0)
    .map(([name, removed]) => [html`<code>${name}</code>`, count(removed)]);
  const columns = [{ label: words.removedWhere }, { label: words.removedRows, isNumber: true }];
  const body = html`<h1>${title}</h1>
    ${notice(words.notReached)} ${table(words.removed, columns, rows)}
    <p><a class="button" href="${href}">${label}</a></p>`;
  return page(title, body, { section: "overview" });
}
