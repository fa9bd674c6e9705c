/**
 * Activating Azure AD: a tenant, its first connection and what opens it. A token or secret is on the answer to the post and
 * nowhere else, so that no address shows it a second time.
 */
import { recordAudit } from "../../store/audit.ts";
import { createTenant, type Dialect, SLUG_PATTERN } from "../../store/tenants.ts";
import { html } from "../html.ts";
import { type Answer, type Console, csrfField, type MemberVisit, page } from "../page.ts";
import { crumbs, problem } from "../parts.ts";
import { type Authentication, authenticationField, authenticationIn } from "./authentication.ts";
import { connectionMade, type MadeConnection, makeConnection } from "./connect.ts";
import { dialectField, dialectIn } from "./dialect.ts";

const NAME_CHARS_MAX = 100;
const CONNECTION_NAME = "Azure AD";

interface Fields {
  readonly name: string;
  readonly slug: string;
  readonly dialect: Dialect;
  readonly authentication: Authentication;
}

export function showActivate(visit: MemberVisit): Answer {
  return form(visit, { name: "", slug: "", dialect: "entra", authentication: "client_secret" });
}

export async function submitActivate(visit: MemberVisit, deps: Console): Promise<Answer> {
  const fields = {
    name: (visit.form.get("name") ?? "").trim(),
    slug: (visit.form.get("slug") ?? "").trim().toLowerCase(),
    dialect: dialectIn(visit.form) ?? "entra",
    authentication: authenticationIn(visit.form) ?? "client_secret",
  };
  const wrong = check(fields);
  if (wrong !== undefined) return form(visit, fields, { status: 422, problem: wrong });
  const made = await activate(fields, visit.session.login, deps);
  if (made === undefined) {
    const taken = `The short name “${fields.slug}” is taken. If you just activated it, open it from the overview; otherwise choose another.`;
    return form(visit, fields, { status: 409, problem: taken });
  }
  return connectionMade(deps, made, `Azure is activated for ${fields.name}`);
}

/** @returns undefined when the slug is taken */
async function activate(fields: Fields, actor: string, deps: Console): Promise<MadeConnection | undefined> {
  return deps.database.transaction(async (tx) => {
    const tenant = await createTenant(tx, fields);
    if (tenant === undefined) return undefined;
    await recordAudit(tx, [{ tenantId: tenant.id, actor, action: "tenant.created", subject: tenant.slug }]);
    const { dialect, authentication } = fields;
    return makeConnection(tx, deps, { tenant, name: CONNECTION_NAME, dialect, authentication, actor });
  });
}

function check({ name, slug }: Fields): string | undefined {
  if (name === "") return "Give the tenant a name.";
  if (name.length > NAME_CHARS_MAX) return `The name may have ${NAME_CHARS_MAX} characters at most.`;
  if (!SLUG_PATTERN.test(slug))
    return "The short name may have lower-case letters, digits and hyphens inside, 63 at most.";
  return undefined;
}

function form(
  visit: MemberVisit,
  fields: Fields,
  more: { readonly status: number; readonly problem?: string } = { status: 200 },
): Answer {
  const body = html`${crumbs([["Overview", "/"]])}
    <div class="medium">
      <h1>Activate Azure</h1>
      <p class="lead">
        A tenant is one customer of yours, with users and groups of its own. It gets a connection to Azure AD
        (Microsoft Entra ID), which only that Azure can open.
      </p>
      ${more.problem && problem(more.problem)}
      <form class="card stack" method="post" action="/activate">
        ${csrfField(visit)}
        <div class="field">
          <label for="name">Tenant name</label>
          <input
            id="name"
            name="name"
            required
            maxlength="${NAME_CHARS_MAX}"
            autocomplete="organization"
            value="${fields.name}"
          />
          <p class="hint">As your people know it, such as Contoso Ltd.</p>
        </div>
        <div class="field">
          <label for="slug">Short name</label>
          <input
            id="slug"
            name="slug"
            required
            maxlength="63"
            pattern="[a-z0-9]([a-z0-9\\-]*[a-z0-9])?"
            autocapitalize="none"
            autocomplete="off"
            spellcheck="false"
            aria-describedby="slug-hint"
            value="${fields.slug}"
          />
          <p class="hint" id="slug-hint">
            Lower-case letters, digits and hyphens, such as contoso. It stands in addresses and metrics and
            does not change later.
          </p>
        </div>
        ${dialectField(fields.dialect)} ${authenticationField(fields.authentication)}
        <div class="actions">
          <button type="submit">Activate</button>
          <a class="button quiet" href="/">Cancel</a>
        </div>
      </form>
    </div>`;
  const { status } = more;
  return page("Activate Azure", body, { status, section: "overview" });
}
