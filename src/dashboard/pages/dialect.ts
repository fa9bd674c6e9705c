/** What a connection's identity provider may send beyond the standard: shown, and chosen by an admin. */
import { recordAudit } from "../../store/audit.ts";
import { type Connection, type Dialect, DIALECT_NAMES, DIALECTS, setDialect } from "../../store/tenants.ts";
import { type Html, html } from "../html.ts";
import {
  type Answer,
  type Console,
  csrfField,
  mayActAs,
  type MemberVisit,
  notFound,
  page,
  redirect,
} from "../page.ts";
import { connectionCrumbs, connectionPath, problem } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { connectionOf, NO_CONNECTION } from "./named-connection.ts";

const words = texts.connection.dialects;

/** @returns undefined for what is no dialect */
export function dialectIn(form: MemberVisit["form"]): Dialect | undefined {
  return DIALECT_NAMES.find((name) => name === form.get("dialect"));
}

/** A labelled choice of one dialect. */
export function dialectField(chosen: Dialect): Html {
  return html`<div class="field">
    <label for="dialect">${words.label}</label>
    <select id="dialect" name="dialect" aria-describedby="dialect-hint">
      ${DIALECT_NAMES.map((name) =>
        name === chosen
          ? html`<option value="${name}" selected>${DIALECTS[name].label}</option>`
          : html`<option value="${name}">${DIALECTS[name].label}</option>`,
      )}
    </select>
    <p class="hint" id="dialect-hint">
      ${DIALECT_NAMES.map((name) => words.summary(DIALECTS[name].label, DIALECTS[name].summary)).join(" ")}
    </p>
  </div>`;
}

/** The connection's dialect, with a way to change it for those who may. */
export function dialectFact(visit: MemberVisit, { tenantSlug, id, dialect }: Connection): Html {
  const { label } = DIALECTS[dialect];
  if (!mayActAs(visit.session.role, "admin")) return html`${label}`;
  return html`${label} <a href="${connectionPath(tenantSlug, id)}/dialect">${words.change}</a>`;
}

export async function showDialect(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connection = await connectionOf(database, visit.params);
  return connection === undefined ? notFound(NO_CONNECTION) : form(visit, connection);
}

export async function submitDialect(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connection = await connectionOf(database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const dialect = dialectIn(visit.form);
  if (dialect === undefined) return form(visit, connection, words.unknown);
  const { tenantId, id, name, tenantSlug } = connection;
  await database.transaction(async (tx) => {
    if (!(await setDialect(tx, connection, dialect))) return;
    const subject = `${name}: ${connection.dialect} → ${dialect}`;
    const actor = visit.session.login;
    await recordAudit(tx, [{ tenantId, actor, action: "connection.dialect_changed", subject }]);
  });
  return redirect(connectionPath(tenantSlug, id));
}

function form(visit: MemberVisit, connection: Connection, wrong?: string): Answer {
  const path = connectionPath(connection.tenantSlug, connection.id);
  const body = html`${connectionCrumbs(connection)}
    <div class="medium">
      <h1>${words.title}</h1>
      <p class="lead">${words.lead}</p>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="${path}/dialect">
        ${csrfField(visit)} ${dialectField(connection.dialect)}
        <div class="actions">
          <button type="submit">${texts.common.save}</button>
          <a class="button quiet" href="${path}">${texts.common.cancel}</a>
        </div>
      </form>
    </div>`;
  return page(words.title, body, { status: wrong === undefined ? 200 : 422, section: "overview" });
}
