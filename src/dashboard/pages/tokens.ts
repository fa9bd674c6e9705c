/** Rotating and revoking a connection's tokens. Both ask once more, because Azure is cut off until it is told. */
import { recordAudit } from "../../store/audit.ts";
import { type Connection, revokeTokens, rotateToken } from "../../store/tenants.ts";
import { html } from "../html.ts";
import { type Answer, type Console, csrfField, type MemberVisit, notFound, page, redirect } from "../page.ts";
import { connectionPath, crumbs, problem } from "../parts.ts";
import { connectionOf, NO_CONNECTION } from "./connection.ts";
import { tokenOnce } from "./token-once.ts";

export async function showRotate(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connection = await connectionOf(database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const path = connectionPath(connection.tenantSlug, connection.id);
  const hasToken = connection.tokenHint !== null;
  const title = hasToken ? "Rotate token" : "Create a token";
  const body = html`${crumbsOf(connection)}
    <div class="medium">
      <h1>${title}</h1>
      ${
        hasToken
          ? html`<p class="lead">
                The connection gets a new token, and <code>${connection.tokenHint}…</code> ends at once.
              </p>
              <p>
                Have the Azure portal open: until the new token is saved there, Azure's requests are answered
                401. A cycle that fails meanwhile is repeated by Azure, so nothing is lost.
              </p>`
          : html`<p class="lead">The connection has no token. The new one is shown once.</p>`
      }
      <form class="actions" method="post" action="${path}/rotate">
        ${csrfField(visit)}
        <button type="submit">${hasToken ? "Rotate now" : "Create token"}</button>
        <a class="button quiet" href="${path}">Cancel</a>
      </form>
    </div>`;
  return page(title, body, { section: "overview" });
}

export async function submitRotate(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const { tenantId, id: connectionId } = connection;
  const request = { tenantId, connectionId, secret: deps.secret, ttlDays: deps.tokenTtlDays };
  const actor = visit.session.login;
  const issued = await deps.database.transaction(async (tx) => {
    const token = await rotateToken(tx, request);
    await recordAudit(tx, [{ tenantId, actor, action: "token.rotated", subject: `${token.hint}…` }]);
    return token;
  });
  return tokenOnce({
    title: `New token for ${connection.tenantName}`,
    token: issued,
    tenantUrl: `${deps.publicUrl()}/scim/v2`,
    connectionPath: connectionPath(connection.tenantSlug, connectionId),
    isFirst: false,
  });
}

export async function showRevoke(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connection = await connectionOf(database, visit.params);
  return connection === undefined ? notFound(NO_CONNECTION) : revokeForm(visit, connection);
}

export async function submitRevoke(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connection = await connectionOf(database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  if (visit.form.get("understood") !== "yes")
    return revokeForm(visit, connection, "Tick the box to confirm that Azure is to be cut off.");
  const { tenantId, id, name, tenantSlug } = connection;
  await database.transaction(async (tx) => {
    await revokeTokens(tx, tenantId, id);
    await recordAudit(tx, [{ tenantId, actor: visit.session.login, action: "token.revoked", subject: name }]);
  });
  return redirect(connectionPath(tenantSlug, id));
}

function revokeForm(visit: MemberVisit, connection: Connection, wrong?: string): Answer {
  const path = connectionPath(connection.tenantSlug, connection.id);
  const body = html`${crumbsOf(connection)}
    <div class="medium">
      <h1>Revoke all tokens</h1>
      <p class="lead">
        Azure is cut off from ${connection.tenantName} at once: every request is answered 401, and after some
        time Azure puts its provisioning into quarantine.
      </p>
      <p>
        Users and groups stay as they are. People who leave are no longer disabled here until a new token is
        set in Azure.
      </p>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="${path}/revoke">
        ${csrfField(visit)}
        <label class="check">
          <input type="checkbox" name="understood" value="yes" required />
          <span>I understand that provisioning of ${connection.tenantName} stops</span>
        </label>
        <div class="actions">
          <button class="danger" type="submit">Revoke all tokens</button>
          <a class="button quiet" href="${path}">Cancel</a>
        </div>
      </form>
    </div>`;
  return page("Revoke all tokens", body, { status: wrong === undefined ? 200 : 422, section: "overview" });
}

function crumbsOf(connection: Connection) {
  return crumbs([
    ["Overview", "/"],
    [`${connection.tenantName} · ${connection.name}`, connectionPath(connection.tenantSlug, connection.id)],
  ]);
}
