/** Disconnecting an identity provider: what stops is said first, and the directory may be taken along. */
import { recordAudit } from "../../store/audit.ts";
import { disconnect } from "../../store/disconnect.ts";
import { EXPORT_FORMATS, exportDirectory, type ExportFormat } from "../../store/export-directory.ts";
import { changeLoginGate, type Choice, readLoginGate } from "../../store/login-gates.ts";
import { type Connection, findTenant } from "../../store/tenants.ts";
import { choices, isUnderstood, understood } from "../forms.ts";
import { html } from "../html.ts";
import {
  type Answer,
  type Console,
  csrfField,
  file,
  type MemberVisit,
  notFound,
  page,
  redirect,
} from "../page.ts";
import { connectionCrumbs, connectionPath, problem } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { connectionOf, NO_CONNECTION } from "./named-connection.ts";
import { NO_TENANT } from "./tenant.ts";

const words = texts.connection.disconnect;

export const FILES: Readonly<Record<ExportFormat, readonly [label: string, name: string, type: string]>> = {
  csv: [words.files.csv, "users.csv", "text/csv"],
  json: [words.files.json, "directory.json", "application/json"],
  bulk: [words.files.bulk, "bulk.json", "application/scim+json"],
};

export async function showDisconnect(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  return connection === undefined ? notFound(NO_CONNECTION) : disconnectForm(visit, connection, deps);
}

export async function submitDisconnect(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  if (!isUnderstood(visit)) return disconnectForm(visit, connection, deps, words.notUnderstood);
  const { tenantId, tenantSlug, name } = connection;
  const actor = visit.session.login;
  const whenOff: Choice = visit.form.get("whenOff") === "refuse" ? "refuse" : "allow";
  await deps.database.transaction(async (tx) => {
    if (!(await disconnect(tx, connection))) return;
    await changeLoginGate(tx, tenantId, { whenOff });
    await recordAudit(tx, [
      { tenantId, actor, action: "connection.disconnected", subject: name },
      { tenantId, actor, action: "login_gate.changed", subject: `when-off ${whenOff}` },
    ]);
  });
  return redirect(connectionPath(tenantSlug, connection.id));
}

/** The directory as a file, which is a person's data: for those who act. */
export async function downloadDirectory(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const format = EXPORT_FORMATS.find((each) => each === visit.query.get("format")) ?? "json";
  const [, name, type] = FILES[format];
  return file(`${tenant.slug}-${name}`, type, exportDirectory(database, tenant.id, format));
}

async function disconnectForm(
  visit: MemberVisit,
  connection: Connection,
  { database }: Console,
  wrong?: string,
): Promise<Answer> {
  const { tenantId, tenantSlug, tenantName, name, id } = connection;
  const path = connectionPath(tenantSlug, id);
  const { whenOff } = await readLoginGate(database, tenantId);
  const body = html`${connectionCrumbs(connection)}
    <div class="medium">
      <h1>${words.title(name)}</h1>
      <p class="lead">${words.lead(tenantName)}</p>
      <section class="card stack">
        <h2>${words.takeAlong}</h2>
        <ul>
          ${EXPORT_FORMATS.map(
            (format) =>
              html`<li><a href="/tenants/${tenantSlug}/export?format=${format}">${FILES[format][0]}</a></li>`,
          )}
        </ul>
      </section>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="${path}/disconnect">
        ${csrfField(visit)}
        ${choices({
          ...{ name: "whenOff", label: words.gate, chosen: whenOff },
          hint: words.gateMore,
          options: [
            ["allow", words.allow],
            ["refuse", words.refuse],
          ],
        })}
        ${understood(words.understood(name, tenantName))}
        <div class="actions">
          <button class="danger" type="submit">${words.submit}</button>
          <a class="button quiet" href="${path}">${texts.common.cancel}</a>
        </div>
      </form>
    </div>`;
  return page(words.title(name), body, {
    ...{ status: wrong === undefined ? 200 : 422, section: "overview" },
  });
}
