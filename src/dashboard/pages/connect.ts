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
import { type Answer, type Console, csrfField, type MemberVisit, notFound, page } from "../page.ts";
import { crumbs, problem } from "../parts.ts";
import { NO_CONNECTION } from "./connection.ts";
import { dialectField, dialectIn } from "./dialect.ts";
import { NO_TENANT } from "./tenant.ts";
import { tokenOnce } from "./token-once.ts";

const NAME_CHARS_MAX = 60;

export interface MadeConnection {
  readonly tenantId: string;
  readonly id: string;
  readonly token: IssuedToken;
}

interface NewConnection {
  readonly tenant: Tenant;
  readonly name: string;
  readonly dialect: Dialect;
  readonly actor: string;
}

/** A connection with its first token. */
export async function makeConnection(
  tx: Transaction,
  { secret, tokenTtlDays: ttlDays }: Console,
  { tenant, name, dialect, actor }: NewConnection,
): Promise<MadeConnection> {
  const tenantId = tenant.id;
  const id = await createConnection(tx, tenantId, name, dialect);
  const token = await issueToken(tx, { tenantId, connectionId: id, secret, ttlDays });
  await recordAudit(tx, [
    { tenantId, actor, action: "connection.created", subject: name },
    { tenantId, actor, action: "token.issued", subject: `${token.hint}…` },
  ]);
  return { tenantId, id, token };
}

/** The answer that shows the first token. */
export async function connectionMade(deps: Console, made: MadeConnection, title: string): Promise<Answer> {
  const connection = await findConnection(deps.database, made.tenantId, made.id);
  if (connection === undefined) return notFound(NO_CONNECTION);
  return tokenOnce(deps, { title, connection, token: made.token, isFirst: true });
}

export async function showConnect(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  return tenant === undefined ? notFound(NO_TENANT) : form(visit, tenant, { name: "", dialect: "entra" });
}

export async function submitConnect(visit: MemberVisit, deps: Console): Promise<Answer> {
  const tenant = await findTenant(deps.database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const name = (visit.form.get("name") ?? "").trim();
  const dialect = dialectIn(visit.form) ?? "entra";
  if (name === "" || name.length > NAME_CHARS_MAX)
    return form(visit, tenant, { name, dialect }, `Give it a name of ${NAME_CHARS_MAX} characters at most.`);
  const actor = visit.session.login;
  const made = await deps.database.transaction((tx) =>
    makeConnection(tx, deps, { tenant, name, dialect, actor }),
  );
  return connectionMade(deps, made, `${name} can connect to ${tenant.name}`);
}

function form(
  visit: MemberVisit,
  { slug, name }: Tenant,
  fields: { readonly name: string; readonly dialect: Dialect },
  wrong?: string,
): Answer {
  const body = html`${crumbs([
      ["Overview", "/"],
      [name, `/tenants/${slug}`],
    ])}
    <div class="medium">
      <h1>Add a connection</h1>
      <p class="lead">
        A second identity provider of ${name}. All connections of a tenant share its users and groups: what
        one has created, the other finds.
      </p>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="/tenants/${slug}/connect">
        ${csrfField(visit)}
        <div class="field">
          <label for="name">Name of the connection</label>
          <input id="name" name="name" required maxlength="${NAME_CHARS_MAX}" value="${fields.name}" />
          <p class="hint">Such as Azure AD of the subsidiary.</p>
        </div>
        ${dialectField(fields.dialect)}
        <div class="actions">
          <button type="submit">Create token</button>
          <a class="button quiet" href="/tenants/${slug}">Cancel</a>
        </div>
      </form>
    </div>`;
  return page("Add a connection", body, { status: wrong === undefined ? 200 : 422, section: "overview" });
}
