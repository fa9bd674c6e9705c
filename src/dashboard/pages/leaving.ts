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
import { FILES } from "./disconnect.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

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
  if (person === undefined) return leavingPage(visit, deps, `Nothing is held of anybody who is “${who}”.`);
  if (another !== undefined)
    return leavingPage(visit, deps, `Several people are “${who}”; give the id of one, from the page People.`);
  const whom = person.userId === undefined ? "a person from before" : `the user ${person.userId}`;
  if (!isUnderstood(visit)) return confirmPerson(visit, tenant, { who: person.userId ?? who, whom });
  const erased = await eraseOnePerson(person, { db: database, actor: visit.session.login, eraseJobs });
  return proofPage(`Erased: ${whom}`, erased, [tenant.name, `/tenants/${tenant.slug}${PATH}`]);
}

export async function submitTenantErasure(visit: MemberVisit, deps: Console): Promise<Answer> {
  const { database, eraseJobs } = deps;
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  if (!isUnderstood(visit) || visit.form.get("confirm")?.trim() !== tenant.slug)
    return leavingPage(visit, deps, `Tick the box and type ${tenant.slug} to erase the tenant.`);
  const erased = await eraseWholeTenant(tenant, { db: database, actor: visit.session.login, eraseJobs });
  return proofPage(`Erased: ${tenant.name}`, erased, ["Overview", "/"]);
}

async function leavingPage(visit: MemberVisit, { database }: Console, wrong?: string): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const connections = (await listTenantConnections(database, tenant.id)).filter(
    ({ disconnectedAt }) => disconnectedAt === null,
  );
  const { role } = visit.session;
  const body = html`${tenantHead(visit, tenant, PATH)}
    <h2>Export and end</h2>
    <p class="lead">
      Data may be taken along at any time. Ending comes in two steps: disconnect, then erase.
    </p>
    ${wrong !== undefined && problem(wrong)}
    ${mayActAs(role, "admin") ? takeAlong(tenant, connections) : emptyState("Nothing to do here", "An admin exports and disconnects, an owner erases.")}
    ${mayActAs(role, "owner") && erasures(visit, tenant)}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · Export and end`, body, { status, section: "overview" });
}

function takeAlong({ slug }: Tenant, connections: readonly Connection[]): Html {
  return html`<section>
      <h2>Export</h2>
      <ul>
        ${EXPORT_FORMATS.map(
          (format) =>
            html`<li><a href="/tenants/${slug}/export?format=${format}">${FILES[format][0]}</a></li>`,
        )}
      </ul>
    </section>
    <section>
      <h2>Disconnect</h2>
      ${
        connections.length === 0
          ? emptyState("Nothing is connected", "No identity provider reaches this tenant.")
          : html`<p class="actions">
              ${connections.map(
                (connection) =>
                  html`<a class="button danger" href="${connectionPath(slug, connection.id)}/disconnect"
                    >Disconnect ${connection.name}</a
                  >`,
              )}
            </p>`
      }
    </section>`;
}

function erasures(visit: MemberVisit, { slug, name }: Tenant): Html {
  return html`<section>
      <h2>Erase a person</h2>
      <form class="card stack medium" method="post" action="/tenants/${slug}/erase-person">
        ${csrfField(visit)}
        ${field({
          ...{ name: "who", label: "Who", charsMax: WHO_CHARS_MAX, isRequired: true },
          hint: "Id, userName, e-mail address, externalId, or the product's own id. Unassign the person in Azure first, or the next cycle makes them again.",
        })}
        <div class="actions"><button class="quiet" type="submit">Look for them</button></div>
      </form>
    </section>
    <section>
      <h2>Erase the tenant</h2>
      <form class="card stack medium" method="post" action="/tenants/${slug}/erase">
        ${csrfField(visit)}
        <p>
          Tokens and product keys end at once. Users, groups, history, failed jobs, events, webhooks and the
          audit of ${name} are removed, and cannot be brought back.
        </p>
        ${field({ name: "confirm", label: `Type ${slug}`, isRequired: true })}
        ${understood(`I understand that nothing of ${name} stays`)}
        <div class="actions"><button class="danger" type="submit">Erase the tenant</button></div>
      </form>
    </section>`;
}

function confirmPerson(
  visit: MemberVisit,
  { slug, name }: Tenant,
  { who, whom }: { readonly who: string; readonly whom: string },
): Answer {
  const body = html`${crumbs([
      ["Overview", "/"],
      [`${name} · Export and end`, `/tenants/${slug}${PATH}`],
    ])}
    <div class="medium">
      <h1>Erase ${whom}</h1>
      <p class="lead">
        The user, memberships, values in the history, failed jobs, events, deliveries, the entry among people
        from before and exemptions are removed or emptied. It cannot be undone.
      </p>
      <form class="card stack" method="post" action="/tenants/${slug}/erase-person">
        ${csrfField(visit)}
        <input type="hidden" name="who" value="${who}" />
        ${understood("I understand that nothing of this person stays")}
        <div class="actions">
          <button class="danger" type="submit">Erase</button>
          <a class="button quiet" href="/tenants/${slug}${PATH}">Cancel</a>
        </div>
      </form>
    </div>`;
  return page("Erase a person", body, { section: "overview" });
}

/** What was removed or emptied, and where: numbers alone, so that the proof can be kept. */
function proofPage(title: string, erased: Erased, [label, href]: readonly [string, string]): Answer {
  const rows = Object.entries(erased)
    .filter(([, removed]) => removed > 0)
    .map(([name, removed]) => [html`<code>${name}</code>`, count(removed)]);
  const columns = [{ label: "Where" }, { label: "Rows", isNumber: true }];
  const body = html`<h1>${title}</h1>
    ${notice("Copies outside, such as backups, logs of a proxy and the product itself, are not reached.")}
    ${table("What was removed or emptied", columns, rows)}
    <p><a class="button" href="${href}">${label}</a></p>`;
  return page(title, body, { section: "overview" });
}
