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
import { connectionPath, crumbs, problem } from "../parts.ts";
import { connectionOf, NO_CONNECTION } from "./connection.ts";
import { NO_TENANT } from "./tenant.ts";

export const FILES: Readonly<Record<ExportFormat, readonly [label: string, name: string, type: string]>> = {
  csv: ["Users as CSV", "users.csv", "text/csv"],
  json: ["Users and groups as JSON", "directory.json", "application/json"],
  bulk: ["Users and groups as a SCIM bulk request", "bulk.json", "application/scim+json"],
};

export async function showDisconnect(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  return connection === undefined ? notFound(NO_CONNECTION) : disconnectForm(visit, connection, deps);
}

export async function submitDisconnect(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  if (!isUnderstood(visit))
    return disconnectForm(visit, connection, deps, "Tick the box to confirm that the connection is to end.");
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
  const body = html`${crumbs([
      ["Overview", "/"],
      [`${tenantName} · ${name}`, path],
    ])}
    <div class="medium">
      <h1>Disconnect ${name}</h1>
      <p class="lead">
        The connection's tokens are dead at once: Azure is answered 401, and no user or group of ${tenantName}
        is created, changed or deactivated by it any more. What is held stays, and so do its history and
        events.
      </p>
      <section class="card stack">
        <h2>Take the directory along</h2>
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
          ...{ name: "whenOff", label: "Without a connection, the login gate", chosen: whenOff },
          hint: "While no identity provider is connected the product is answered not_activated, and this.",
          options: [
            ["allow", "Lets people in: the product decides by itself"],
            ["refuse", "Turns people away, but for exempt accounts"],
          ],
        })}
        ${understood(`I understand that ${name} no longer provisions ${tenantName}`)}
        <div class="actions">
          <button class="danger" type="submit">Disconnect</button>
          <a class="button quiet" href="${path}">Cancel</a>
        </div>
      </form>
    </div>`;
  return page(`Disconnect ${name}`, body, {
    ...{ status: wrong === undefined ? 200 : 422, section: "overview" },
  });
}
