/**
 * Activating Azure AD: a tenant, its first connection and what opens it. A token or secret is on the answer to the post and
 * nowhere else, so that no address shows it a second time.
 */
import { recordAudit } from "../../store/audit.ts";
import { createTenant, type Dialect, SLUG_PATTERN } from "../../store/tenants.ts";
import { html } from "../html.ts";
import { type Answer, type Console, csrfField, type MemberVisit, page } from "../page.ts";
import { crumbs, problem } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { type Authentication, authenticationField, authenticationIn } from "./authentication.ts";
import { connectionMade, type MadeConnection, makeConnection } from "./connect.ts";
import { dialectField, dialectIn } from "./dialect.ts";

const words = texts.activate;

const NAME_CHARS_MAX = 100;

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
  if (made === undefined) return form(visit, fields, { status: 409, problem: words.takenSlug(fields.slug) });
  return connectionMade(deps, made, words.done(fields.name));
}

/** @returns undefined when the slug is taken */
async function activate(fields: Fields, actor: string, deps: Console): Promise<MadeConnection | undefined> {
  return deps.database.transaction(async (tx) => {
    const tenant = await createTenant(tx, fields);
    if (tenant === undefined) return undefined;
    await recordAudit(tx, [{ tenantId: tenant.id, actor, action: "tenant.created", subject: tenant.slug }]);
    const { dialect, authentication } = fields;
    return makeConnection(tx, deps, { tenant, name: words.connectionName, dialect, authentication, actor });
  });
}

function check({ name, slug }: Fields): string | undefined {
  if (name === "") return words.noName;
  if (name.length > NAME_CHARS_MAX) return words.nameTooLong(NAME_CHARS_MAX);
  return SLUG_PATTERN.test(slug) ? undefined : words.wrongSlug;
}

function form(
  visit: MemberVisit,
  fields: Fields,
  more: { readonly status: number; readonly problem?: string } = { status: 200 },
): Answer {
  const body = html`${crumbs([[texts.common.overview, "/"]])}
    <div class="medium">
      <h1>${words.title}</h1>
      <p class="lead">${words.lead}</p>
      ${more.problem && problem(more.problem)}
      <form class="card stack" method="post" action="/activate">
        ${csrfField(visit)}
        <div class="field">
          <label for="name">${words.name}</label>
          <input
            id="name"
            name="name"
            required
            maxlength="${NAME_CHARS_MAX}"
            autocomplete="organization"
            value="${fields.name}"
          />
          <p class="hint">${words.nameMore}</p>
        </div>
        <div class="field">
          <label for="slug">${words.slug}</label>
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
          <p class="hint" id="slug-hint">${words.slugMore}</p>
        </div>
        ${dialectField(fields.dialect)} ${authenticationField(fields.authentication)}
        <div class="actions">
          <button type="submit">${words.submit}</button>
          <a class="button quiet" href="/">${texts.common.cancel}</a>
        </div>
      </form>
    </div>`;
  const { status } = more;
  return page(words.title, body, { status, section: "overview" });
}
