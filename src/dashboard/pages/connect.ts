/** Another connection of a tenant: to a second identity provider, or to the same one while it is being moved. */
import { recordAudit } from "../../store/audit.ts";
import type { Transaction } from "../../store/database.ts";
import {
  createConnection,
  type Dialect,
  findConnection,
  findTenant,
  type IssuedToken,
  issueToken,
  type Tenant,
} from "../../store/tenants.ts";
import { html } from "../html.ts";
import { type Answer, type Console, csrfField, type MemberVisit, notFound, page, redirect } from "../page.ts";
import { connectionPath, crumbs, problem } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { type Authentication, authenticationField, authenticationIn } from "./authentication.ts";
import { NO_CONNECTION } from "./named-connection.ts";
import { dialectField, dialectIn } from "./dialect.ts";
import { NO_TENANT } from "./tenant.ts";
import { tokenOnce } from "./token-once.ts";

const words = texts.connect;

const NAME_CHARS_MAX = 60;
const START = { name: "", dialect: "entra", authentication: "client_secret" } as const;

export interface MadeConnection {
  readonly tenantId: string;
  readonly id: string;
  /** A bearer token or a client secret; undefined where none is needed. */
  readonly token: IssuedToken | undefined;
  readonly authentication: Authentication;
}

interface NewConnection {
  readonly tenant: Tenant;
  readonly name: string;
  readonly dialect: Dialect;
  readonly authentication: Authentication;
  readonly actor: string;
}

/** A connection with what opens it. */
export async function makeConnection(
  tx: Transaction,
  { secret, tokenTtlDays: ttlDays }: Console,
  { tenant, name, dialect, authentication, actor }: NewConnection,
): Promise<MadeConnection> {
  const tenantId = tenant.id;
  const id = await createConnection(tx, tenantId, name, dialect);
  await recordAudit(tx, [{ tenantId, actor, action: "connection.created", subject: name }]);
  if (authentication === "federation") return { tenantId, id, token: undefined, authentication };
  const request = { tenantId, connectionId: id, secret, ttlDays, kind: authentication };
  const token = await issueToken(tx, request);
  const action = authentication === "bearer" ? "token.issued" : "client_secret.issued";
  await recordAudit(tx, [{ tenantId, actor, action, subject: `${token.hint}…` }]);
  return { tenantId, id, token, authentication };
}

/** The answer that shows the first token or secret; where there is none, the page on which an issuer is named. */
export async function connectionMade(deps: Console, made: MadeConnection, title: string): Promise<Answer> {
  const connection = await findConnection(deps.database, made.tenantId, made.id);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const { token, authentication } = made;
  if (token === undefined || authentication === "federation")
    return redirect(`${connectionPath(connection.tenantSlug, connection.id)}/oauth`);
  return tokenOnce(deps, { title, connection, token, kind: authentication, isFirst: true });
}

export async function showConnect(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  return tenant === undefined ? notFound(NO_TENANT) : form(visit, tenant, START);
}

export async function submitConnect(visit: MemberVisit, deps: Console): Promise<Answer> {
  const tenant = await findTenant(deps.database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const name = (visit.form.get("name") ?? "").trim();
  const dialect = dialectIn(visit.form) ?? "entra";
  const authentication = authenticationIn(visit.form) ?? START.authentication;
  const fields = { name, dialect, authentication };
  if (name === "" || name.length > NAME_CHARS_MAX)
    return form(visit, tenant, fields, words.wrongName(NAME_CHARS_MAX));
  const actor = visit.session.login;
  const made = await deps.database.transaction((tx) =>
    makeConnection(tx, deps, { tenant, ...fields, actor }),
  );
  return connectionMade(deps, made, words.done(name, tenant.name));
}

function form(
  visit: MemberVisit,
  { slug, name }: Tenant,
  fields: Pick<NewConnection, "name" | "dialect" | "authentication">,
  wrong?: string,
): Answer {
  const body = html`${crumbs([
      [texts.common.overview, "/"],
      [name, `/tenants/${slug}`],
    ])}
    <div class="medium">
      <h1>${words.title}</h1>
      <p class="lead">${words.lead(name)}</p>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="/tenants/${slug}/connect">
        ${csrfField(visit)}
        <div class="field">
          <label for="name">${words.name}</label>
          <input id="name" name="name" required maxlength="${NAME_CHARS_MAX}" value="${fields.name}" />
          <p class="hint">${words.nameMore}</p>
        </div>
        ${dialectField(fields.dialect)} ${authenticationField(fields.authentication)}
        <div class="actions">
          <button type="submit">${words.submit}</button>
          <a class="button quiet" href="/tenants/${slug}">${texts.common.cancel}</a>
        </div>
      </form>
    </div>`;
  return page(words.title, body, { status: wrong === undefined ? 200 : 422, section: "overview" });
}
